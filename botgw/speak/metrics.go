package speak

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics is what a Speaker counts, by method and outcome: words of this
// package and of Telegram's, never a chat or a person.
type Metrics struct {
	took *prometheus.HistogramVec
}

// NewMetrics registers the metrics of answering; several bots share them.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "ukbot_reply_seconds", Help: "Time of a call to Telegram that answers a person, without waiting for its turn.",
		Buckets: prometheus.ExponentialBuckets(0.002, 2, 14), // to 16 s: above the client's time-out
	}, []string{"method", "outcome"})
	err := registry.Register(took)
	if there, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if same, ok := there.ExistingCollector.(*prometheus.HistogramVec); ok {
			took = same
		}
	}
	return &Metrics{took}
}

// call notes one call; a nil Metrics notes nothing.
func (m *Metrics) call(method, outcome string, began time.Time) {
	if m != nil {
		m.took.WithLabelValues(method, outcome).Observe(time.Since(began).Seconds())
	}
}
