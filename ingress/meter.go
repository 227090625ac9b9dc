package ingress

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meter counts requests by configuration and outcome. Sources that are not
// configured share one row: a stranger cannot make labels.
type meter struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMeter(registry prometheus.Registerer) *meter {
	m := &meter{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ukbot_webhooks_total", Help: "Webhook requests by outcome: accepted, duplicate, ignored, sync, or the code of the refusal.",
		}, []string{"tenant", "source", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ukbot_webhook_seconds", Help: "Time from a webhook's arrival to its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15),
		}, []string{"outcome"}),
	}
	registry.MustRegister(m.requests, m.seconds)
	return m
}

func (m *meter) count(found *hook, outcome string, took time.Duration) {
	tenant, source := "", ""
	if found != nil {
		tenant, source = found.Tenant, found.Source
	}
	if outcome == "" {
		outcome = errInternal.Code
	}
	m.requests.WithLabelValues(tenant, source, outcome).Inc()
	m.seconds.WithLabelValues(outcome).Observe(took.Seconds())
}
