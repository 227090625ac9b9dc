package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"ukbot/botgw/simulator"
	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
	"ukbot/sql/pglocal"
)

// outage is how long an engine is away.
func outage() time.Duration {
	if e2eFull() {
		return time.Minute
	}
	return 8 * time.Second
}

// ownDatabase is a PostgreSQL server that a test may stop and start again.
type ownDatabase struct {
	t      *testing.T
	cfg    pglocal.Config
	server *pglocal.Server
}

func startDatabase(t *testing.T, settings map[string]string) *ownDatabase {
	t.Helper()
	d := &ownDatabase{t: t, cfg: pglocal.Config{Dir: openDir(t), Log: zerolog.Nop(), Settings: settings}}
	d.start()
	t.Cleanup(d.stop)
	if err := d.server.Create(t.Context(), devDatabase); err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context(), d.url()); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *ownDatabase) url() string { return d.server.URL(devDatabase) }

func (d *ownDatabase) start() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startIn)
	defer cancel()
	server, err := pglocal.Start(ctx, d.cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	d.server, d.cfg.Port = server, server.Port()
}

func (d *ownDatabase) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = d.server.Stop(ctx) // beyond the deadline it is stopped at once
}

func TestPostgresAwayRefusesNoWebhook(t *testing.T) {
	t.Parallel()
	database := startDatabase(t, nil)
	e := startEngines(t, database.url())
	s := e.hook(events.DefaultTenant)
	p := startRole(t, e.settings, "all")
	s.at.Store(&p.http)
	stop := s.run(t, "away", chaosWorkers, chaos().perSecond/2) // one chat is told of all of them, one by one
	pause(t.Context(), time.Second)
	database.stop()
	pause(t.Context(), outage())
	if status, body, err := get(t.Context(), "http://"+p.http+"/ready"); err != nil || status != http.StatusOK {
		t.Errorf("with PostgreSQL away /ready of the ingress says %d %s, %v, want 200: webhooks are taken", status, body, err)
	}
	if _, body, err := get(t.Context(), "http://"+p.http+"/health/detailed"); err != nil || !strings.Contains(body, `"degraded"`) {
		t.Errorf("with PostgreSQL away /health/detailed says %s, %v, want degraded", body, err)
	}
	database.start()
	pause(t.Context(), time.Second)
	stop()
	for status, n := range s.statuses() {
		if status != http.StatusAccepted && status != http.StatusOK {
			t.Errorf("%d webhooks were answered %d, want none refused", n, status)
		}
	}
	recordedOnce(t, e.pool, events.DefaultTenant, s, chaosLimit)
	e.noticesDue(0)
}

// refusedAtOnce is how long 95 of 100 refusals may take while NATS is away, on a busy machine.
const refusedAtOnce = 3 * time.Second // a publish that waits takes five

func TestStreamsAwayRefuseAtOnceAndStoreNothingRefused(t *testing.T) {
	t.Parallel()
	e := startEngines(t, "")
	s := e.hook(events.DefaultTenant)
	p := startRole(t, e.settings, "all")
	s.at.Store(&p.http)
	stop := s.run(t, "away", chaosWorkers, chaos().perSecond)
	pause(t.Context(), time.Second)
	stopping := time.Now()
	e.streams.Stop()
	stopped := time.Now()
	pause(t.Context(), outage()/2)
	if status, _, err := get(t.Context(), "http://"+p.http+"/ready"); err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("with the streams away /ready says %d, %v, want 503", status, err)
	}
	starting := time.Now()
	e.streams.Start()
	var back time.Time
	eventually(t, arriveIn, "webhooks to be accepted again", func() bool {
		for _, a := range s.answers() {
			if a.status == http.StatusAccepted && a.began.After(starting) {
				back = a.ended
				return true
			}
		}
		return false
	})
	t.Logf("accepted again %s after the streams were back", back.Sub(starting).Round(time.Millisecond))
	pause(t.Context(), time.Second)
	stop()
	refused, inFlight := s.refusals(t, stopping, stopped)
	stored := stored(t, e.streams.Conn, events.DefaultTenant)
	for id := range refused {
		if stored[id] > 0 {
			t.Errorf("%s was refused and is on the stream", id)
		}
	}
	ghosts := 0
	for id := range inFlight {
		ghosts += stored[id]
	}
	if ghosts > chaosWorkers {
		t.Errorf("%d events in flight at the stop were refused and are on the stream, want at most %d, one per sender", ghosts, chaosWorkers)
	}
	for id := range refused { // as the provider does, later
		if a := s.post(t.Context(), id, s.body(id, 0)); a.status != http.StatusAccepted {
			t.Errorf("%s was refused; sent again it is answered %d, want 202", id, a.status)
		}
	}
	recordedOnce(t, e.pool, events.DefaultTenant, s, chaosLimit)
	// A message that Telegram took while the streams went away may not be recorded.
	e.noticesDue(1)
}

