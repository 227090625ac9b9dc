package nats

import "github.com/prometheus/client_golang/prometheus"

// Metrics is what the consumers count. Labels are names of streams and
// consumers, never an id or a person.
type Metrics struct {
	outcomes   *prometheus.CounterVec
	handled    *prometheus.HistogramVec
	restarts   *prometheus.CounterVec
	stuck      *prometheus.CounterVec
	pending    *prometheus.GaugeVec
	ackPending *prometheus.GaugeVec
}

// NewMetrics registers the consumers' metrics.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	labels := []string{"stream", "consumer"}
	m := &Metrics{
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ukbot_messages_total", Help: "Messages answered, by outcome: ack, nak, scheduled, dead.",
		}, append(labels, "outcome")),
		handled: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ukbot_batch_seconds", Help: "Time to handle one batch of messages.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 15),
		}, labels),
		restarts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ukbot_consumer_restarts_total", Help: "Pull sessions that ended and were begun again.",
		}, labels),
		stuck: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ukbot_consumer_stuck_total", Help: "Consumers that had messages, delivered none and were started again.",
		}, labels),
		pending: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ukbot_consumer_pending", Help: "Messages not yet delivered (lag).",
		}, labels),
		ackPending: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ukbot_consumer_ack_pending", Help: "Messages delivered and not answered, parked retries included.",
		}, labels),
	}
	registry.MustRegister(m.outcomes, m.handled, m.restarts, m.stuck, m.pending, m.ackPending)
	return m
}
