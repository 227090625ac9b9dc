package ops

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"ukbot/sql/db"
)

func TestPagesOfEqualTimesNeitherSkipNorRepeat(t *testing.T) {
	f := start(t)
	rows := []db.InsertWebhooksParams{}
	for i := range 1000 {
		w := webhook("acme", "stripe", eventID(i), "a.b")
		w.Time = received.Add(time.Duration(i/400) * time.Millisecond) // three times in all
		rows = append(rows, row(w, StatusCompleted, uint64(i+1)))
	}
	f.store(rows...)
	f.store(row(webhook("other", "stripe", "evt_x", "a.b"), StatusCompleted, 2000))
	for _, limit := range []int{7, 50, 200, 100} {
		seen, last := map[string]bool{}, time.Now()
		for path, pages := fmt.Sprintf("/api/v1/webhooks/events?limit=%d", limit), 0; path != ""; pages++ {
			page := get[Page](f, path, "acme")
			for _, e := range page.Events {
				if seen[e.ID] || e.Tenant != "acme" || e.ReceivedAt.After(last) {
					t.Fatalf("limit %d, page %d: %s of %s at %s again, foreign or out of order", limit, pages, e.ID, e.Tenant, e.ReceivedAt)
				}
				seen[e.ID], last = true, e.ReceivedAt
			}
			if path = ""; page.Next != "" {
				path = fmt.Sprintf("/api/v1/webhooks/events?limit=%d&cursor=%s", limit, page.Next)
			}
			if pages > 1000 {
				t.Fatal("the pages do not end")
			}
		}
		if len(seen) != 1000 {
			t.Errorf("limit %d: %d of 1000 events", limit, len(seen))
		}
	}
}

func TestFiltersNarrowTogether(t *testing.T) {
	f := start(t)
	at := func(id, source, kind, status string, age time.Duration) db.InsertWebhooksParams {
		w := webhook("acme", source, id, kind)
		w.Time = time.Now().UTC().Add(-age).Truncate(time.Millisecond)
		return row(w, status, 1)
	}
	f.store(
		at("a", "stripe", "payment_intent.succeeded", StatusCompleted, time.Minute),
		at("b", "stripe", "payment_intent.payment_failed", StatusFailed, 2*time.Minute),
		at("c", "stripe", "charge.refunded", StatusRetrying, 3*time.Minute),
		at("d", "github", "push", StatusFailed, 4*time.Minute),
		at("e", "github", "payment_intentXsucceeded", StatusPending, 5*time.Minute),
	)
	ago := func(d time.Duration) string { return url.QueryEscape(time.Now().Add(-d).Format(time.RFC3339)) }
	for query, want := range map[string][]string{
		"":                                {"a", "b", "c", "d", "e"},
		"source=stripe":                   {"a", "b", "c"},
		"type=payment_intent.*":           {"a", "b"},
		"type=*.refunded":                 {"c"},
		"type=payment%25":                 {},
		"type=payment_intent_succeeded":   {},
		"status=failed":                   {"b", "d"},
		"status=failed&source=stripe":     {"b"},
		"error=BANK":                      {"b", "c", "d"},
		"error=100%25":                    {"b", "c", "d"},
		"error=no%25way":                  {},
		"error=no_way&status=retrying":    {"c"},
		"since=150s":                      {"a", "b"},
		"until=150s":                      {"c", "d", "e"},
		"since=" + ago(210*time.Second):   {"a", "b", "c"},
		"since=210s&until=90s":            {"b", "c"},
		"since=1d&limit=2":                {"a", "b"},
		"source=nobody":                   {},
		"source=stripe&type=push":         {},
		"since=2020-01-01T00:00:00+05:00": {"a", "b", "c", "d", "e"},
	} {
		t.Run(query, func(t *testing.T) {
			got := []string{}
			for _, e := range get[Page](f, "/api/v1/webhooks/events?"+query, "acme").Events {
				got = append(got, e.EventID)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s = %v, want %v", query, got, want)
			}
		})
	}
}

func TestListKeepsPayloadsToItself(t *testing.T) {
	f := start(t)
	f.store(row(webhook("acme", "stripe", "evt_1", "a.b"), StatusCompleted, 1))
	status, header, body := f.call(http.MethodGet, "/api/v1/webhooks/events", "acme", "")
	if status != 200 || header.Get("Cache-Control") != "no-store" {
		t.Errorf("list = %d %v", status, header)
	}
	for _, word := range []string{"дом", "c0ffee", "hunter2"} {
		if containsText(body, word) {
			t.Errorf("the list shows %q: %s", word, body)
		}
	}
}
