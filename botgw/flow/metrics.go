package flow

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics is what a store tells of itself. A nil Metrics counts nothing.
type Metrics struct {
	transition prometheus.Histogram
	moved      prometheus.Counter
}

// NewMetrics registers them.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		transition: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "ukbot_bot_transition_seconds", Help: "Time to read where somebody's form stands and to write where it goes; deciding that is not in it.",
			Buckets: []float64{.0002, .0004, .0006, .0008, .001, .0015, .002, .003, .004, .005, .0075, .01, .015, .02, .03, .05, .1, .25, 1, 3},
		}),
		moved: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ukbot_bot_transition_conflicts_total", Help: "Writes of a form that found another had been faster, and began again.",
		}),
	}
	registry.MustRegister(m.transition, m.moved)
	return m
}

// wrote counts a transition that took so long, all its attempts together.
func (m *Metrics) wrote(took time.Duration) {
	if m != nil {
		m.transition.Observe(took.Seconds())
	}
}

func (m *Metrics) conflict() {
	if m != nil {
		m.moved.Inc()
	}
}
