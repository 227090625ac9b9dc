package ops

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/workers"
)

// work runs the real workers with one handler until the test ends.
func (f *fixture) work(handle workers.Handler) {
	f.t.Helper()
	registry := prometheus.NewRegistry()
	w := workers.New(workers.Config{
		Conn: f.nats.Connect("workers"), Publisher: f.deps.Publisher, Pool: f.deps.Pool, Handlers: workers.Table{{Preset: "*", Events: "*", Handle: handle}},
		Metrics: nats.NewMetrics(registry), Registry: registry, Log: f.deps.Log,
	})
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = w.Run(ctx) })
	f.t.Cleanup(func() { stop(); wg.Wait() })
}

// until waits until an event's story is as wanted and returns it.
func (f *fixture) until(id, what string, holds func(Story) bool) (last Story) {
	f.t.Helper()
	natstest.Wait(f.t, what, func() bool {
		s, err := ShowEvent(f.t.Context(), f.deps, "acme", id, "")
		if err != nil && !errors.Is(err, ErrNotFound) {
			f.t.Fatal(err)
		}
		last = s
		return err == nil && holds(s)
	})
	return last
}

func TestFailedEventIsMendedByOneRetry(t *testing.T) {
	f := start(t)
	hook := events.Hook{Tenant: "acme", Source: "stripe", Enabled: true, Preset: "stripe", Scheme: events.SchemeStripe, Secrets: []string{"sealed"}}
	_, err := SetHook(t.Context(), f.deps.Pool, f.deps.NATS, hook)
	must(t, err)
	var mended atomic.Bool
	var runs atomic.Int32
	f.work(func(w events.Webhook) (workers.Effects, error) {
		runs.Add(1)
		if !mended.Load() {
			return workers.Effects{}, nats.Permanent(errors.New("bank said no"))
		}
		return workers.Effects{Derived: []workers.Derived{{
			Name: "received", Type: events.TypeGeneric, Subject: events.GenericSubject(w.Tenant, w.Source, w.Type), Data: map[string]string{},
		}}}, nil
	})
	f.publish(webhook("acme", "stripe", "evt_1", "payment_intent.succeeded"))
	s := f.until("evt_1", "the failure with its dead letter", func(s Story) bool { return s.Status == StatusFailed && s.Dead != nil })
	if s.Dead.Error != s.LastError || !strings.Contains(s.LastError, "bank said no") || len(s.Attempts) != 1 || s.Stream.Stored != "yes" {
		t.Errorf("story of the failure = %+v", s)
	}

	mended.Store(true)
	for range 3 { // an impatient operator
		f.expectRetry("evt_1")
	}
	s = f.until("evt_1", "completion, with its event published", func(s Story) bool {
		return s.Status == StatusCompleted && len(s.Effects.Events) == 1 && !s.Effects.Events[0].Queued
	})
	if len(s.Attempts) != 2 || !strings.HasPrefix(s.ReplayOf, "retry-") || s.LastError != "" || s.Dead != nil {
		t.Errorf("story of the retry = %+v", s)
	}
	if n := f.messages(nats.StreamEvents); n != 1 || runs.Load() != 2 {
		t.Errorf("%d events were derived in %d runs, want 1 in 2", n, runs.Load())
	}
	f.expect(http.MethodPost, "/api/v1/webhooks/events/evt_1/retry", "acme", "", 409, "already_completed")

	result, err := Replay(t.Context(), f.deps, ReplayFilter{Tenant: "acme"}, nil)
	must(t, err)
	s = f.until("evt_1", "the replay", func(s Story) bool { return s.ReplayOf == result.ID })
	if result.Published != 1 || s.Status != StatusCompleted {
		t.Errorf("replay %+v left %+v", result, s.Event)
	}
}

// expectRetry taps the button: accepted, or refused because it has worked already.
func (f *fixture) expectRetry(id string) {
	f.t.Helper()
	status, _, body := f.call(http.MethodPost, "/api/v1/webhooks/events/"+id+"/retry", "acme", "")
	if status != http.StatusAccepted && !strings.Contains(body, "already_completed") {
		f.t.Errorf("retry = %d %s", status, body)
	}
}
