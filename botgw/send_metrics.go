package botgw

import (
	"errors"
	"time"

	"ukbot/botgw/telegram"

	"github.com/prometheus/client_golang/prometheus"
)

// SendMetrics is what a Sender counts. Labels are words of this package, never a
// chat or a person.
type SendMetrics struct {
	sent    *prometheus.CounterVec
	failed  *prometheus.CounterVec
	took    *prometheus.HistogramVec
	age     prometheus.Histogram
	waiting prometheus.Gauge
	refused prometheus.Gauge
}

// NewSendMetrics registers the metrics of sending.
func NewSendMetrics(registry prometheus.Registerer) *SendMetrics {
	m := &SendMetrics{
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ukbot_notices_total", Help: "Notices done, by outcome: sent, edited, plain, needless, unreachable, repeated.",
		}, []string{"outcome"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ukbot_telegram_errors_total", Help: "Calls Telegram did not do, by what that asks for.",
		}, []string{"method", "action"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ukbot_telegram_seconds", Help: "Time of a call to Telegram.",
			Buckets: prometheus.ExponentialBuckets(0.002, 2, 14), // to 16 s: above the client's time-out
		}, []string{"method"}),
		age: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "ukbot_notice_age_seconds", Help: "From the webhook to Telegram's answer.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 20), // to 44 minutes
		}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ukbot_notices_waiting", Help: "Notices in hand that wait for their turn or for Telegram.",
		}),
		refused: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ukbot_telegram_token_refused", Help: "Tenants whose bot's token Telegram does not accept.",
		}),
	}
	// Several bots of one process share them.
	m.sent = shared(registry, m.sent)
	m.failed = shared(registry, m.failed)
	m.took = shared(registry, m.took)
	m.age = shared(registry, m.age)
	m.waiting = shared(registry, m.waiting)
	m.refused = shared(registry, m.refused)
	return m
}

// shared registers a collector, or returns the one that is registered already.
func shared[C prometheus.Collector](registry prometheus.Registerer, c C) C {
	err := registry.Register(c)
	if there, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if same, ok := there.ExistingCollector.(C); ok {
			return same
		}
	}
	return c
}

// call notes one call's duration and, if it failed, what that asks for.
func (m *SendMetrics) call(method string, began time.Time, action telegram.Action) {
	m.took.WithLabelValues(method).Observe(time.Since(began).Seconds())
	if action != telegram.Success {
		m.failed.WithLabelValues(method, action.String()).Inc()
	}
}
