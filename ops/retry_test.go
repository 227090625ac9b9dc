package ops

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
)

func TestRetryPutsTheRecordIntoItsStreamAgain(t *testing.T) {
	f := start(t)
	f.hook("acme", "stripe", "stripe")
	for status, want := range map[string]int{StatusFailed: 202, StatusRetrying: 202, StatusCompleted: 409, StatusPending: 409, StatusProcessing: 409} {
		t.Run(status, func(t *testing.T) {
			w := webhook("acme", "stripe", "evt_"+status, "payment_intent.succeeded")
			r := row(w, status, 5)
			trace := "4bf92f3577b34da6a3ce929d0e0e4736"
			r.TraceID = &trace
			f.store(r)
			code, _, body := f.call(http.MethodPost, "/api/v1/webhooks/events/"+w.Row()+"/retry", "acme", "")
			if code != want {
				t.Fatalf("retry = %d %s, want %d", code, body, want)
			}
			if code == 409 {
				if p := decode[problem](t, body); (p.Code == "already_completed") != (status == StatusCompleted) {
					t.Errorf("code %q for %s", p.Code, status)
				}
				return
			}
			again := decode[Retried](t, body)
			msg := f.message(nats.StreamWebhooks, again.Sequence)
			got, err := events.DecodeWebhook(msg.Header, msg.Data)
			if err != nil {
				t.Fatal(err)
			}
			if got.Row() != w.Row() || string(got.Data) != string(w.Data) || got.Replay != again.RetryID || got.Quiet ||
				!strings.HasPrefix(again.RetryID, "retry-") || msg.Subject != r.Subject || got.Correlation != w.Row() {
				t.Errorf("copy %+v on %s for %+v", got, msg.Subject, again)
			}
			if got.Request.Preset != "stripe" || got.Request.MaxRetries != 5 || got.Request.RequestID != "req-1" || got.Trace != "00-"+trace+"-"+trace[:16]+"-01" {
				t.Errorf("request of the copy %+v, trace %s", got.Request, got.Trace)
			}
		})
	}
}

func TestTwoRetriesOfOneFailureAreOne(t *testing.T) {
	f := start(t)
	f.hook("acme", "stripe", "stripe")
	w := webhook("acme", "stripe", "evt_1", "a.b")
	r := row(w, StatusFailed, f.publish(w))
	f.store(r)
	first, err := RetryEvent(t.Context(), f.deps, "acme", "evt_1", "")
	must(t, err)
	second, err := RetryEvent(t.Context(), f.deps, "acme", "evt_1", "")
	must(t, err)
	if second.RetryID != first.RetryID || second.Sequence != first.Sequence || !second.Duplicate || first.Duplicate {
		t.Errorf("retries %+v and %+v, want one copy", first, second)
	}
	later := received.Add(time.Minute) // it ran and failed again
	must(t, db.New(f.deps.Pool).UpdateWebhook(t.Context(), db.UpdateWebhookParams{
		Status: StatusFailed, RetryCount: 1, Effects: []byte("[]"), ProcessingStartedAt: &later, DurationMs: r.DurationMs,
		ReplayOf: &first.RetryID, TenantID: "acme", ID: r.ID, ReceivedAt: r.ReceivedAt,
	}))
	third, err := RetryEvent(t.Context(), f.deps, "acme", "evt_1", "")
	must(t, err)
	if third.RetryID == first.RetryID || third.Duplicate {
		t.Errorf("retry of the next failure %+v is that of the first %+v", third, first)
	}
}

func TestRetryWithoutConfigurationAsksTheStream(t *testing.T) {
	f := start(t)
	kept, gone := webhook("acme", "stripe", "evt_1", "a.b"), webhook("acme", "stripe", "evt_2", "a.b")
	f.store(row(kept, StatusFailed, f.publish(kept)), row(gone, StatusFailed, 99))
	again, err := RetryEvent(t.Context(), f.deps, "acme", "evt_1", "")
	must(t, err)
	msg := f.message(nats.StreamWebhooks, again.Sequence)
	if got, err := events.DecodeWebhook(msg.Header, msg.Data); err != nil || got.Request.Preset != "stripe" {
		t.Errorf("copy %+v, %v", got.Request, err)
	}
	f.expect(http.MethodPost, "/api/v1/webhooks/events/evt_2/retry", "acme", "", 409, "configuration_gone")
}

// many stores n failed and n retrying records, one completed and one of another tenant.
func (f *fixture) many(n int) {
	f.hook("acme", "stripe", "stripe")
	rows := []db.InsertWebhooksParams{}
	for i := range 2 * n {
		status := StatusFailed
		if i%2 == 1 {
			status = StatusRetrying
		}
		rows = append(rows, row(webhook("acme", "stripe", eventID(i), "charge.failed"), status, uint64(i+1)))
	}
	rows = append(rows, row(webhook("acme", "stripe", "evt_done", "charge.failed"), StatusCompleted, 9000))
	f.store(append(rows, row(webhook("other", "stripe", "evt_other", "charge.failed"), StatusFailed, 9001))...)
}

