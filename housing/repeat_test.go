package housing_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"ukbot/housing/housingtest"
)

// keyBody asks for an API key, as the POST of these tests: its answer holds a
// secret that a second execution could not repeat.
func keyBody(name string) map[string]any {
	return map[string]any{"name": name, "scopes": []string{"requests.view"}}
}

func rows(t *testing.T, s *housingtest.Server, table string) (n int) {
	t.Helper()
	if err := s.Pool.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// newRequest is a repair request of somebody at home.
func newRequest(s *housingtest.Server, resident *housingtest.Client) map[string]any {
	building, apartment := s.Home(resident.User)
	return map[string]any{
		"category": "plumbing", "urgency": "normal", "description": "Течёт кран на кухне", "building_id": building, "apartment_id": apartment,
	}
}

func TestHundredEqualRequestsAtOnceAreDoneOnce(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	resident := s.Applicant()
	body := newRequest(s, resident)
	answers := make([]*housingtest.Response, 100)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = resident.Do("POST", "/requests", body, "Idempotency-Key: one") })
	}
	wg.Wait()
	first := 0
	for _, answer := range answers {
		answer.Want(t, 201)
		if string(answer.Raw) != string(answers[0].Raw) || answer.Header.Get("ETag") != answers[0].Header.Get("ETag") {
			t.Fatalf("two answers differ:\n%s\n%s", answer.Raw, answers[0].Raw)
		}
		if answer.Header.Get("Idempotency-Replayed") == "" {
			first++
		}
	}
	told := 0
	for _, event := range s.Outbox(t) {
		if event.Type == "housing.request.created" {
			told++
		}
	}
	if made := rows(t, s, "requests"); first != 1 || made != 1 || told != 1 {
		t.Errorf("%d of 100 were done, %d requests made and %d events told, want one of each", first, made, told)
	}
}

func TestManyDifferentRequestsAtOnceDoNotStarveEachOther(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t, housingtest.Conns(4))
	admin := s.Admin()
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			admin.Do("POST", "/api-keys", keyBody(fmt.Sprint("bot", i)), fmt.Sprint("Idempotency-Key: key-", i)).Want(t, 201)
		})
	}
	wg.Wait()
	if got := rows(t, s, "api_keys"); got != 60 {
		t.Errorf("%d keys made, want 60", got)
	}
}

func TestIdempotencyKeyStandsForOneRequest(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	admin := s.Admin()
	admin.Do("POST", "/api-keys", keyBody("bot"), "Idempotency-Key: k").Want(t, 201)
	for name, try := range map[string]func() *housingtest.Response{
		"another body": func() *housingtest.Response {
			return admin.Do("POST", "/api-keys", keyBody("bot2"), "Idempotency-Key: k")
		},
		"another operation": func() *housingtest.Response {
			return admin.Do("POST", "/users/"+admin.ID()+"/sessions/revoke", nil, "Idempotency-Key: k")
		},
	} {
		t.Run(name, func(t *testing.T) { try().WantProblem(t, 422, "key_reused") })
	}
	t.Run("somebody else's is another", func(t *testing.T) {
		s.Admin().Do("POST", "/api-keys", keyBody("bot3"), "Idempotency-Key: k").Want(t, 201)
		s.In(housingtest.Other).Admin().Do("POST", "/api-keys", keyBody("bot"), "Idempotency-Key: k").Want(t, 201)
	})
	t.Run("after a day it is free", func(t *testing.T) {
		s.Clock.Advance(25 * 3600e9)
		admin.Renew()
		r := admin.Do("POST", "/api-keys", keyBody("bot4"), "Idempotency-Key: k").Want(t, 201)
		if r.Header.Get("Idempotency-Replayed") != "" {
			t.Error("an answer of yesterday was repeated")
		}
	})
	t.Run("a malformed one is refused", func(t *testing.T) {
		admin.Do("POST", "/api-keys", keyBody("bot5"), "Idempotency-Key: a b").WantProblem(t, 422, "invalid")
		admin.Do("POST", "/api-keys", keyBody("bot5"), "Idempotency-Key: "+strings.Repeat("k", 201)).WantProblem(t, 422, "invalid")
	})
}

func TestRefusalsAreNotKept(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	admin := s.Admin()
	admin.Do("POST", "/api-keys", keyBody("bot"), "Idempotency-Key: first").Want(t, 201)
	admin.Do("POST", "/api-keys", keyBody("bot"), "Idempotency-Key: second").WantProblem(t, 409, "exists")
	if _, err := s.Pool.Exec(t.Context(), "UPDATE api_keys SET revoked_at = now()"); err != nil {
		t.Fatal(err)
	}
	admin.Do("POST", "/api-keys", keyBody("bot"), "Idempotency-Key: second").Want(t, 201)
}

func TestStoredAnswersShowNoSecret(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	var made struct{ Key string }
	s.Admin().Do("POST", "/api-keys", keyBody("bot"), "Idempotency-Key: k").Want(t, 201, &made)
	var stored string
	if err := s.Pool.QueryRow(t.Context(), "SELECT i::text FROM idempotency_keys i").Scan(&stored); err != nil {
		t.Fatal(err)
	}
	if made.Key == "" || strings.Contains(stored, made.Key) || strings.Contains(stored, `"name"`) {
		t.Errorf("the row %q holds the key %q", stored, made.Key)
	}
}

// TestCrashBeforeCommitLeavesNeitherWorkNorKey lets PostgreSQL end the
// connection at the moment of commit.
func TestCrashBeforeCommitLeavesNeitherWorkNorKey(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	admin := s.Admin()
	for _, sql := range []string{
		`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$`,
		`CREATE CONSTRAINT TRIGGER die AFTER UPDATE ON idempotency_keys DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()`,
	} {
		if _, err := s.Pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	r := admin.Do("POST", "/api-keys", keyBody("bot"), "Idempotency-Key: k").WantProblem(t, http.StatusServiceUnavailable, "database_unavailable")
	if r.Header.Get("Retry-After") == "" {
		t.Error("Retry-After is missing")
	}
	if keys, claims := rows(t, s, "api_keys"), rows(t, s, "idempotency_keys"); keys != 0 || claims != 0 {
		t.Errorf("%d API keys and %d idempotency keys are left, want none", keys, claims)
	}
	if _, err := s.Pool.Exec(t.Context(), "DROP TRIGGER die ON idempotency_keys"); err != nil {
		t.Fatal(err)
	}
	if r := admin.Do("POST", "/api-keys", keyBody("bot"), "Idempotency-Key: k").Want(t, 201); r.Header.Get("Idempotency-Replayed") != "" {
		t.Error("what was rolled back is repeated")
	}
}

// TestAKeyUnderAnOldNameGetsNoOldAnswers: names of revoked keys may be given
// again, to somebody else.
func TestAKeyUnderAnOldNameGetsNoOldAnswers(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	admin := s.Admin()
	var answers []*housingtest.Response
	for range 2 {
		var made struct {
			Key     string
			Details struct{ ID string }
		}
		admin.Do("POST", "/api-keys", map[string]any{"name": "machine", "scopes": []string{"buildings.edit"}}).Want(t, http.StatusCreated, &made)
		answers = append(answers, s.Anonymous().Do("POST", "/yards", map[string]any{"name": "Двор"}, "X-API-Key: "+made.Key, "Idempotency-Key: same"))
		admin.Do("DELETE", "/api-keys/"+made.Details.ID, nil).Want(t, http.StatusNoContent)
	}
	answers[0].Want(t, http.StatusCreated)
	// A replay would be 201 again; the second key asks anew and finds the name taken.
	answers[1].Want(t, http.StatusConflict)
}
