package botgw

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/botgw/pace"
	"ukbot/botgw/simulator"
	"ukbot/botgw/telegram"
	"ukbot/events"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/secret/logtest"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// patience is how long a test waits for what should come at once.
const patience = time.Minute

// token is the bot of the tests.
const token = "100:AAtheSECRETpart"

// backbone is the streams, PostgreSQL and Telegram of one test, with a notifier
// and a sender that run from start to stop.
type backbone struct {
	api       string // address of the simulator
	t         testing.TB
	streams   *natstest.Env
	conn      *nats.Conn
	publisher *nats.Publisher
	pool      *pgxpool.Pool
	sim       *simulator.Server
	bot       *telegram.Bot
	calls     atomic.Int64 // of Telegram, begun
	registry  *prometheus.Registry
	logged    *logtest.Lines
	rate      float64
	outlets   Outlets // nil: the bot above
	lines     *pace.Lines
	grace     time.Duration
	stop      func() // ends both and waits for them
	forget    Forget // nil: nobody has a session
}

// newBackbone has the payer p-1 (chat 7, Uzbek) and the manager m-1 (chat 8,
// Russian) of the tenant demo. Nothing runs yet.
func newBackbone(t testing.TB, pool *pgxpool.Pool) *backbone {
	t.Helper()
	return newBackboneWith(t, pool, simulator.Config{})
}

// newBackboneWith has a Telegram of its own kind.
func newBackboneWith(t testing.TB, pool *pgxpool.Pool, cfg simulator.Config) *backbone {
	t.Helper()
	sim := simulator.New(cfg)
	sim.AddBot(token, "test_bot")
	b := &backbone{t: t, pool: pool, sim: sim, registry: prometheus.NewRegistry(), logged: &logtest.Lines{}, stop: func() {}}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.calls.Add(1)
		sim.Handler().ServeHTTP(w, r)
	}))
	b.api = web.URL
	b.bot = telegram.New(token, b.api, 5*time.Second)
	t.Cleanup(func() { b.bot.Close(); sim.Close(); web.Close() })
	b.streams = natstest.Start(t)
	b.conn, b.publisher = b.streams.Conn, b.streams.Publisher
	b.person("p-1", 7, "applicant", "uz")
	b.person("m-1", 8, "manager", "ru")
	t.Cleanup(func() { b.stop() })
	return b
}

// start runs the notifier and the sender; the returned function is b.stop too.
func (b *backbone) start() {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := zerolog.New(b.logged)
	registry := prometheus.NewRegistry() // each run's own, as a process has
	b.registry = registry
	consumers := nats.NewMetrics(registry)
	notifier := NewNotifier(b.conn, b.publisher, b.pool, NotifyConfig{Forget: b.forget, Metrics: consumers, Log: log})
	b.lines = pace.NewLines(b.rate)
	outlets := b.outlets
	if outlets == nil { // one bot for all tenants
		line := b.lines.Of(b.bot.ID())
		outlets = func(string) (Outlet, bool) { return Outlet{b.bot, line}, true }
	}
	sender := NewSender(b.conn, b.publisher, b.pool, outlets, SendConfig{
		StopGrace: b.grace, Consumers: consumers, Metrics: NewSendMetrics(registry), Log: log,
	})
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{notifier.Run, sender.Run} {
		wg.Go(func() {
			if err := run(ctx); err != nil {
				b.t.Errorf("ended with: %v", err)
			}
		})
	}
	b.stop = func() { cancel(); wg.Wait() }
}