func TestBulkRetryActsOnlyWhenToldTo(t *testing.T) {
	f := start(t)
	f.many(150)
	for _, body := range []string{`{}`, `{"dry_run":true}`, `{"dry_run":null}`} {
		status, _, text := f.call(http.MethodPost, "/api/v1/webhooks/retries", "acme", body)
		r := decode[RetriedMany](t, text)
		if status != 200 || !r.DryRun || r.Matched != 300 || r.Retried != 0 || r.More || len(r.Sample) != 10 || f.messages(nats.StreamWebhooks) != 0 {
			t.Errorf("bulk %s = %d %s", body, status, text)
		}
	}
	status, _, text := f.call(http.MethodPost, "/api/v1/webhooks/retries", "acme", `{"dry_run":false}`)
	if r := decode[RetriedMany](t, text); status != 202 || r.DryRun || r.Matched != 300 || r.Retried != 300 || r.Skipped != 0 {
		t.Errorf("bulk = %d %s", status, text)
	}
	if got := f.messages(nats.StreamWebhooks); got != 300 {
		t.Errorf("%d messages in the stream, want 300", got)
	}
	_, _, text = f.call(http.MethodPost, "/api/v1/webhooks/retries", "acme", `{"dry_run":false}`)
	if r := decode[RetriedMany](t, text); r.Retried != 300 || r.Duplicates != 300 {
		t.Errorf("second tap = %s", text)
	}
	if got := f.messages(nats.StreamWebhooks); got != 300 {
		t.Errorf("%d messages after a second tap, want 300", got)
	}
}

func TestBulkRetryKeepsToItsFilterAndLimit(t *testing.T) {
	f := start(t)
	f.many(150)
	f.store(row(webhook("acme", "github", "evt_g", "push"), StatusFailed, 1)) // no configuration, no message
	for body, want := range map[string]RetriedMany{
		`{"status":"failed","source":"stripe"}`:        {Matched: 150},
		`{"status":"retrying"}`:                        {Matched: 150},
		`{"limit":7}`:                                  {Matched: 7, More: true},
		`{"limit":301}`:                                {Matched: 301},
		`{"limit":300}`:                                {Matched: 300, More: true},
		`{"source":"stripe","limit":200}`:              {Matched: 200, More: true},
		`{"source":"nobody"}`:                          {},
		`{"type":"push"}`:                              {Matched: 1},
		`{"error":"100%"}`:                             {Matched: 301},
		`{"error":"100%_"}`:                            {},
		`{"until":"1d"}`:                               {},
		`{"since":"1d","type":"charge.*","limit":150}`: {Matched: 150, More: true},
	} {
		_, _, text := f.call(http.MethodPost, "/api/v1/webhooks/retries", "acme", body)
		if got := decode[RetriedMany](t, text); got.Matched != want.Matched || got.More != want.More {
			t.Errorf("dry run of %s = %s, want %d, more %v", body, text, want.Matched, want.More)
		}
		_, _, text = f.call(http.MethodPost, "/api/v1/webhooks/retries", "acme", strings.Replace(strings.Replace(body, "{", `{"dry_run":false,`, 1), ",}", "}", 1))
		if got := decode[RetriedMany](t, text); got.Matched != want.Matched || got.More != want.More || got.Retried+got.Skipped != want.Matched {
			t.Errorf("run of %s = %s, want as the dry run: %d, more %v", body, text, want.Matched, want.More)
		}
	}
}

func TestDeadLetterIsListedShownAndRetried(t *testing.T) {
	f := start(t)
	f.hook("acme", "stripe", "stripe")
	failed, mended, orphan := webhook("acme", "stripe", "evt_f", "a.b"), webhook("acme", "stripe", "evt_m", "a.b"), webhook("acme", "stripe", "evt_o", "a.b")
	f.store(row(failed, StatusFailed, 1), row(mended, StatusCompleted, 2))
	for _, w := range []events.Webhook{failed, mended, orphan, webhook("other", "stripe", "evt_x", "a.b")} {
		f.bury(w, "bank said no")
	}
	ctx := t.Context()
	letters, err := DeadList(ctx, f.deps, "acme", 0, 10)
	if err != nil || len(letters) != 3 {
		t.Fatalf("DeadList = %+v, %v", letters, err)
	}
	if all, err := DeadList(ctx, f.deps, "", 0, 10); err != nil || len(all) != 4 {
		t.Errorf("DeadList of all = %+v, %v", all, err)
	}
	if s, err := DeadShow(ctx, f.deps, "acme", letters[0].Sequence); err != nil || s.Error != "bank said no" || s.Payload.JSON == nil {
		t.Errorf("DeadShow = %+v, %v", s, err)
	}
	for what, sequence := range map[string]uint64{"of another tenant": 4, "that is not there": 99} {
		if _, err := DeadShow(ctx, f.deps, "acme", sequence); !errors.Is(err, ErrNotFound) {
			t.Errorf("DeadShow %s = %v, want ErrNotFound", what, err)
		}
		if _, err := DeadRetry(ctx, f.deps, "acme", sequence); !errors.Is(err, ErrNotFound) {
			t.Errorf("DeadRetry %s = %v, want ErrNotFound", what, err)
		}
	}
	byRecord, err := DeadRetry(ctx, f.deps, "acme", letters[0].Sequence)
	if err != nil || byRecord.ID != failed.Row() {
		t.Errorf("DeadRetry of a failed event = %+v, %v", byRecord, err)
	}
	if _, err := DeadRetry(ctx, f.deps, "acme", letters[1].Sequence); !errors.Is(err, ErrCompleted) {
		t.Errorf("DeadRetry of a completed event = %v, want ErrCompleted", err)
	}
	first, err := DeadRetry(ctx, f.deps, "acme", letters[2].Sequence)
	must(t, err)
	second, err := DeadRetry(ctx, f.deps, "acme", letters[2].Sequence)
	if err != nil || !second.Duplicate || second.Sequence != first.Sequence {
		t.Errorf("second DeadRetry = %+v, %v after %+v", second, err, first)
	}
	msg := f.message(nats.StreamWebhooks, first.Sequence)
	if got, err := events.DecodeWebhook(msg.Header, msg.Data); err != nil || got.Row() != orphan.Row() || got.Replay != first.RetryID {
		t.Errorf("redriven %+v, %v", got, err)
	}
}
