package auth_test

import (
	"testing"
	"time"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/auth"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
)

// revoke is ways in which tokens of a session come to count no more.
var revoke = map[string]func(w *world, a *auth.Auth, caller access.Caller) error{
	"a logout": func(w *world, a *auth.Auth, caller access.Caller) error {
		_, err := a.Handlers().Logout(w.as(caller), api.LogoutRequestObject{})
		return err
	},
	"the end of the session": func(w *world, a *auth.Auth, caller access.Caller) error {
		_, err := a.Handlers().RevokeSession(w.as(caller), api.RevokeSessionRequestObject{Session: caller.Session})
		return err
	},
	"the end of all sessions": func(w *world, a *auth.Auth, caller access.Caller) error {
		_, err := a.Handlers().RevokeUserSessions(w.as(caller), api.RevokeUserSessionsRequestObject{User: caller.User})
		return err
	},
	"a block": func(w *world, a *auth.Auth, caller access.Caller) error {
		return w.store.Do(w.t.Context(), func(u *unit.Work) error {
			return a.RevokeUser(w.t.Context(), u, caller.Tenant, caller.User, auth.UserBlocked)
		})
	},
}

func TestEveryReplicaSeesARevocationWithinTwoSeconds(t *testing.T) {
	for name, end := range revoke {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			here, there := w.replica(), w.replica()
			user := w.user(acme, "approved", "applicant")
			tokens, elsewhere := w.login(here, user), w.login(there, w.user(other, "approved", "applicant"))
			caller, err := there.Token(t.Context(), tokens.Access.Reveal())
			if err != nil {
				t.Fatal(err)
			}
			if err := end(w, here, caller); err != nil {
				t.Fatal(err)
			}
			if counts(t, here, tokens.Access) {
				t.Error("it counts where it was revoked")
			}
			soon(t, 20*time.Second, "the other replica to see it", func() bool { return !counts(t, there, tokens.Access) })
			_, err = w.refresh(there, tokens.Refresh)
			want(t, err, problem.Unauthorized)
			if !counts(t, here, elsewhere.Access) {
				t.Error("somebody else's token counts no more")
			}
		})
	}
}

func TestARevocationThatNATSLostIsReadFromPostgreSQL(t *testing.T) {
	w := newWorld(t)
	silent, there := w.auth(nil), w.auth(nil)
	tokens := w.login(there, w.user(acme, "approved", "applicant"))
	caller, err := there.Token(t.Context(), tokens.Access.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if err := revoke["a logout"](w, silent, caller); err != nil {
		t.Fatal(err)
	}
	if counts(t, w.auth(nil), tokens.Access) {
		t.Error("a replica that starts later does not know of it")
	}
	if !counts(t, there, tokens.Access) {
		t.Fatal("without NATS the other replica cannot know yet")
	}
	there.Reload(t.Context())
	if counts(t, there, tokens.Access) {
		t.Error("it counts after the reload of every minute")
	}
}

func TestRevocationsThatNATSCannotTakeAreSentLater(t *testing.T) {
	w := newWorld(t)
	here, there := w.replica(), w.replica()
	tokens := w.login(here, w.user(acme, "approved", "applicant"))
	caller, err := there.Token(t.Context(), tokens.Access.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	w.env.Stop()
	began := time.Now()
	if err := revoke["a logout"](w, here, caller); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("with NATS away a logout takes %s", took)
	}
	if counts(t, here, tokens.Access) {
		t.Error("it counts where it was revoked")
	}
	w.env.Start()
	deadline := time.Now().Add(20 * time.Second)
	for counts(t, there, tokens.Access) {
		if time.Now().After(deadline) {
			t.Fatal("20 s after NATS is back, the other replica does not know of it")
		}
		<-time.After(10 * time.Millisecond)
	}
}

func TestARolledBackUnitRevokesNothing(t *testing.T) {
	w := newWorld(t)
	a, user := w.auth(nil), w.user(acme, "approved", "applicant")
	tokens := w.login(a, user)
	err := w.store.Do(t.Context(), func(u *unit.Work) error {
		if err := a.RevokeUser(t.Context(), u, acme, user.ID, auth.UserBlocked); err != nil {
			return err
		}
		return problem.New(problem.Conflict, "no")
	})
	want(t, err, problem.Conflict)
	a.Reload(t.Context())
	if !counts(t, a, tokens.Access) {
		t.Error("it was revoked")
	}
}