// person adds somebody who has started the bot.
func (b *backbone) person(id string, chatID int64, role, language string) {
	b.t.Helper()
	b.sim.AddUser(simulator.User{ID: chatID, FirstName: id, LanguageCode: language})
	if err := b.sim.Start(token, chatID); err != nil {
		b.t.Fatal(err)
	}
	err := db.New(b.pool).SetPerson(b.t.Context(), db.SetPersonParams{
		TenantID: "demo", PersonID: id, ChatID: chatID, Name: "Имя " + id, Role: role, Language: language,
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// subscribe lets a chat have the events of a pattern.
func (b *backbone) subscribe(chatID int64, pattern string) {
	b.t.Helper()
	err := db.New(b.pool).Subscribe(b.t.Context(), db.SubscribeParams{TenantID: "demo", ChatID: chatID, Pattern: pattern, Language: "en"})
	if err != nil {
		b.t.Fatal(err)
	}
}

// payment is an event about a payment of payer; name tells it from others and is
// its description.
func payment(name, payer string) events.Envelope {
	id := events.DeriveID("test", name)
	return events.Envelope{
		ID: id, Type: "payment.succeeded", Tenant: "demo", Source: "workers", Time: time.Now(),
		Correlation: events.RowID("demo", "stripe", name, time.Now()), ContentType: "application/json",
		Data: mustJSON(events.PaymentChanged{
			Change: "payment.succeeded", Kind: "payment", ExternalID: "pi_" + name, Status: "succeeded",
			AmountMinor: 125_000_000, Currency: "UZS", Payer: payer, Description: name, Source: "stripe",
		}),
	}
}

// generic is an event that only subscribers are told of.
func generic(name, source, eventType string) events.Envelope {
	return events.Envelope{
		ID: events.DeriveID("test", name), Type: events.TypeGeneric, Tenant: "demo", Source: "workers", Time: time.Now(),
		Data: mustJSON(events.Generic{Source: source, Type: eventType, EventID: name, Summary: name}),
	}
}

// publish stores an event on a subject of EVENTS under a message id of its own,
// so that the stream takes it for no repeat.
func (b *backbone) publish(e events.Envelope) {
	b.t.Helper()
	b.publishTo(events.PaymentSubject(e.Tenant, "succeeded"), e)
}

func (b *backbone) publishTo(subject string, e events.Envelope) {
	b.t.Helper()
	m := natsgo.NewMsg(subject)
	m.Header, m.Data = e.Header(), e.Data
	m.Header.Set(jetstream.MsgIDHeader, natsgo.NewInbox())
	b.store(m)
}

// notice stores a notice in its lane, as the notifier does.
func (b *backbone) notice(name string, chatID int64, words string) events.Notice {
	b.t.Helper()
	return b.put(events.Notice{ID: events.DeriveID("test", name), ChatID: chatID, Text: words})
}

// put stores a notice that says what matters; the rest is filled in.
func (b *backbone) put(n events.Notice) events.Notice {
	b.t.Helper()
	n.Tenant, n.Template, n.Language, n.Event, n.Since = "demo", "test", "en", "e-1", time.Now()
	n.Priority = cmp.Or(n.Priority, events.PriorityNormal)
	if n.At.IsZero() {
		n.At = n.Since
	}
	p, err := newPending(n, fact{Envelope: events.Envelope{ID: "e-1", Time: time.Now()}}, time.Time{}, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	b.store(p.message)
	return n
}

func (b *backbone) store(m *natsgo.Msg) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	if _, err := b.publisher.Publish(ctx, m); err != nil {
		b.t.Fatal(err)
	}
}

// texts waits until a chat has n messages from the bot and returns them all.
func (b *backbone) texts(chatID int64, n int) []string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	messages, err := b.sim.Wait(ctx, chatID, func(all []simulator.Message) bool { return len(fromBot(all)) >= n })
	if err != nil {
		b.t.Fatalf("%v\nlog:\n%s", err, b.logged)
	}
	return fromBot(messages)
}

func fromBot(messages []simulator.Message) (texts []string) {
	for _, m := range messages {
		if m.FromBot {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// until waits for a condition that nothing announces.
func (b *backbone) until(what string, cond func() bool) {
	b.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-deadline:
			b.t.Fatalf("not within %s: %s\nlog:\n%s", patience, what, b.logged)
		case <-tick.C:
		}
	}
}

// delivered waits until the record of a notice is there.
func (b *backbone) delivered(n events.Notice) (d Delivery) {
	b.t.Helper()
	b.until("notice "+n.ID+" is recorded", func() bool {
		var found bool
		var err error // on a busy machine a look may take too long
		d, found, err = newOnce(b.conn).find(b.t.Context(), n.ID)
		return found && err == nil
	})
	return d
}

// fault lets Telegram fail.
func (b *backbone) fault(f simulator.Fault) {
	b.t.Helper()
	if err := b.sim.SetFault(f); err != nil {
		b.t.Fatal(err)
	}
}

// idle says whether none of botgw's consumers has anything left to do.
func (b *backbone) idle() bool {
	for _, spec := range nats.Consumers {
		if spec.Stream != nats.StreamEvents && spec.Stream != nats.StreamNotices {
			continue
		}
		consumer, err := b.conn.JS.Consumer(b.t.Context(), spec.Stream, spec.Config.Durable)
		if errors.Is(err, jetstream.ErrConsumerNotFound) { // a lane that its sender has still to make
			return false
		}
		if err != nil {
			b.t.Fatal(fmt.Errorf("consumer %s: %w", spec.Config.Durable, err))
		}
		if info := consumer.CachedInfo(); info.NumPending > 0 || info.NumAckPending > 0 {
			return false
		}
	}
	return true
}

// settled waits until everything stored has been dealt with.
func (b *backbone) settled() {
	b.t.Helper()
	// Twice: between two looks a message may have gone from one that was still to be
	// looked at to one that already was.
	for range 2 {
		b.until("all consumers idle", b.idle)
	}
}

// exec changes rows as an operator would.
func (b *backbone) exec(query string, args ...any) {
	b.t.Helper()
	if _, err := b.pool.Exec(b.t.Context(), query, args...); err != nil {
		b.t.Fatal(err)
	}
}

// housingEvent is an event of the company's, about the tenant demo.
func housingEvent(name, eventType string, data any) events.Envelope {
	return events.Envelope{
		ID: events.DeriveID("test", name), Type: eventType, Tenant: "demo", Source: "housing", Time: time.Now(),
		ContentType: "application/json", Data: mustJSON(data),
	}
}
