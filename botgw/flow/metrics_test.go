package flow_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"ukbot/botgw/flow"
	"ukbot/nats/natstest"
)

// What is written is timed once, however often it had to begin again; what is
// only looked at is not.
func TestTransitionsAreCounted(t *testing.T) {
	s := newScene(t, natstest.Start(t))
	registry := prometheus.NewRegistry()
	store := flow.NewStore(s.env.Conn)
	store.Metrics = flow.NewMetrics(registry)
	s.engine = flow.New(store, s.form())
	s.tap(s.begin(), "Other")
	s.say("what is wrong")
	if _, err := s.engine.Handle(t.Context(), s.last); err != nil { // it comes again
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "ukbot_bot_transition_seconds" {
			continue
		}
		if got := family.GetMetric()[0].GetHistogram().GetSampleCount(); got != 3 {
			t.Errorf("%d transitions counted, want 3", got)
		}
		return
	}
	t.Error("transitions are not counted")
}
