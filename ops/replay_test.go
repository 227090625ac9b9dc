package ops

import (
	"context"
	"errors"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/nats/natstest"
)

// history fills the streams with 400 events of two tenants and two sources and
// with what no replay may take.
func (f *fixture) history() {
	var msgs []*natsgo.Msg
	add := func(subject string, w events.Webhook, id string, change func(natsgo.Header)) {
		msg := natsgo.NewMsg(subject)
		msg.Header, msg.Data = w.Header(), w.Data
		msg.Header.Set(jetstream.MsgIDHeader, id)
		if change != nil {
			change(msg.Header)
		}
		msgs = append(msgs, msg)
	}
	for i := range 400 {
		tenant, source := []string{"acme", "other"}[i%2], []string{"stripe", "github"}[i/2%2]
		w := webhook(tenant, source, eventID(i), "a.b")
		add(events.WebhookSubject(tenant, source, "a.b"), w, "first/"+w.ID, nil)
	}
	w := webhook("acme", "stripe", eventID(0), "a.b")
	subject := events.WebhookSubject("acme", "stripe", "a.b")
	add(subject, w, "replayed", func(h natsgo.Header) { events.MarkReplay(h, "replay-old", false) })
	add(subject, w, "broken", func(h natsgo.Header) { h.Del("ce-id") })
	counts := webhook("acme", "stripe", "counts", events.TypeRepeats)
	add(events.WebhookSubject("acme", "stripe", events.TypeRepeats), counts, "counts", nil)
	for slot, due := range map[string]time.Duration{"parked": time.Hour, "due": 0} {
		add(events.RetrySubject("acme", "stripe", slot), w, slot, func(h natsgo.Header) {
			h.Set(jetstream.ScheduleHeader, "@at "+time.Now().Add(due).UTC().Format(time.RFC3339Nano))
			h.Set(jetstream.ScheduleTargetHeader, subject)
		})
	}
	add(events.PaymentSubject("acme", "succeeded"), w, "derived", nil)
	add(events.GenericSubject("other", "github", "push"), webhook("other", "github", "push", "push"), "derived 2", nil)
	_, errs := f.deps.Publisher.PublishAll(f.t.Context(), msgs)
	if err := errors.Join(errs...); err != nil {
		f.t.Fatal(err)
	}
	natstest.Wait(f.t, "the retry that is due to fire", func() bool { return f.last(nats.StreamWebhooks) == historyEnd })
}

// historyEnd is the sequence of the retry that fired, the last of history in
// WEBHOOKS: 400 events, a replay, a broken one, counts, two schedules.
const historyEnd = 406

func TestDryReplayCountsWhatTheReplayThenDoes(t *testing.T) {
	f := start(t)
	f.history()
	for name, tc := range map[string]struct {
		filter ReplayFilter
		want   int64
	}{
		"everything":                 {ReplayFilter{}, 400},
		"of a tenant":                {ReplayFilter{Tenant: "acme"}, 200},
		"of a source":                {ReplayFilter{Source: "github"}, 200},
		"of both":                    {ReplayFilter{Tenant: "other", Source: "stripe"}, 100},
		"from a sequence":            {ReplayFilter{FromSeq: 301}, 100},
		"to a sequence":              {ReplayFilter{ToSeq: 10}, 10},
		"between two":                {ReplayFilter{FromSeq: 100, ToSeq: 199, Tenant: "acme"}, 50},
		"with earlier replays":       {ReplayFilter{Tenant: "acme", Source: "stripe", Replays: true}, 101},
		"since a time":               {ReplayFilter{Since: time.Now().Add(-time.Hour)}, 400},
		"since later":                {ReplayFilter{Since: time.Now().Add(time.Hour)}, 0},
		"until a time":               {ReplayFilter{Until: time.Now().Add(-time.Hour)}, 0},
		"a subject":                  {ReplayFilter{Subject: "integration.webhook.acme.stripe.>"}, 100},
		"a subject and a tenant":     {ReplayFilter{Subject: "integration.webhook.>", Tenant: "acme", ToSeq: 400}, 200},
		"events of our own":          {ReplayFilter{Subject: "integration.payment.>"}, 1},
		"a tenant without events":    {ReplayFilter{Tenant: "nobody"}, 0},
		"slowly":                     {ReplayFilter{ToSeq: 40, Rate: 200}, 40},
		"of our own, another tenant": {ReplayFilter{Subject: "integration.generic.>", Tenant: "acme"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.filter.ToSeq == 0 { // not the copies of the rows before
				tc.filter.ToSeq = historyEnd
			}
			dry := tc.filter
			dry.DryRun = true
			before := f.messages(nats.StreamWebhooks) + f.messages(nats.StreamEvents)
			counted, err := Replay(t.Context(), f.deps, dry, nil)
			must(t, err)
			if after := f.messages(nats.StreamWebhooks) + f.messages(nats.StreamEvents); after != before {
				t.Fatalf("the dry run stored %d messages", after-before)
			}
			var lastDone, lastTotal int64
			done, err := Replay(t.Context(), f.deps, tc.filter, func(done, total int64) {
				if done < lastDone || done > total {
					t.Errorf("progress %d of %d after %d", done, total, lastDone)
				}
				lastDone, lastTotal = done, total
			})
			must(t, err)
			stored := f.messages(nats.StreamWebhooks) + f.messages(nats.StreamEvents) - before
			if counted.Matched != tc.want || done.Matched != tc.want || done.Published != tc.want || int64(stored) != tc.want-done.Duplicates || !done.Done || lastDone != lastTotal {
				t.Errorf("dry run %+v, run %+v, %d stored, progress %d of %d; want %d", counted, done, stored, lastDone, lastTotal, tc.want)
			}
		})
	}
}

