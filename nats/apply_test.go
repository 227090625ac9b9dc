package nats_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/nats"
	"ukbot/nats/natstest"
)

func plan(t *testing.T, js jetstream.JetStream) map[string]nats.Change {
	t.Helper()
	changes, err := nats.Plan(t.Context(), js, 1)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]nats.Change{}
	for _, c := range changes {
		byName[c.Kind+" "+c.Name] = c
	}
	if len(byName) != len(nats.Streams)+len(nats.Buckets)+len(nats.Objects)+len(nats.Consumers) {
		t.Fatalf("%d changes planned", len(byName))
	}
	return byName
}

func TestApplyMakesAllAndThenFindsNothingToDo(t *testing.T) {
	conn := bareServer(t)
	for name, c := range plan(t, conn.JS) {
		if c.Action != "create" {
			t.Errorf("on an empty server: %s: %s", name, c.Action)
		}
	}
	for range 2 {
		if err := nats.Apply(t.Context(), conn.JS, 1); err != nil {
			t.Fatal(err)
		}
		for name, c := range plan(t, conn.JS) {
			if c.Action != "same" {
				t.Errorf("after apply: %s: %s %s", name, c.Action, c.Detail)
			}
		}
	}
}

func TestPlanSeesWhatWasEdited(t *testing.T) {
	t.Parallel()
	env := natstest.Start(t)
	env.Lanes() // and each case ends with all as the tables say again
	for name, tc := range map[string]struct {
		which, detail, action string
		edit                  func(ctx context.Context, js jetstream.JetStream) error
	}{
		"a stream's age": {"stream EVENTS", "max_age", "update", stream(nats.StreamEvents, func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour })},
		"a limit that the tables do not set": {
			"stream EVENTS", "max_msgs", "update",
			stream(nats.StreamEvents, func(c *jetstream.StreamConfig) { c.MaxMsgs = 10 }),
		},
		"a subject more": {
			"stream DEAD", "subjects", "update",
			stream(nats.StreamDead, func(c *jetstream.StreamConfig) { c.Subjects = append(c.Subjects, "more.>") }),
		},
		"a description": {
			"stream DEAD", "description", "update",
			stream(nats.StreamDead, func(c *jetstream.StreamConfig) { c.Description = "edited" }),
		},
		"a bucket's TTL": {
			"bucket leases", "ttl", "update",
			stream("KV_leases", func(c *jetstream.StreamConfig) { c.MaxAge, c.Duplicates = time.Hour, time.Minute }),
		},
		"an object store's age": {
			"objects files", "ttl", "update",
			stream("OBJ_files", func(c *jetstream.StreamConfig) { c.MaxAge = 3 * time.Hour }),
		},
		"an object store's size": {
			"objects files", "max_bytes", "update",
			stream("OBJ_files", func(c *jetstream.StreamConfig) { c.MaxBytes = 1 << 20 }),
		},
		"a consumer's filter": {
			"consumer EVENTS/notify", "filter_subject", "update",
			consumer(nats.StreamEvents, nats.DurableNotify, func(c *jetstream.ConsumerConfig) { c.FilterSubjects = []string{"housing.>"} }),
		},
		"a consumer's deliveries": {
			"consumer EVENTS/notify", "max_deliver", "update",
			consumer(nats.StreamEvents, nats.DurableNotify, func(c *jetstream.ConsumerConfig) { c.MaxDeliver = 3 }),
		},
		"a backoff list": {
			"consumer EVENTS/notify", "backoff", "update",
			consumer(nats.StreamEvents, nats.DurableNotify, func(c *jetstream.ConsumerConfig) {
				c.BackOff, c.MaxDeliver = []time.Duration{time.Second, time.Minute}, 5
			}),
		},
		"a consumer that is gone": {"consumer EVENTS/notify", "", "create", func(ctx context.Context, js jetstream.JetStream) error {
			return js.DeleteConsumer(ctx, nats.StreamEvents, nats.DurableNotify)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.edit(t.Context(), env.Conn.JS); err != nil {
				t.Fatal(err)
			}
			for name, c := range plan(t, env.Conn.JS) {
				want := "same"
				if name == tc.which {
					want = tc.action
				}
				if c.Action != want || name == tc.which && !strings.Contains(c.Detail, tc.detail) {
					t.Errorf("%s: %s %q, want %s", name, c.Action, c.Detail, want)
				}
			}
			if err := nats.Apply(t.Context(), env.Conn.JS, 1); err != nil {
				t.Fatal(err)
			}
			if c := plan(t, env.Conn.JS)[tc.which]; c.Action != "same" {
				t.Errorf("after apply: %s %s", c.Action, c.Detail)
			}
		})
	}
}

