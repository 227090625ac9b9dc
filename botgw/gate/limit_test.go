package gate

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ukbot/api"
	"ukbot/botgw/talk"
	"ukbot/nats"
	"ukbot/nats/natstest"
)

var noon = time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)

// ticks makes updates with ids of their own.
type ticks struct{ n atomic.Int64 }

func (n *ticks) update(kind talk.Kind, sent time.Time) talk.Update {
	return talk.Update{Bot: 1, Tenant: "acme", ID: n.n.Add(1), Kind: kind, Chat: 7, From: talk.From{ID: 7}, Sent: sent}
}

func newLimiter(env *natstest.Env, own map[api.Role]Limit) *limiter {
	return &limiter{
		bucket: bucket{nats.NewBucket(env.Connect("bot"), nats.BucketLimits)}, metrics: newMetrics(prometheus.NewRegistry()),
		own: own, known: map[string]counted{},
	}
}

// ruleOf asks and names the rule that is against; "" for none, a "!" behind it warns.
func ruleOf(t *testing.T, l *limiter, u talk.Update, role api.Role, now time.Time) string {
	t.Helper()
	r, err := l.ask(t.Context(), u, role, now)
	if err != nil {
		t.Fatal(err)
	}
	if r.rule == nil {
		return ""
	}
	if r.warn {
		return r.rule.key + "!"
	}
	return r.rule.key
}

// step is so many updates at a moment after noon, and what is said of the last.
type step struct {
	after time.Duration
	kind  talk.Kind
	n     int
	want  string
}

func TestWindowsSlideExactly(t *testing.T) {
	t.Parallel()
	env := natstest.Start(t)
	for name, steps := range map[string][]step{
		"20 messages within 60 s": {
			{0, talk.Text, 20, ""},
			{0, talk.Text, 1, "gate.slow_minute!"},
			{59999 * time.Millisecond, talk.Text, 1, "gate.slow_minute"},
			{60 * time.Second, talk.Text, 20, ""},
			{60 * time.Second, talk.Text, 1, "gate.slow_minute!"},
		},
		"the window slides, it does not begin anew": {
			{0, talk.Text, 10, ""},
			{30 * time.Second, talk.Text, 10, ""},
			{59 * time.Second, talk.Text, 1, "gate.slow_minute!"},
			{60 * time.Second, talk.Text, 10, ""},
			{60 * time.Second, talk.Text, 1, "gate.slow_minute"},
			{90 * time.Second, talk.Text, 10, ""},
			{119 * time.Second, talk.Text, 1, "gate.slow_minute!"},
		},
		"100 messages within an hour": {
			{0, talk.Photo, 20, ""},
			{2 * time.Minute, talk.Photo, 20, ""},
			{4 * time.Minute, talk.Voice, 20, ""},
			{6 * time.Minute, talk.Text, 20, ""},
			{8 * time.Minute, talk.Text, 20, ""},
			{10 * time.Minute, talk.Text, 1, "gate.slow_hour!"},
			{59 * time.Minute, talk.Text, 5, "gate.slow_hour"},
			{time.Hour, talk.Text, 20, ""},
		},
		"5 commands within 60 s, and they are messages": {
			{0, talk.Command, 5, ""},
			{time.Second, talk.Command, 1, "gate.slow_commands!"},
			{time.Second, talk.Text, 15, ""},
			{time.Second, talk.Text, 1, "gate.slow_minute!"},
			{60 * time.Second, talk.Command, 1, ""},
		},
		"60 taps within 60 s, apart from messages": {
			{0, talk.Tap, 60, ""},
			{time.Second, talk.Tap, 1, "gate.slow_taps!"},
			{time.Second, talk.Text, 20, ""},
			{60 * time.Second, talk.Tap, 1, ""},
		},
		"who hammers is not shut out for longer": {
			{0, talk.Text, 20, ""},
			{30 * time.Second, talk.Text, 500, "gate.slow_minute"},
			{60 * time.Second, talk.Text, 20, ""},
		},
		"a clock that is set back by an hour": {
			{0, talk.Text, 20, ""},
			{-time.Hour, talk.Text, 20, ""},
			{-time.Hour, talk.Text, 1, "gate.slow_minute!"},
			{-time.Hour + time.Minute, talk.Text, 1, ""},
		},
		"a clock that jumps ahead by a day and back": {
			{0, talk.Text, 20, ""},
			{24 * time.Hour, talk.Text, 20, ""},
			{24 * time.Hour, talk.Text, 1, "gate.slow_minute!"},
			{time.Minute, talk.Text, 20, ""},
			{time.Minute, talk.Text, 1, "gate.slow_minute!"},
			{24*time.Hour + 30*time.Second, talk.Text, 20, ""}, // a day later, what the wrong clock wrote is forgotten
		},
		"another replica's clock is 3 s behind": {
			{3 * time.Second, talk.Text, 20, ""},
			{0, talk.Text, 1, "gate.slow_minute!"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here, there := newLimiter(env, nil), newLimiter(env, nil)
			var ids ticks
			for i, s := range steps {
				got := ""
				for n := range s.n {
					u := ids.update(s.kind, time.Time{})
					u.From.ID = int64(hashOf(name))
					l := []*limiter{here, there}[n%2] // two replicas by turns
					got = ruleOf(t, l, u, api.RoleApplicant, noon.Add(s.after))
					if s.want == "" && got != "" {
						t.Fatalf("step %d: update %d of %d is against %s, want it through", i, n+1, s.n, got)
					}
				}
				if got != s.want {
					t.Errorf("step %d: %q, want %q", i, got, s.want)
				}
			}
		})
	}
}