func TestReplayedCopiesAreQuietUnlessAsked(t *testing.T) {
	f := start(t)
	w := webhook("acme", "stripe", "evt_1", "a.b")
	f.publish(w)
	for _, notify := range []bool{false, true} {
		result, err := Replay(t.Context(), f.deps, ReplayFilter{Notify: notify, ToSeq: 1}, nil)
		must(t, err)
		msg := f.message(nats.StreamWebhooks, f.messages(nats.StreamWebhooks))
		got, err := events.DecodeWebhook(msg.Header, msg.Data)
		if err != nil || got.Quiet == notify || got.Replay != result.ID || got.Row() != w.Row() || string(got.Data) != string(w.Data) {
			t.Errorf("copy with notify %v = %+v, %v, of %s", notify, got, err, result.ID)
		}
	}
}

func TestInterruptedReplayGoesOnWhereItStopped(t *testing.T) {
	f := start(t)
	f.history()
	ctx, stop := context.WithCancel(t.Context())
	filter := ReplayFilter{ToSeq: 400, Rate: 100_000, Since: time.Now().Add(-time.Hour)}
	broken, err := Replay(ctx, f.deps, filter, func(done, _ int64) {
		if done >= 256 {
			stop()
		}
	})
	if err == nil || broken.Done || broken.LastSeq != 256 || broken.Published != 256 {
		t.Fatalf("interrupted replay = %+v, %v", broken, err)
	}
	rest, err := Replay(t.Context(), f.deps, ReplayFilter{FromSeq: broken.LastSeq + 1, ToSeq: 400, ID: broken.ID}, nil)
	if err != nil || rest.Published != 144 || rest.Duplicates != 0 || rest.ID != broken.ID || !rest.Done || rest.LastSeq != 400 {
		t.Errorf("the rest = %+v, %v", rest, err)
	}
	again, err := Replay(t.Context(), f.deps, ReplayFilter{ToSeq: 400, ID: broken.ID}, nil)
	if err != nil || again.Duplicates != 400 {
		t.Errorf("the whole again under the same id = %+v, %v", again, err)
	}
}

func TestReplayWithoutStreamsSaysWhereToGoOn(t *testing.T) {
	f := start(t)
	f.history()
	result, err := Replay(t.Context(), f.deps, ReplayFilter{ToSeq: 400}, func(done, _ int64) {
		if done == 256 {
			f.deps.NATS.Conn.Close()
		}
	})
	if err == nil || result.LastSeq != 256 || result.Done || !isStreamAway(err) {
		t.Errorf("replay with the streams lost = %+v, %v", result, err)
	}
}

func TestReplayRefusesWhatItCannotMean(t *testing.T) {
	for name, filter := range map[string]ReplayFilter{
		"a tenant that is none":       {Tenant: "A.*"},
		"a source that is none":       {Source: ">"},
		"sequence and time":           {FromSeq: 1, Since: time.Now()},
		"an end before its beginning": {FromSeq: 2, ToSeq: 1},
		"until before since":          {Since: time.Now(), Until: time.Now().Add(-time.Hour)},
		"parked retries":              {Subject: "integration.retry.>"},
		"all of integration":          {Subject: "integration.>"},
		"everything":                  {Subject: ">"},
		"notices":                     {Subject: "bot.notice.>"},
		"a subject with a space":      {Subject: "integration.webhook.a b"},
		"a negative rate":             {Rate: -1},
		"an id of something else":     {ID: "retry-1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Replay(t.Context(), Deps{}, filter, nil)
			if _, invalid := errors.AsType[InvalidError](err); !invalid {
				t.Errorf("Replay(%+v) = %v, want InvalidError", filter, err)
			}
		})
	}
}
