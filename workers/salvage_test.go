package workers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

// bodies are what PostgreSQL's jsonb, or JSON itself, has trouble with; jsonb
// says whether the record has the body as jsonb as well.
var bodies = map[string]struct {
	body  string
	jsonb bool
}{
	"a plain object":                   {`{"a":1}`, true},
	"no JSON":                          {"a=1&b=2", false},
	"nothing":                          {"", false},
	"a number beyond numeric":          {`{"a":1e999999}`, false},
	"a small number beyond numeric":    {`{"a":1e-999999}`, false},
	"a number of three digits' power":  {`[1e999,-1.5E-999]`, true},
	"a very long number":               {`{"a":` + strings.Repeat("9", 200_000) + `}`, false},
	"NUL as an escape":                 {`{"a":"\u0000"}`, false},
	"NUL in a key":                     {`{"\u0000":1}`, false},
	"a backslash before u0000":         {`{"a":"\\u0000"}`, true},
	"a lone high surrogate":            {`{"a":"\ud83c"}`, false},
	"a lone low surrogate":             {`{"a":"\udfe0 "}`, false},
	"a high one and no low one":        {`{"a":"\ud83c\u0041"}`, false},
	"a pair":                           {`{"a":"\ud83c\uDFE0"}`, true},
	"deep nesting":                     {strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000), false},
	"nesting that is deep enough":      {strings.Repeat(`{"a":[`, 200) + strings.Repeat("]}", 200), true},
	"bytes that are no UTF-8":          {"{\"a\":\"\xff\xfe\"}", false},
	"NUL itself":                       {"\x00\x00", false},
	"the same key twice":               {`{"a":1,"a":2}`, true},
	"a text alone":                     {`"дом 🏠"`, true},
	"space around":                     {" \n[true,false,null]\t", true},
	"a brace and numbers inside texts": {`{"a":"[[[{{{1e999999"}`, true},
}

func TestEveryBodyIsRecordedAndHandled(t *testing.T) {
	d := newDesk(t, dbtest.New(t), always(announce))
	for name, tc := range bodies {
		t.Run(name, func(t *testing.T) {
			w := sample(strings.ReplaceAll(name, " ", "_"))
			w.Data = []byte(tc.body)
			if err := d.hand(delivery(w, 1, 1)); err != nil {
				t.Errorf("answer %v", err)
			}
			row := d.record(w.ID)
			if row.Status != statusCompleted || !bytes.Equal(row.Payload, w.Data) || row.PayloadJson != nil != tc.jsonb {
				t.Errorf("status %s, %d bytes of %d, jsonb %v; want completed, all bytes, jsonb %v", row.Status, len(row.Payload), len(tc.body), row.PayloadJson != nil, tc.jsonb)
			}
		})
	}
}

// FuzzJSONB asks PostgreSQL: what fitsJSONB lets through, it takes.
func FuzzJSONB(f *testing.F) {
	for _, tc := range bodies {
		f.Add([]byte(tc.body))
	}
	pool := dbtest.New(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		if !fitsJSONB(body) {
			return
		}
		if _, err := pool.Exec(t.Context(), "SELECT $1::jsonb", json.RawMessage(body)); err != nil {
			t.Errorf("jsonb does not take %q: %v", body, err)
		}
	})
}

func TestOneBadEventSpoilsNoBatch(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil Handler
		words string
	}{
		"a handler that panics":         {func(events.Webhook) (Effects, error) { panic("no such floor") }, "panicked: no such floor"},
		"a row that breaks a rule":      {func(w events.Webhook) (Effects, error) { return Effects{Payments: []Payment{badPayment(w)}}, nil }, "violates check constraint"},
		"an event that cannot be coded": {func(events.Webhook) (Effects, error) { return Effects{Derived: []Derived{{Data: make(chan int)}}}, nil }, "unsupported type"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, dbtest.New(t), always(func(w events.Webhook) (Effects, error) {
				if w.ID == "evt_100" {
					return tc.spoil(w)
				}
				return announce(w)
			}))
			var batch []*nats.Message
			for i := range 256 {
				batch = append(batch, delivery(sample(fmt.Sprint("evt_", i)), uint64(i+1), 1))
			}
			for i, err := range d.handle(t.Context(), batch) {
				if (err != nil) != (i == 100) {
					t.Errorf("answer %d is %v", i, err)
				}
			}
			row := d.record("evt_100")
			if row.Status == statusCompleted || row.LastError == nil || !strings.Contains(*row.LastError, tc.words) || !bytes.Equal(row.Payload, batch[100].Data) {
				t.Errorf("record of the bad one: %s, %v", row.Status, row.LastError)
			}
			d.count("webhook_events WHERE status = 'completed'", 255)
			d.count("outbox", 255)
			d.count("payments", 0)
		})
	}
}

func badPayment(w events.Webhook) Payment {
	return Payment{Tenant: w.Tenant, Source: w.Source, ExternalID: "x", Kind: "gift", ProviderTime: w.Time}
}

func TestNULInAnyTextPoisonsNothing(t *testing.T) {
	const nul = "a\x00b\xffc\\u0000"
	d := newDesk(t, dbtest.New(t), always(failing(1, nats.Permanent(errors.New(nul)))))
	w := sample("evt" + nul)
	w.Type, w.ContentType, w.Trace, w.Replay = nul, nul, "00-"+nul+"-x-01", nul
	w.Request.Signature, w.Request.Scheme, w.Request.UserAgent, w.Request.RequestID = nul, nul, nul, nul
	w.Request.HookID, w.Request.RemoteIP, w.Request.Headers = nul, nul, map[string]string{"X-" + nul: nul}
	for n := range 2 { // one fails, one announces
		w.Time = w.Time.AddDate(0, 0, n)
		w.ID += fmt.Sprint(n)
		m := delivery(w, uint64(n+1), 1)
		err := d.hand(m)
		row := d.record(events.CapID(w.ID))
		if (n == 0) != nats.IsPermanent(err) || row.TraceID == nil || string(row.Headers) != `{"X-ab�c\\u0000": "ab�c\\u0000"}` {
			t.Errorf("answer %v, record %+v, headers %s", err, row, row.Headers)
		}
	}
	d.count("webhook_events", 2)
	d.count("outbox", 1)
}

func TestForeignSchemaGivesNoEventUp(t *testing.T) {
	pool := dbtest.New(t)
	d := newDesk(t, pool, always(announce))
	_, err := pool.Exec(t.Context(), "ALTER TABLE webhook_events RENAME COLUMN payload TO body")
	must(t, err)
	if err := d.hand(delivery(sample("evt_1"), 1, 1)); err == nil || nats.IsPermanent(err) {
		t.Errorf("answer of a worker that is newer than the schema: %v", err)
	}
	_, err = pool.Exec(t.Context(), "ALTER TABLE webhook_events RENAME COLUMN body TO payload")
	must(t, err)
	must(t, d.hand(delivery(sample("evt_1"), 1, 1)))
	if rows, err := db.New(pool).WebhookKeys(t.Context(), "acme", "evt_1"); err != nil || len(rows) != 1 {
		t.Errorf("keys %v, %v", rows, err)
	}
}
