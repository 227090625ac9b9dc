package updates

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics is what the intake and the lanes count. Labels are words of this
// package, names of Telegram's and tenants; never a chat or a person.
type Metrics struct {
	taken        *prometheus.CounterVec
	refused      *prometheus.CounterVec
	failed       *prometheus.CounterVec
	tokenRefused *prometheus.GaugeVec
	waiting      *prometheus.GaugeVec

	handled *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	age     prometheus.Histogram
	inHand  prometheus.Gauge
}

// NewMetrics registers the metrics of updates. How many wait in a lane is
// ukbot_consumer_pending.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		taken: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ukbot_updates_total", Help: "Updates of Telegram that are stored, by way (webhook, poll), kind and outcome: stored, repeated, unreadable.",
		}, []string{"way", "kind", "outcome"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ukbot_updates_refused_total", Help: "Updates not taken, by way and reason: secret, content_type, too_large, stream (they come again).",
		}, []string{"way", "reason"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ukbot_updates_errors_total", Help: "Polls and webhook settings that Telegram did not do, by what that asks for.",
		}, []string{"action"}),
		tokenRefused: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ukbot_updates_token_refused", Help: "1 while Telegram does not accept the token of a tenant's bot.",
		}, []string{"tenant"}),
		waiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ukbot_updates_waiting", Help: "Updates that Telegram has not brought yet, by its own word; webhooks only.",
		}, []string{"tenant"}),
		handled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ukbot_updates_handled_total", Help: "Updates handled, by kind and outcome: done, ignored, failed (again later), held (services away), dead.",
		}, []string{"kind", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ukbot_update_seconds", Help: "Time to handle an update.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 17), // to 33 s: above the deadline
		}, []string{"kind"}),
		age: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "ukbot_update_age_seconds", Help: "From an update's arrival to the start of its handling.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 22), // to 17 minutes
		}),
		inHand: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ukbot_updates_in_hand", Help: "Updates being handled now.",
		}),
	}
	registry.MustRegister(m.taken, m.refused, m.failed, m.tokenRefused, m.waiting, m.handled, m.seconds, m.age, m.inHand)
	return m
}

// kindLabel keeps labels to a known set.
func kindLabel(kind string) string {
	if kind == unreadable || slices.ContainsFunc(kinds, func(k kindRow) bool { return k.name == kind }) {
		return kind
	}
	return "other"
}
