package ops

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/api/apitest"
	"ukbot/events"
	"ukbot/nats/natstest"
	"ukbot/secret/logtest"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// fixture is a database, the streams and the API in front of them.
type fixture struct {
	t    *testing.T
	deps Deps
	nats *natstest.Env
	app  *fiber.App
	keys map[string]string // by name: "acme", "other" for their tenants, "all" for every one
}

var received = time.Now().UTC().Add(-time.Hour).Truncate(time.Millisecond)

// logger writes what a failed test shows. Not to the test itself, as it goes: a
// probe or a request that outlives the test may still log.
func logger(t *testing.T) zerolog.Logger {
	t.Helper()
	lines := &logtest.Lines{}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log:\n%s", lines)
		}
	})
	return zerolog.New(lines)
}

func start(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, nats: natstest.Start(t), keys: map[string]string{}}
	conn := f.nats.Connect("ops")
	f.deps = Deps{Pool: dbtest.New(t), NATS: conn, Publisher: natstest.NewPublisher(t, conn), Log: logger(t)}
	var entries []string
	for name, tenant := range map[string]string{"acme": "acme", "other": "other", "all": AllTenants} {
		plain, entry := NewKey(name, tenant)
		f.keys[name], entries = plain.Reveal(), append(entries, entry)
	}
	keys, err := ParseKeys(strings.Join(entries, ","))
	if err != nil {
		t.Fatal(err)
	}
	f.app = fiber.New(fiber.Config{ReadBufferSize: 16 << 10})
	Register(f.app, f.deps, keys)
	for _, day := range []time.Time{received, time.Now()} {
		if err := db.New(f.deps.Pool).EnsureWebhookPartition(t.Context(), pgtype.Date{Time: day.UTC(), Valid: true}); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// webhook is an event as the ingress stores it.
func webhook(tenant, source, id, eventType string) events.Webhook {
	return events.Webhook{
		Envelope: events.Envelope{
			ID: id, Type: eventType, Tenant: tenant, Source: source, Time: received,
			ContentType: "application/json", Data: []byte(`{"id":"` + id + `","note":"дом 🏠 <b>"}`),
		},
		Request: events.Request{
			HookID: uuid.NewString(), Preset: "stripe", Scheme: events.SchemeStripe, Signature: "t=1,v1=c0ffee", RemoteIP: "192.0.2.7",
			UserAgent: "Stripe/1.0", RequestID: "req-1", MaxRetries: 5,
			Headers: map[string]string{"Stripe-Version": "2026-01-01", "X-Auth-Token": "hunter2"},
		},
	}
}

// publish stores a webhook in its stream and returns its sequence.
func (f *fixture) publish(w events.Webhook) uint64 {
	f.t.Helper()
	msg := natsgo.NewMsg(events.WebhookSubject(w.Tenant, w.Source, w.Type))
	msg.Header, msg.Data = w.Header(), w.Data
	msg.Header.Set(jetstream.MsgIDHeader, events.MessageID(w.Tenant, w.Source, w.ID))
	ack, err := f.deps.Publisher.Publish(f.t.Context(), msg)
	if err != nil {
		f.t.Fatal(err)
	}
	return ack.Sequence
}

// row is the record of a webhook, as the workers make it.
func row(w events.Webhook, status string, sequence uint64) db.InsertWebhooksParams {
	headers, _ := json.Marshal(w.Request.Headers)
	began, took := w.Time.Add(time.Second), float32(1.5)
	r := db.InsertWebhooksParams{
		ID: uuid.MustParse(w.Row()), TenantID: w.Tenant, Source: w.Source, EventID: w.ID, EventType: w.Type,
		Subject: events.WebhookSubject(w.Tenant, w.Source, w.Type), StreamSequence: int64(sequence), Status: status,
		Payload: w.Data, PayloadBytes: int32(len(w.Data)), ContentType: w.ContentType, Headers: headers,
		Signature: &w.Request.Signature, SignatureScheme: w.Request.Scheme, SignatureValid: true, RequestID: w.Request.RequestID,
		MaxRetries: int32(w.Request.MaxRetries), Effects: []byte("[]"), ReceivedAt: w.Time, ProcessingStartedAt: &began, DurationMs: &took,
	}
	if json.Valid(w.Data) {
		r.PayloadJson = w.Data
	}
	if status == StatusFailed || status == StatusRetrying {
		cause, kind := "bank said: 100% no_way", "transient"
		r.LastError, r.ErrorKind = &cause, &kind
	}
	return r
}

// store writes records with their keys.
func (f *fixture) store(rows ...db.InsertWebhooksParams) {
	f.t.Helper()
	q := db.New(f.deps.Pool)
	if _, err := q.InsertWebhooks(f.t.Context(), rows); err != nil {
		f.t.Fatal(err)
	}
	var p db.ClaimWebhooksParams
	for _, r := range rows {
		p.TenantIds, p.Sources, p.EventIds = append(p.TenantIds, r.TenantID), append(p.Sources, r.Source), append(p.EventIds, r.EventID)
		p.Ids, p.ReceivedAts = append(p.Ids, r.ID), append(p.ReceivedAts, r.ReceivedAt)
		p.StreamSequences = append(p.StreamSequences, r.StreamSequence)
	}
	if _, err := q.ClaimWebhooks(f.t.Context(), p); err != nil {
		f.t.Fatal(err)
	}
}

// hook stores the configuration that chooses the handler of a source.
func (f *fixture) hook(tenant, source, preset string) {
	f.t.Helper()
	h := events.Hook{ID: uuid.NewString(), Tenant: tenant, Source: source, Preset: preset}
	config, _ := json.Marshal(h)
	_, err := db.New(f.deps.Pool).SetHook(f.t.Context(), db.SetHookParams{
		TenantID: tenant, Source: source, ID: uuid.MustParse(h.ID), Config: config,
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// call asks the API and returns status, header and body.
func (f *fixture) call(method, path, key, body string, headers ...string) (int, http.Header, string) {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+f.keys[key])
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := f.app.Test(req, -1)
	if err != nil {
		f.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := apitest.Check(req, res, text); err != nil {
		f.t.Errorf("%s %s answered %d, and not as the document says: %v", method, path, res.StatusCode, err)
	}
	return res.StatusCode, res.Header, string(text)
}

// get calls and decodes what must be a 200.
func get[T any](f *fixture, path, key string) T {
	f.t.Helper()
	status, _, body := f.call(http.MethodGet, path, key, "")
	if status != http.StatusOK {
		f.t.Fatalf("GET %s = %d %s", path, status, body)
	}
	return decode[T](f.t, body)
}

func decode[T any](t *testing.T, body string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

// expect calls and compares status and code of what must be a problem document.
func (f *fixture) expect(method, path, key, body string, status int, code string) {
	f.t.Helper()
	got, header, text := f.call(method, path, key, body)
	var p problem
	_ = json.Unmarshal([]byte(text), &p)
	if got != status || p.Code != code || p.Status != status || header.Get("Content-Type") != "application/problem+json" {
		f.t.Errorf("%s %s = %d %s %s, want %d %s", method, path, got, header.Get("Content-Type"), text, status, code)
	}
}

// message reads a message of a stream.
func (f *fixture) message(stream string, sequence uint64) *jetstream.RawStreamMsg {
	f.t.Helper()
	s, err := f.deps.NATS.JS.Stream(f.t.Context(), stream)
	if err != nil {
		f.t.Fatal(err)
	}
	msg, err := s.GetMsg(f.t.Context(), sequence)
	if err != nil {
		f.t.Fatalf("message %d of %s: %v", sequence, stream, err)
	}
	return msg
}

// messages is how many messages a stream holds.
func (f *fixture) messages(stream string) uint64 {
	f.t.Helper()
	s, err := f.deps.NATS.JS.Stream(f.t.Context(), stream)
	if err != nil {
		f.t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

// last is the last sequence of a stream.
func (f *fixture) last(stream string) uint64 {
	f.t.Helper()
	s, err := f.deps.NATS.JS.Stream(f.t.Context(), stream)
	if err != nil {
		f.t.Fatal(err)
	}
	return s.CachedInfo().State.LastSeq
}

func eventID(i int) string { return fmt.Sprintf("evt_%04d", i) }

func openPool(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := db.Open(t.Context(), db.PoolConfig{URL: url, Log: zerolog.Nop()})
	must(t, err)
	t.Cleanup(pool.Close)
	return pool
}
