package botgw

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	natsgo "github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
	"ukbot/sql/pglocal"
)

func TestAPaymentIsToldToPayerAndManagerInTheirLanguages(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	b.start()
	e := payment("Лифт <3", "p-1")
	b.publish(e)
	for chatID, want := range map[int64][]string{
		7: {"Toʻlov qabul qilindi", "1\u00a0250\u00a0000\u00a0soʻm", "Лифт <3"},
		8: {"Поступила оплата", "1\u00a0250\u00a0000\u00a0сум", "Плательщик: Имя p-1", "Лифт <3"},
	} {
		got := b.texts(chatID, 1)[0]
		for _, part := range want {
			if !strings.Contains(got, part) {
				t.Errorf("chat %d reads %q, want %q in it", chatID, got, part)
			}
		}
	}
	b.settled()
	correlation := uuid.MustParse(e.Correlation)
	rows, err := db.New(b.pool).Notices(t.Context(), "demo", correlation)
	if err != nil || len(rows) != 2 {
		t.Fatalf("recorded notices %+v, %v, want two", rows, err)
	}
	for _, row := range rows {
		d, found, err := newOnce(b.conn).find(t.Context(), row.ID.String())
		if err != nil || !found || d.Outcome != outcomeSent || d.MessageID == 0 || d.ChatID != row.ChatID {
			t.Errorf("delivery of %s to %d: %+v, %v, %v", row.Template, row.ChatID, d, found, err)
		}
	}
}

func TestTheSameEventIsToldOnce(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	b.start()
	e := payment("a", "p-1")
	b.publish(e)
	b.texts(7, 1)
	b.publish(e)
	b.publish(payment("b", "p-1"))
	b.settled()
	if got := b.texts(7, 2); len(got) != 2 {
		t.Errorf("chat 7 has %d messages, want two: %q", len(got), got)
	}
}