func stream(name string, edit func(*jetstream.StreamConfig)) func(context.Context, jetstream.JetStream) error {
	return func(ctx context.Context, js jetstream.JetStream) error {
		s, err := js.Stream(ctx, name)
		if err != nil {
			return err
		}
		cfg := s.CachedInfo().Config
		edit(&cfg)
		_, err = js.UpdateStream(ctx, cfg)
		return err
	}
}

func consumer(stream, name string, edit func(*jetstream.ConsumerConfig)) func(context.Context, jetstream.JetStream) error {
	return func(ctx context.Context, js jetstream.JetStream) error {
		c, err := js.Consumer(ctx, stream, name)
		if err != nil {
			return err
		}
		cfg := c.CachedInfo().Config
		edit(&cfg)
		_, err = js.UpdateConsumer(ctx, stream, cfg)
		return err
	}
}

func TestApplyShrinksNothingThatHoldsMessages(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*jetstream.StreamConfig){
		"less age":       func(c *jetstream.StreamConfig) { c.MaxAge *= 2 },
		"a limit":        func(c *jetstream.StreamConfig) { c.MaxAge = 0 },
		"fewer subjects": func(c *jetstream.StreamConfig) { c.Subjects = append(c.Subjects, "more.>") },
	} {
		t.Run(name, func(t *testing.T) {
			env := natstest.Start(t)
			publish(t, env, "a")
			if err := stream(nats.StreamWebhooks, edit)(t.Context(), env.Conn.JS); err != nil {
				t.Fatal(err)
			}
			if err := nats.Apply(t.Context(), env.Conn.JS, 1); !errors.Is(err, nats.ErrShrink) {
				t.Errorf("apply gave %v, want a refusal", err)
			}
			if c := plan(t, env.Conn.JS)["stream WEBHOOKS"]; c.Action != "refuse" || c.Detail == "" {
				t.Errorf("planned %s %q", c.Action, c.Detail)
			}
		})
	}
}

func TestSeveralProcessesApplyAtOnce(t *testing.T) {
	bare := bareServer(t)
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			conn, err := nats.Connect(bare.ConnectedUrl(), "apply", zerolog.Nop())
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			if err := nats.Apply(t.Context(), conn.JS, 1); err != nil {
				t.Errorf("apply: %v", err)
			}
		})
	}
	wg.Wait()
	for name, c := range plan(t, bare.JS) {
		if c.Action != "same" {
			t.Errorf("%s: %s %s", name, c.Action, c.Detail)
		}
	}
}

func TestApplySaysAtOnceWhatTheServerWillNeverDo(t *testing.T) {
	conn := bareServer(t)
	_, err := conn.JS.CreateStream(t.Context(), jetstream.StreamConfig{Name: "SQUATTER", Subjects: []string{"integration.>"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := nats.Apply(ctx, conn.JS, 1); err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "overlap") {
		t.Errorf("apply beside a stream with the same subjects gave %v", err)
	}
}

func TestApplyGivesUpWithItsContext(t *testing.T) {
	env := natstest.Start(t)
	env.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := nats.Apply(ctx, env.Conn.JS, 1); err == nil || !strings.Contains(err.Error(), "apply the stream definitions") {
		t.Errorf("apply without a server gave %v", err)
	}
}

func TestADeletedHookConsumerIsMadeByItsConsumer(t *testing.T) {
	env := natstest.Start(t)
	publish(t, env, "early")
	var got seen
	consume(t, env, nats.ConsumeConfig{Spec: nats.HookConsumer("acme", "stripe")}, func(_ context.Context, batch []*nats.Message) []error {
		got.add(batch)
		return nil
	})
	natstest.Wait(t, "what was stored before the consumer was made", func() bool { return got.count() == 1 })
	c := info(t, env, nats.HookConsumer("acme", "stripe")).Config
	if c.AckWait != nats.AckWait || c.MaxDeliver != -1 || c.FilterSubjects[0] != "integration.webhook.acme.stripe.>" {
		t.Errorf("made as %+v", c)
	}
}
