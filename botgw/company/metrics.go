package company

import (
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics is what a Line counts. Labels are services and words of this package.
type Metrics struct {
	took    *prometheus.HistogramVec
	repeats *prometheus.CounterVec
	open    *prometheus.GaugeVec
}

// NewMetrics registers the metrics of calls.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ukbot_company_seconds", Help: "Time of a call to the housing services with its repeats, by outcome: ok, refused, away.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 15), // to 16 s: above a call's deadline
		}, []string{"service", "outcome"}),
		repeats: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ukbot_company_repeats_total", Help: "Attempts after the first.",
		}, []string{"service"}),
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ukbot_company_breaker_open", Help: "1 while a service is not asked because it did not answer.",
		}, []string{"service"}),
	}
	m.took, m.repeats, m.open = shared(registry, m.took), shared(registry, m.repeats), shared(registry, m.open)
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

// call notes one call.
func (m *Metrics) call(service string, answer *http.Response, err error, took time.Duration) {
	outcome := "ok"
	switch {
	case err != nil || answer.StatusCode >= http.StatusInternalServerError:
		outcome = "away"
	case answer.StatusCode >= http.StatusBadRequest:
		outcome = "refused"
	}
	m.took.WithLabelValues(service, outcome).Observe(took.Seconds())
}
