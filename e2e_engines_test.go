package main

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/botgw/simulator"
	"ukbot/events"
	"ukbot/ingress"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/ops"
	"ukbot/secret"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

// engines is what the roles run against when a test must outlive them or stop
// one of them: streams, database and Telegram in the test's own process.
type engines struct {
	t        *testing.T
	streams  *natstest.Env
	pool     *pgxpool.Pool
	telegram *simulator.Server
	keys     *secret.Keyset
	settings []string // for the roles
}

// enginesChats is whom a test's payments name, one chat each, and the manager's.
const (
	enginesPayers  = 4
	enginesPayer0  = int64(3001)
	enginesManager = int64(4001)
)

// startEngines starts all; database is a URL of a migrated database, empty for
// a fresh one of the shared server.
func startEngines(t *testing.T, database string) *engines {
	t.Helper()
	if database == "" {
		database = dbtest.URL(t)
	}
	key := secret.NewKey("e2e")
	keys, err := secret.ParseKeyset(key)
	if err != nil {
		t.Fatal(err)
	}
	e := &engines{t: t, streams: natstest.Start(t), pool: openPool(t, database), keys: keys}
	e.telegram = simulator.New(simulator.Config{KeepPerChat: 1_000_000})
	t.Cleanup(e.telegram.Close)
	e.telegram.AddBot(simulatorToken, "ukbot_e2e_bot")
	api := httptest.NewServer(e.telegram.Handler())
	t.Cleanup(func() { e.telegram.Close(); api.Close() })
	e.settings = []string{
		"NATS_URL=" + e.streams.URL(), "DATABASE_URL=" + database, "UKBOT_KEYS=" + key.Reveal(),
		"TELEGRAM_TOKEN=" + simulatorToken, "UKBOT_TELEGRAM_API=" + api.URL, "UKBOT_TELEGRAM_RATE=0",
	}
	for n := range enginesPayers {
		e.person(fmt.Sprintf("payer-%d", n), enginesPayer0+int64(n), "applicant", "uz")
	}
	e.person("manager", enginesManager, "manager", "ru")
	return e
}

func (e *engines) person(id string, chat int64, role, language string) {
	e.t.Helper()
	e.telegram.AddUser(simulator.User{ID: chat, FirstName: id, LanguageCode: language})
	if err := e.telegram.Start(simulatorToken, chat); err != nil {
		e.t.Fatal(err)
	}
	person := db.SetPersonParams{TenantID: events.DefaultTenant, PersonID: id, ChatID: chat, Name: id, Role: role, Language: language}
	if err := db.New(e.pool).SetPerson(e.t.Context(), person); err != nil {
		e.t.Fatal(err)
	}
}

// chats are all people of the engines.
func (e *engines) chats() []int64 {
	all := []int64{enginesManager}
	for n := range enginesPayers {
		all = append(all, enginesPayer0+int64(n))
	}
	return all
}

// hook makes a Stripe configuration of a tenant and its sender, which signs
// payments of all payers in turn.
func (e *engines) hook(tenant string) *sender {
	e.t.Helper()
	return e.hookOn(e.streams.Conn, tenant)
}

func (e *engines) hookOn(conn *nats.Conn, tenant string) *sender {
	e.t.Helper()
	hook := events.Hook{Tenant: tenant, Source: "stripe", Preset: "stripe", Enabled: true}
	if err := ingress.ApplyPreset(&hook); err != nil {
		e.t.Fatal(err)
	}
	key := demoSecret()
	hook.Secrets = []string{e.keys.Seal(key, events.HookOwner(hook.Tenant, hook.Source))}
	hook, err := ops.SetHook(e.t.Context(), e.pool, conn, hook)
	if err != nil {
		e.t.Fatal(err)
	}
	s := newSender(hook, key, "")
	s.body = func(id string, n int64) []byte { return paymentBody(id, fmt.Sprintf("payer-%d", n%enginesPayers)) }
	return s
}

// noticesDue waits until every record's notices have reached Telegram. A chat
// may hold `each` copies beyond the first ones.
func (e *engines) noticesDue(each int) {
	e.t.Helper()
	atRest(e.t, e.pool, e.streams.URL())
	due := count(e.t, e.pool, "SELECT count(*) FROM bot_notices")
	distinct, extra := 0, 0
	for _, chat := range e.chats() {
		counts := noticesOf(e.telegram.Messages(chat))
		distinct += len(counts)
		more, which := repeats(counts)
		if more > each {
			e.t.Errorf("chat %d was told %d times too often, want at most %d: %v", chat, more, each, which)
		}
		extra += more
	}
	e.t.Logf("%d of %d messages were sent twice", extra, distinct+extra)
	records := len(recorded(e.t, e.pool, events.DefaultTenant))
	if due != 2*records || distinct != due {
		e.t.Errorf("%d events made %d notices, of which %d arrived; want two each, all of them", records, due, distinct)
	}
}

// atRest waits until the outbox is empty and every consumer has answered all
// there is, twice in a row: between two of them a message is in neither.
func atRest(t *testing.T, pool *pgxpool.Pool, url string) {
	t.Helper()
	conn, err := nats.Connect(url, "admin", zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for quiet, tick, deadline := 0, time.NewTicker(20*time.Millisecond), time.Now().Add(chaosLimit); quiet < 2; <-tick.C {
		busy := underWay(t, pool, conn)
		if quiet++; busy != "" {
			quiet = 0
		}
		if busy != "" && time.Now().After(deadline) {
			t.Fatalf("after %s there still are %s", chaosLimit, busy)
		}
	}
}

// underWay names something that is not at rest; "" if all is.
func underWay(t *testing.T, pool *pgxpool.Pool, conn *nats.Conn) string {
	t.Helper()
	if n := count(t, pool, "SELECT count(*) FROM outbox"); n > 0 {
		return fmt.Sprintf("%d events in the outbox", n)
	}
	for _, name := range []string{nats.StreamWebhooks, nats.StreamEvents, nats.StreamNotices} {
		stream, err := conn.JS.Stream(t.Context(), name)
		if err != nil {
			return err.Error()
		}
		consumers := stream.ListConsumers(t.Context())
		busy := ""
		for info := range consumers.Info() {
			if waits(info) {
				busy = fmt.Sprintf("%s: %d to deliver, %d to answer", info.Name, info.NumPending, info.NumAckPending)
			}
		}
		if busy != "" {
			return busy
		}
	}
	return ""
}

func waits(info *jetstream.ConsumerInfo) bool { return info.NumPending > 0 || info.NumAckPending > 0 }
