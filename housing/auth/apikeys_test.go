package auth_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/housing/access"
	"ukbot/housing/auth"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/secret"
	"ukbot/sql/db"
)

func (w *world) key(a *auth.Auth, name string, expires *time.Time, scopes ...access.Action) (secret.Text, db.ApiKey) {
	w.t.Helper()
	var plain secret.Text
	var row db.ApiKey
	w.do(func(u *unit.Work) (err error) {
		plain, row, err = a.MakeKey(w.t.Context(), u, acme, name, scopes, "operator", expires)
		return err
	})
	return plain, row
}

// opens says whether an API key counts.
func opens(t *testing.T, a *auth.Auth, key secret.Text) bool {
	t.Helper()
	_, err := a.Key(t.Context(), key)
	if err != nil && !problem.Is(err, problem.Unauthorized) {
		t.Fatalf("Key: %v, want a caller or unauthorized", err)
	}
	return err == nil
}

func TestAnAPIKeySaysWhichMachineAsks(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	key, row := w.key(a, "bot", nil, access.UsersRegister, access.AuthTelegram, access.AuthTelegram)
	if !slices.Equal(row.Scopes, []string{"auth.telegram", "users.register"}) {
		t.Errorf("scopes %v, want each once", row.Scopes)
	}
	for range 2 { // from the database, then from memory
		got, err := a.Key(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if got.Tenant != acme || got.Name != "bot" || !got.IsMachine() || got.May(access.AuthTelegram) != access.Any || got.May(access.RequestsView) != access.None {
			t.Errorf("Key = %+v, want bot of acme with auth.telegram alone", got)
		}
	}
	var plain int
	if w.one(&plain, "SELECT count(*) FROM api_keys WHERE api_keys::text LIKE '%' || $1 || '%'", key.Reveal()); plain != 0 {
		t.Error("the key itself is in the database")
	}
}

func TestAPIKeysThatDoNotCount(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	key, _ := w.key(a, "bot", nil, access.AuthTelegram)
	for name, text := range map[string]string{
		"empty": "", "garbage": "x", "another": "uk_" + strings.Repeat("A", 52), "lower case": strings.ToLower(key.Reveal()),
		"10 KB": strings.Repeat("A", 10_000), "longer": key.Reveal() + "A", "shorter": key.Reveal()[:54], "not base32": "uk_" + strings.Repeat("'", 52),
	} {
		t.Run(name, func(t *testing.T) {
			if opens(t, a, secret.Text(text)) {
				t.Errorf("%q counts", text)
			}
		})
	}
}

func TestAnAPIKeyExpires(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	until := w.clock.Now().Add(time.Hour)
	key, _ := w.key(a, "short", &until, access.AuthTelegram)
	if !opens(t, a, key) {
		t.Fatal("it does not count before")
	}
	w.clock.Advance(time.Hour) // out of memory too: it was read a moment ago
	if opens(t, a, key) {
		t.Error("it counts after")
	}
}

func TestKeysThatCannotBeMade(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	w.key(a, "taken", nil, access.AuthTelegram)
	past := w.clock.Now().Add(-time.Second)
	for name, tc := range map[string]struct {
		name    string
		scopes  []access.Action
		expires *time.Time
		want    problem.Code
	}{
		"a name in use":               {"taken", []access.Action{access.UsersView}, nil, problem.Exists},
		"a name like a person's id":   {uuid.NewString(), []access.Action{access.UsersView}, nil, problem.Invalid},
		"a name of the system":        {"Clock", []access.Action{access.UsersView}, nil, problem.Invalid},
		"no scope":                    {"new", nil, nil, problem.Invalid},
		"a scope that does not exist": {"new", []access.Action{"everything"}, nil, problem.Invalid},
		"what nobody needs a key for": {"new", []access.Action{access.Public}, nil, problem.Invalid},
		"one that is over":            {"new", []access.Action{access.UsersView}, &past, problem.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			err := w.store.Do(t.Context(), func(u *unit.Work) error {
				_, _, err := a.MakeKey(t.Context(), u, acme, tc.name, tc.scopes, "operator", tc.expires)
				return err
			})
			want(t, err, tc.want)
		})
	}
}

func TestTheUseOfAKeyIsNotedOnceAMinute(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	key, row := w.key(a, "bot", nil, access.AuthTelegram)
	noted := func() time.Time {
		a.NoteUses(t.Context())
		var at *time.Time
		w.one(&at, "SELECT last_used_at FROM api_keys WHERE id = $1", row.ID)
		if at == nil {
			return time.Time{}
		}
		return *at
	}
	if at := noted(); !at.IsZero() {
		t.Fatalf("used at %s before it was", at)
	}
	first := w.clock.Now()
	for _, step := range []struct{ after, want time.Duration }{{0, 0}, {59 * time.Second, 0}, {time.Second, time.Minute}, {30 * time.Second, time.Minute}} {
		w.clock.Advance(step.after)
		if !opens(t, a, key) {
			t.Fatal("it does not count")
		}
		if got := noted(); got.Sub(first.Add(step.want)).Abs() > time.Millisecond {
			t.Errorf("%s later it is noted as used at %s, want %s", w.clock.Now().Sub(first), got, first.Add(step.want))
		}
	}
	w.clock.Advance(30 * time.Second) // no further use, but the one of before is due now
	w.clock.Advance(time.Hour)
	if got := noted(); got.Sub(first.Add(time.Minute)).Abs() > time.Millisecond {
		t.Errorf("without a use it is noted as used at %s", got)
	}
}
