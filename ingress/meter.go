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

	accepted, duplicate prometheus.Observer // of seconds: looked up once, not per webhook
}

// tally is a configuration's rows of the outcomes that nearly all requests have.
type tally struct{ accepted, duplicate prometheus.Counter }

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
	m.accepted, m.duplicate = m.seconds.WithLabelValues(accepted), m.seconds.WithLabelValues(duplicate)
	return m
}

func (m *meter) tally(tenant, source string) tally {
	return tally{m.requests.WithLabelValues(tenant, source, accepted), m.requests.WithLabelValues(tenant, source, duplicate)}
}

// count takes one request; found is nil where no configuration was asked.
func (m *meter) count(found *hook, outcome string, took time.Duration) {
	switch {
	case found == nil:
		m.requests.WithLabelValues("", "", outcome).Inc()
	case outcome == accepted:
		found.tally.accepted.Inc()
	case outcome == duplicate:
		found.tally.duplicate.Inc()
	default:
		m.requests.WithLabelValues(found.Tenant, found.Source, outcome).Inc()
	}
	switch outcome {
	case accepted:
		m.accepted.Observe(took.Seconds())
	case duplicate:
		m.duplicate.Observe(took.Seconds())
	default:
		m.seconds.WithLabelValues(outcome).Observe(took.Seconds())
	}
}