func TestAThousandAtOnceOnTwoReplicas(t *testing.T) {
	t.Parallel()
	env := natstest.Start(t)
	limiters := []*limiter{newLimiter(env, nil), newLimiter(env, nil)}
	var ids ticks
	var passed, warned atomic.Int64
	var wg sync.WaitGroup
	for n := range 1000 {
		wg.Go(func() {
			r, err := limiters[n%2].ask(t.Context(), ids.update(talk.Text, time.Time{}), "", noon)
			switch {
			case err != nil:
				t.Error(err)
			case r.rule == nil:
				passed.Add(1)
			case r.warn:
				warned.Add(1)
			}
		})
	}
	wg.Wait()
	if passed.Load() != 20 || warned.Load() != 1 {
		t.Errorf("%d passed and %d were warned, want 20 and 1", passed.Load(), warned.Load())
	}
}

func TestWhatWaitedInTheStreamIsNoRush(t *testing.T) {
	t.Parallel()
	l := newLimiter(natstest.Start(t), nil)
	var ids ticks
	for n := range 50 { // one every 10 s, all handled at once
		if got := ruleOf(t, l, ids.update(talk.Text, noon.Add(time.Duration(n-50)*10*time.Second)), "", noon); got != "" {
			t.Fatalf("message %d is against %s", n, got)
		}
	}
}

func TestARedeliveryCountsOnce(t *testing.T) {
	t.Parallel()
	l := newLimiter(natstest.Start(t), nil)
	var ids ticks
	u := ids.update(talk.Text, noon)
	for range 100 {
		if got := ruleOf(t, l, u, "", noon); got != "" {
			t.Fatalf("the same update is against %s", got)
		}
	}
}

func TestAnAlbumIsOneMessage(t *testing.T) {
	t.Parallel()
	l := newLimiter(natstest.Start(t), nil)
	var ids ticks
	for album := range 20 {
		for range 10 {
			u := ids.update(talk.Photo, noon)
			u.Album = fmt.Sprint("album-", album)
			if got := ruleOf(t, l, u, "", noon); got != "" {
				t.Fatalf("album %d is against %s", album, got)
			}
		}
	}
	if got := ruleOf(t, l, ids.update(talk.Photo, noon), "", noon); got != "gate.slow_minute!" {
		t.Errorf("after 20 albums: %q", got)
	}
}