// refusals checks how requests were refused while the streams were away. It
// returns the ids that must not be stored, and apart from them those that were
// under way while the server stopped: at the moment when the connection breaks
// each sender may have one in flight whose outcome nobody can know.
func (s *sender) refusals(t *testing.T, stopping, stopped time.Time) (refused, inFlight map[string]bool) {
	t.Helper()
	refused, inFlight = map[string]bool{}, map[string]bool{}
	var took []time.Duration
	for _, a := range s.answers() {
		if a.status == http.StatusAccepted || a.status == http.StatusOK {
			continue
		}
		if a.status != http.StatusServiceUnavailable || a.retryAfter == "" {
			t.Errorf("%s was answered %d with Retry-After %q, want 503 with one", a.id, a.status, a.retryAfter)
		}
		if a.began.Before(stopped) && a.ended.After(stopping) {
			inFlight[a.id] = true
			continue
		}
		refused[a.id] = true
		took = append(took, a.ended.Sub(a.began))
	}
	for id := range s.accepted() {
		delete(refused, id)
		delete(inFlight, id)
	}
	for id := range inFlight {
		delete(refused, id)
	}
	if len(refused) == 0 {
		t.Fatal("nothing was refused: the streams were not away")
	}
	slices.Sort(took)
	most := took[len(took)*95/100]
	t.Logf("%d refused, 95 %% within %s, all within %s; %d were in flight during the stop of %s", len(refused), most, took[len(took)-1], len(inFlight), stopped.Sub(stopping))
	if most > refusedAtOnce {
		t.Errorf("5 %% of the refusals took %s and more, want at most %s", most, refusedAtOnce)
	}
	return refused, inFlight
}

// stored counts the messages on the stream of webhooks by the provider's id.
func stored(t *testing.T, conn *nats.Conn, tenant string) map[string]int {
	t.Helper()
	ids := map[string]int{}
	err := nats.Read(t.Context(), conn.JS, nats.ReadRange{Stream: nats.StreamWebhooks}, func(m *nats.Message) error {
		if id, ok := strings.CutPrefix(m.Header.Get("Nats-Msg-Id"), events.MessageID(tenant, "stripe", "")); ok {
			ids[id]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestTelegramInTroubleDelaysOnlyMessages(t *testing.T) {
	t.Parallel()
	e := startEngines(t, "")
	s := e.hook(events.DefaultTenant)
	p := startRole(t, e.settings, "all")
	s.at.Store(&p.http)
	for name, fault := range map[string]simulator.Fault{
		"429":  {Kind: simulator.FaultFlood, Method: "sendMessage", RetryAfter: 1},
		"5xx":  {Kind: simulator.FaultServer, Method: "sendMessage"},
		"hang": {Kind: simulator.FaultHang, Method: "sendMessage"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := e.telegram.SetFault(fault); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(e.telegram.ClearFaults)
			before := e.telegram.Sent()
			began := time.Now()
			for n := range 60 {
				id := fmt.Sprintf("evt_%s_%03d", name, n)
				if a := s.post(t.Context(), id, s.body(id, int64(n))); a.status != http.StatusAccepted {
					t.Fatalf("%s is answered %d, want 202", id, a.status)
				}
			}
			recordedOnce(t, e.pool, events.DefaultTenant, s, chaosLimit) // the trouble lasts longer
			t.Logf("60 webhooks were accepted and recorded within %s", time.Since(began).Round(time.Millisecond))
			pause(t.Context(), outage()/4) // meanwhile it is tried again
			if sent := e.telegram.Sent() - before; sent != 0 {
				t.Errorf("%d messages went through a Telegram in trouble", sent)
			}
			e.telegram.ClearFaults()
			// What hung is done when the fault is cleared, but its answer may come after
			// the caller's deadline: then the message is sent again, one per chat at most.
			own := *e
			own.t = t
			own.noticesDue(1)
		})
	}
	for _, chat := range e.chats() {
		inOrder(t, e, chat)
	}
}

// inOrder compares a chat with the order of its notices on the stream.
func inOrder(t *testing.T, e *engines, chat int64) {
	t.Helper()
	var want []string
	filter := events.NoticeFilter(events.Lane(chat))
	err := nats.Read(t.Context(), e.streams.Conn.JS, nats.ReadRange{Stream: nats.StreamNotices, Subject: filter}, func(m *nats.Message) error {
		n, err := events.DecodeNotice(m.Header, m.Data)
		if err == nil && n.ChatID == chat {
			want = append(want, n.Text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	next := 0
	for _, m := range e.telegram.Messages(chat) {
		switch {
		case next < len(want) && m.HTML == want[next]:
			next++
		case next > 0 && m.HTML == want[next-1]: // a repeat
		case m.FromBot && strings.Contains(m.Text, "pi_"): // no answer to /start
			t.Fatalf("chat %d reads %q as message %d of %d, want %q", chat, m.Text, next+1, len(want), want[min(next, len(want)-1)])
		}
	}
	if next != len(want) || next == 0 {
		t.Errorf("chat %d holds %d of %d messages", chat, next, len(want))
	}
}