func TestTheStreamForgettingARepeatSendsNoSecondCopy(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	b.start()
	n := b.notice("a", 7, "a")
	b.delivered(n)
	again, err := newPending(n, fact{}, time.Time{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	again.message.Header.Set("Nats-Msg-Id", "another") // as after the duplicate window
	b.store(again.message)
	b.notice("b", 7, "b")
	b.texts(7, 2)
	b.settled()
	if got := b.texts(7, 2); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("messages %q, want a and b", got)
	}
}

func TestAReplayTellsNobodyUnlessAsked(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	b.start()
	first := payment("a", "p-1")
	b.publish(first)
	b.texts(7, 1)
	quiet := first
	quiet.Replay, quiet.Quiet = "replay-1", true
	b.publish(quiet)
	b.settled()
	if got := b.texts(7, 1); len(got) != 1 {
		t.Fatalf("a quiet replay was told: %q", got)
	}
	loud := first
	loud.Replay = "replay-2"
	b.publish(loud)
	b.texts(7, 2)
}

func TestSubscribersHaveWhatTheyAskedFor(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	b.person("x", 9, "applicant", "en")
	b.subscribe(7, "*")
	b.subscribe(7, "github.*") // matches too, and is told once
	b.subscribe(9, "github.push")
	b.start()
	b.publish(generic("1", "github", "push"))
	b.publish(generic("2", "crm", "lead/new"))
	b.publish(generic("3", "github", "push"))
	for chatID, want := range map[int64][]string{7: {"1", "2", "3"}, 9: {"1", "3"}} {
		var got []string
		for _, text := range b.texts(chatID, len(want)) {
			got = append(got, text[len(text)-1:])
		}
		if !slices.Equal(got, want) {
			t.Errorf("chat %d was told %q, want %q", chatID, got, want)
		}
	}
	b.settled()
	if got := b.texts(8, 0); len(got) != 0 {
		t.Errorf("who asked for nothing was told %q", got)
	}
}

func TestAnUnreadableEventIsDeadAndStopsNoOther(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	bare := natsgo.NewMsg(events.PaymentSubject("demo", "succeeded"))
	bare.Data = []byte("{}")
	b.store(bare)
	broken := payment("broken", "p-1")
	broken.Data = []byte("{")
	b.publish(broken)
	b.publish(payment("good", "p-1"))
	b.start()
	b.texts(7, 1)
	b.settled()
	stream, err := b.conn.JS.Stream(t.Context(), nats.StreamDead)
	if err != nil {
		t.Fatal(err)
	}
	if got := stream.CachedInfo().State.Msgs; got != 2 {
		t.Errorf("%d dead letters, want 2", got)
	}
}

func TestWhatPostgreSQLRefusesStopsNoOther(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	poison := payment("poison", "p-1\x00") // no text of PostgreSQL holds a zero byte
	b.publish(poison)
	b.publish(payment("good", "p-1"))
	b.start()
	if got := b.texts(7, 1); !strings.Contains(got[0], "good") {
		t.Errorf("chat 7 reads %q", got)
	}
}

func TestTheRefundOfAPaymentIsToldToItsPayer(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	_, err := b.pool.Exec(t.Context(), `INSERT INTO payments (tenant_id, source, external_id, kind, status, amount_minor, currency, payer, provider_time, provider_rank, webhook_id)
		VALUES ('demo', 'stripe', 'pi_1', 'payment', 'succeeded', 100, 'USD', 'p-1', now(), 7, gen_random_uuid())`)
	if err != nil {
		t.Fatal(err)
	}
	b.start()
	refund := func(name string) events.Envelope {
		e := payment(name, "")
		e.Type = "payment.refund.updated"
		e.Data = mustJSON(events.PaymentChanged{Kind: "refund", ExternalID: "re_1", ParentID: "pi_1", Status: "succeeded", AmountMinor: 50, Currency: "USD", Source: "stripe"})
		return e
	}
	b.publish(refund("created"))
	b.publish(refund("updated")) // says the same again
	b.publish(payment("last", "p-1"))
	got := b.texts(7, 2)
	if !strings.Contains(got[0], "Pulingiz qaytarildi") || !strings.Contains(got[1], "last") {
		t.Errorf("payer reads %q, want the refund once and the payment", got)
	}
	if manager := b.texts(8, 2); !strings.Contains(manager[0], "Плательщик: Имя p-1") {
		t.Errorf("manager reads %q, want the payer's name", manager[0])
	}
}

func TestEventsAreKeptWhileNoticesCannotBeStored(t *testing.T) {
	t.Parallel() // it mostly waits
	b := newBackbone(t, dbtest.New(t))
	n := NewNotifier(b.conn, b.publisher, b.pool, NotifyConfig{Metrics: b.streams.Metrics})
	message := func(e events.Envelope) *nats.Message { return &nats.Message{Header: e.Header(), Data: e.Data} }
	batch := []*nats.Message{
		message(generic("nobody", "crm", "x")), message(payment("a", "p-1")),
		message(events.Envelope{}), message(payment("b", "p-1")),
	}
	b.streams.Stop()
	errs := n.handle(t.Context(), batch)
	b.streams.Start()
	if errs[0] != nil || !errors.Is(errs[1], nats.ErrUnavailable) || !nats.IsPermanent(errs[2]) || !errors.Is(errs[3], nats.ErrUnavailable) {
		t.Errorf("outcomes %v, want done, held, dead, held", errs)
	}
	if errs = n.handle(t.Context(), batch); errs[1] != nil || errs[3] != nil {
		t.Errorf("outcomes afterwards %v, want done", errs)
	}
}

func TestManyManagersAreToldInOneBatch(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	const managers, payments = 90, 200 // more notices than a publisher lets wait
	_, err := b.pool.Exec(t.Context(), `INSERT INTO bot_people (tenant_id, person_id, chat_id, name, role, language)
		SELECT 'demo', 'm' || n, 1000 + n, '', 'manager', 'uz' FROM generate_series(1, $1) n`, managers)
	if err != nil {
		t.Fatal(err)
	}
	n := NewNotifier(b.conn, b.publisher, b.pool, NotifyConfig{Metrics: b.streams.Metrics})
	batch := make([]*nats.Message, payments)
	for i := range batch {
		e := payment(fmt.Sprint(i), "p-1")
		batch[i] = &nats.Message{Header: e.Header(), Data: e.Data}
	}
	if err := errors.Join(n.handle(t.Context(), batch)...); err != nil {
		t.Fatal(err)
	}
	stream, err := b.conn.JS.Stream(t.Context(), nats.StreamNotices)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := stream.CachedInfo().State.Msgs, uint64(payments*(managers+2)); got != want {
		t.Errorf("%d notices stored, want %d", got, want)
	}
}

func TestOrderSurvivesBatches(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	var want []string
	for i := range 300 {
		want = append(want, fmt.Sprint("n", i))
		b.publish(generic(want[i], "crm", "x"))
	}
	b.subscribe(7, "*")
	b.start()
	var got []string
	for _, text := range b.texts(7, len(want)) {
		got = append(got, text[strings.LastIndex(text, "\n")+1:])
	}
	if !slices.Equal(got, want) {
		t.Errorf("order %q", got)
	}
}

func TestNoticesComeLaterWhilePostgreSQLIsStopped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() // pglocal finds another where the server's account may walk
	postgres := startPostgres(t, dir, 0)
	url := postgres.URL("postgres")
	if err := db.Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	pool, err := db.NewPool(t.Context(), db.PoolConfig{URL: url, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	b := newBackbone(t, pool)
	b.start()
	b.publish(payment("before", "p-1"))
	b.texts(7, 1)
	if err := postgres.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.publish(payment("during-1", "p-1"))
	b.publish(payment("during-2", "p-1"))
	b.until("the notifier sees that PostgreSQL is away", func() bool {
		return strings.Contains(b.logged.String(), "dependency away")
	})
	startPostgres(t, dir, postgres.Port())
	got := b.texts(7, 3)
	for i, name := range []string{"before", "during-1", "during-2"} {
		if !strings.Contains(got[i], name) {
			t.Errorf("message %d is %q, want %s", i, got[i], name)
		}
	}
	b.stop()
}

// startPostgres starts a server of the test's own, which it may stop.
func startPostgres(t *testing.T, dir string, port int) *pglocal.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	server, err := pglocal.Start(ctx, pglocal.Config{Dir: dir, Port: port, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Remove() })
	return server
}