func TestLimitsAreByRole(t *testing.T) {
	t.Parallel()
	l := newLimiter(natstest.Start(t), map[api.Role]Limit{api.RoleManager: {Minute: 2, Hour: 3, Commands: 1, Taps: 1}, api.RoleAdmin: {}})
	var ids ticks
	for n := range 3 {
		if got := ruleOf(t, l, ids.update(talk.Text, noon), api.RoleManager, noon); (got != "") != (n == 2) {
			t.Errorf("a manager's message %d: %q", n+1, got)
		}
	}
	l.remember("1.7", counted{})
	for range 300 { // 0 is no limit
		if got := ruleOf(t, l, ids.update(talk.Text, noon), api.RoleAdmin, noon); got != "" {
			t.Fatalf("an administrator's message: %q", got)
		}
	}
	if c, err := l.read(t.Context(), "1.7"); err != nil || len(c.value) > 50 {
		t.Errorf("what nothing limits takes %d bytes, %v", len(c.value), err)
	}
}

func TestTheStoreForgetsOrIsBroken(t *testing.T) {
	t.Parallel()
	env := natstest.Start(t)
	l := newLimiter(env, nil)
	var ids ticks
	for range 20 {
		ruleOf(t, l, ids.update(talk.Text, noon), "", noon)
	}
	kv, err := env.Conn.JS.KeyValue(t.Context(), nats.BucketLimits)
	if err != nil {
		t.Fatal(err)
	}
	for name, broken := range map[string][]byte{"nothing": {}, "another version": {9, 1, 2, 3, 4, 5}, "half a window": {1, 0, 0, 0, 0, 2, 0xff}} {
		if _, err := kv.Put(t.Context(), "1.7", broken); err != nil {
			t.Fatal(err)
		}
		l.remember("1.7", counted{})
		if got := ruleOf(t, l, ids.update(talk.Text, noon), "", noon); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if err := kv.Purge(t.Context(), "1.7"); err != nil { // while l remembers the last one
		t.Fatal(err)
	}
	if got := ruleOf(t, l, ids.update(talk.Text, noon), "", noon); got != "" {
		t.Errorf("after the store forgot: %q", got)
	}
}

func TestAWindowIsSmallAndReadsBack(t *testing.T) {
	t.Parallel()
	w := &window{album: 5, warned: [rulesMax]int64{1, 0, noon.UnixMilli(), 0}}
	for n := range 160 {
		w.events = append(w.events, event{at: noon.UnixMilli() + int64(n*371), id: 871234567 + int64(n*3), sort: sort(n % 3)})
	}
	raw := w.marshal()
	read, err := readWindow(raw)
	if err != nil || !slices.Equal(read.events, w.events) || read.warned != w.warned || read.album != w.album {
		t.Errorf("read back %+v, %v; want %+v", read, err, w)
	}
	if len(raw) > 1000 {
		t.Errorf("a full window takes %d bytes, want at most 1000", len(raw))
	}
}

func TestWithoutTheStoreEverybodyPasses(t *testing.T) {
	t.Parallel()
	env := natstest.Start(t)
	l, registry := newLimiter(env, nil), prometheus.NewRegistry()
	l.metrics = newMetrics(registry)
	g := &Gate{limiter: l, metrics: l.metrics, sessions: &sessions{entries: map[string]*entry{}}, zones: newZones(time.Now), cfg: Config{Now: time.Now}}
	env.Stop()
	var ids ticks
	began := time.Now()
	for range 100 {
		if g.over(t.Context(), ids.update(talk.Text, time.Time{})) != nil {
			t.Fatal("limited without a store")
		}
	}
	if took := time.Since(began); took > 10*time.Second { // half a second each, if they waited
		t.Errorf("100 updates took %s: each asked the store", took)
	}
	if n := total(t, registry, "ukbot_bot_limit_store_away_total"); n != 100 {
		t.Errorf("the metric says %g, want 100", n)
	}
}

func BenchmarkLimit(b *testing.B) {
	env := natstest.Start(b)
	l := newLimiter(env, map[api.Role]Limit{"": {Hour: 100}})
	var ids ticks
	now := noon
	for b.Loop() {
		now = now.Add(40 * time.Second) // a window of 90
		if _, err := l.ask(b.Context(), ids.update(talk.Text, time.Time{}), "", now); err != nil {
			b.Fatal(err)
		}
	}
}
