package desk_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/botgw/desk"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/events"
	"ukbot/golden"
	"ukbot/housing/housingtest"
	"ukbot/nats"
	"ukbot/ops"
	"ukbot/sql/db"
)

// operators is an office whose desk may ask the operators' API.
func operators(t *testing.T, wrongKey ...string) (o *office, root *housingtest.Client) {
	t.Helper()
	var cfg *desk.Config
	o = open(t, func(c *desk.Config) { cfg = c })
	key, entry := ops.NewKey("bot", o.Tenant)
	keys, err := ops.ParseKeys(entry)
	must(t, err)
	app := fiber.New(fiber.Config{DisableStartupMessage: true, ReadBufferSize: 16 << 10})
	ops.Register(app, ops.Deps{Pool: o.Pool, NATS: o.NATS.Conn, Publisher: o.NATS.Publisher, Log: zerolog.Nop()}, keys)
	for _, day := range []time.Time{o.Clock.Now(), time.Now(), time.Now().Add(time.Hour)} {
		must(t, db.New(o.Pool).EnsureWebhookPartition(t.Context(), pgtype.Date{Time: day.UTC(), Valid: true}))
	}
	cfg.Operator = client(t, serve(t, app), append(wrongKey, key.Reveal())[0])
	o.desk = desk.New(*cfg)
	return o, o.Admin()
}

// serve answers until the test ends.
func serve(t *testing.T, app *fiber.App) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	done := make(chan error, 1)
	go func() { done <- app.Listener(listener) }()
	t.Cleanup(func() {
		_ = app.ShutdownWithTimeout(5 * time.Second)
		listener.Close()
		<-done
	})
	return "http://" + listener.Addr().String() + "/api/v1"
}

// withKey sends requests with an operator's key.
type withKey struct{ key string }

func (k withKey) Do(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Api-Key", k.key)
	return http.DefaultClient.Do(r)
}

func client(t *testing.T, url, key string) *api.ClientWithResponses {
	t.Helper()
	c, err := api.NewClientWithResponses(url, api.WithHTTPClient(withKey{key}))
	must(t, err)
	return c
}

// kinds are the errors there are; a record of an earlier program has none.
var kinds = []*string{new("permanent"), new("exhausted"), new("transient"), nil}

// failed records a webhook of a source that failed an hour ago.
func (o *office) failed(n int, tenant, source string) string {
	o.t.Helper()
	w := events.Webhook{
		Envelope: events.Envelope{
			ID: fmt.Sprintf("evt_%s_%d", source, n), Type: "payment_intent.payment_failed", Tenant: tenant, Source: source,
			Time: o.Clock.Now().Add(-time.Duration(n+1) * time.Hour), ContentType: "application/json", Data: []byte(`{"secret":"4242"}`),
		},
		Request: events.Request{HookID: uuid.NewString(), Preset: "stripe", RequestID: "req", MaxRetries: 5},
	}
	config, err := json.Marshal(events.Hook{ID: w.Request.HookID, Tenant: w.Tenant, Source: source, Preset: "stripe"})
	must(o.t, err)
	q := db.New(o.Pool)
	_, err = q.SetHook(o.t.Context(), db.SetHookParams{TenantID: w.Tenant, Source: source, ID: uuid.MustParse(w.Request.HookID), Config: config})
	must(o.t, err)
	headers, cause := []byte("{}"), "card 4242 declined"
	_, err = q.InsertWebhooks(o.t.Context(), []db.InsertWebhooksParams{{
		ID: uuid.MustParse(w.Row()), TenantID: w.Tenant, Source: source, EventID: w.ID, EventType: w.Type,
		Subject: events.WebhookSubject(w.Tenant, source, w.Type), Status: ops.StatusFailed, Payload: w.Data, PayloadJson: w.Data,
		PayloadBytes: int32(len(w.Data)), ContentType: w.ContentType, Headers: headers, SignatureScheme: "none", SignatureValid: true,
		RequestID: "req", MaxRetries: 5, RetryCount: 4, Effects: []byte("[]"), ReceivedAt: w.Time, LastError: &cause, ErrorKind: kinds[n],
	}})
	must(o.t, err)
	return w.Row()
}

// copies is how many webhooks were put into the stream again.
func (o *office) copies() uint64 {
	o.t.Helper()
	stream, err := o.NATS.Conn.JS.Stream(o.t.Context(), nats.StreamWebhooks)
	must(o.t, err)
	return stream.CachedInfo().State.Msgs
}

func TestFailedWebhooks(t *testing.T) {
	o, root := operators(t)
	for _, language := range words.Languages {
		golden.Equal(t, language+"/hooks_none"+".golden.txt", said(t, o.asked(screen{"hooks", root, "whl"}, language)))
	}
	id := o.failed(0, o.Tenant, "stripe")
	o.failed(1, o.Tenant, "stripe")
	o.failed(2, o.Tenant, "telephony")
	o.failed(3, housingtest.Other, "stripe")
	o.failed(3, o.Tenant, "telephony")
	for _, language := range words.Languages {
		list := said(t, o.asked(screen{"hooks", root, "whl"}, language))
		golden.Equal(t, language+"/hooks"+".golden.txt", list)
		if strings.Contains(list, "4242") || strings.Count(list, "stripe ·") != 2 {
			t.Errorf("too much is shown:\n%s", list)
		}
		golden.Equal(t, language+"/hook_ask"+".golden.txt", said(t, o.asked(screen{"ask", root, "wh all stripe"}, language)))
	}
	if n := o.copies(); n != 0 {
		t.Fatalf("%d copies before anybody was sure", n)
	}
	turn := o.asked(screen{"one", root, "wh one " + id + " stripe"}, "ru")
	has(t, turn, talk.Toast, "Отправлено на повтор")
	turn = o.asked(screen{"again", root, "wh one " + id + " stripe"}, "ru")
	has(t, turn, talk.Toast, "уже обрабатывается")
	turn = o.asked(screen{"all", root, "wh all stripe yes"}, "ru")
	has(t, turn, talk.Toast, "отправлено 2 события")
	if n := o.copies(); n != 2 {
		t.Errorf("%d copies, want the two of stripe, once each", n)
	}
	for name, tc := range map[string]struct{ call, alert string }{
		"an event nobody has":   {"wh one " + uuid.NewString() + " stripe", "Этого больше нет"},
		"no event at all":       {"wh one", ""},
		"no source at all":      {"wh all", ""},
		"a source with nothing": {"wh all cameras", "Сбоев нет"},
	} {
		turn := o.asked(screen{name, root, tc.call}, "ru")
		if got := said(t, turn); !strings.Contains(got, tc.alert) || !strings.Contains(got, "Сбои вебхуков") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAKeyThatOperatorsDoNotKnow(t *testing.T) {
	o, root := operators(t, "ukb_nobody")
	for _, call := range []string{"whl", "wh one x stripe", "wh all stripe", "wh all stripe yes"} {
		turn := o.asked(screen{"refused", root, call}, "ru")
		has(t, turn, talk.Alert, "не настроен")
		has(t, turn, talk.Auto, "Панель")
	}
}
