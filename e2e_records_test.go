package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ukbot/botgw/simulator"
)

// pool connects to the program's database until the test ends.
func (p *program) pool() *pgxpool.Pool {
	p.t.Helper()
	return openPool(p.t, p.dev.Database)
}

func openPool(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// record is what the database has of an event.
type record struct {
	rows, duplicates int
	status           string
}

// recorded is every record of a tenant, by the provider's id.
func recorded(t *testing.T, pool *pgxpool.Pool, tenant string) map[string]record {
	t.Helper()
	rows, err := pool.Query(t.Context(), "SELECT event_id, count(*)::int, sum(duplicate_count)::int, min(status) FROM webhook_events WHERE tenant_id = $1 GROUP BY event_id", tenant)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]record{}
	var id string
	var r record
	if _, err := pgx.ForEachRow(rows, []any{&id, &r.rows, &r.duplicates, &r.status}, func() error {
		all[id] = r
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func count(t *testing.T, pool *pgxpool.Pool, query string, args ...any) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// recordedOnce waits until every accepted id is completed, and checks that
// nothing is there twice and nothing that was never sent.
func recordedOnce(t *testing.T, pool *pgxpool.Pool, tenant string, s *sender, limit time.Duration) {
	t.Helper()
	accepted := s.accepted()
	if len(accepted) == 0 {
		t.Fatal("nothing was accepted: there was no load")
	}
	var missing []string
	deadline := time.Now().Add(limit)
	for tick := time.NewTicker(100 * time.Millisecond); ; <-tick.C {
		have := recorded(t, pool, tenant)
		missing = missing[:0]
		for id := range accepted {
			if have[id].status != "completed" {
				missing = append(missing, id)
			}
		}
		if len(missing) == 0 || time.Now().After(deadline) {
			tick.Stop()
			break
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		t.Errorf("%d of %d accepted events are not completed after %s: %v …", len(missing), len(accepted), limit, missing[:min(5, len(missing))])
	}
	sent := map[string]bool{}
	for _, a := range s.answers() {
		sent[a.id] = true
	}
	for id, r := range recorded(t, pool, tenant) {
		if r.rows != 1 {
			t.Errorf("%s has %d records, want 1", id, r.rows)
		}
		if !sent[id] {
			t.Errorf("%s is recorded and was never sent", id)
		}
	}
	if records, payments := len(recorded(t, pool, tenant)), count(t, pool, "SELECT count(*) FROM payments WHERE tenant_id = $1", tenant); records != payments {
		t.Errorf("%d events made %d payments, want one each", records, payments)
	}
	t.Logf("%d events accepted, answers %v", len(accepted), s.statuses())
}

// messages is what dev's simulator holds of a chat: what the person was told.
func (p *program) messages(chat int64) []simulator.Message {
	p.t.Helper()
	status, body, err := get(p.t.Context(), fmt.Sprintf("http://%s/simulator/messages?chat=%d", p.http, chat))
	if err != nil || status != 200 {
		p.t.Fatalf("simulator's page: %d, %v", status, err)
	}
	var all []simulator.Message
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		p.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(m simulator.Message) bool { return !m.FromBot || greets(m) })
}

// greets tells the answer to /start, which shows the main menu, from what people
// are told without asking.
func greets(m simulator.Message) bool { return strings.Contains(string(m.Markup), `"keyboard"`) }

// told checks how many messages each chat holds.
func (p *program) told(want map[int64]int) {
	p.t.Helper()
	for chat, n := range want {
		if got := len(p.messages(chat)); got != n {
			p.t.Errorf("chat %d holds %d messages, want %d", chat, got, n)
		}
	}
}

// settled waits until nothing is under way any more: the outbox is empty and
// every consumer has answered all there is. What was to be told is told then.
func (p *program) settled() {
	p.t.Helper()
	atRest(p.t, p.pool(), p.dev.NATS)
}

// noticesOf counts a chat's messages by the payment they name.
func noticesOf(messages []simulator.Message) map[string]int {
	counts := map[string]int{}
	for _, m := range messages {
		if _, rest, ok := strings.Cut(m.Text, "pi_"); ok && m.FromBot {
			id, _, _ := strings.Cut(rest, "\n")
			counts[strings.TrimSpace(id)]++
		}
	}
	return counts
}

// repeats is how many messages were sent more than once, and which.
func repeats(counts map[string]int) (extra int, which []string) {
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		if n := counts[id]; n > 1 {
			extra, which = extra+n-1, append(which, id)
		}
	}
	return extra, which
}
