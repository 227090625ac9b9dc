package auth_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/auth"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/nats/natstest"
	"ukbot/secret"
)

// refresh exchanges a refresh token through the handler.
func (w *world) refresh(a *auth.Auth, token secret.Text) (api.AuthTokens, error) {
	w.t.Helper()
	answer, err := a.Handlers().RefreshToken(w.t.Context(), api.RefreshTokenRequestObject{Body: &api.TokenRefresh{RefreshToken: token.Reveal()}})
	if err != nil {
		return api.AuthTokens{}, err
	}
	tokens, ok := answer.(api.RefreshToken200JSONResponse)
	if !ok {
		w.t.Fatalf("RefreshToken answered %T", answer)
	}
	return api.AuthTokens(tokens), nil
}

// types are the events so far.
func (w *world) types() []string {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), "SELECT subject FROM outbox ORDER BY seq")
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var subject string
		if err := rows.Scan(&subject); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, subject)
	}
	return all
}

func TestOnlyApprovedPeopleLogIn(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	for status, code := range map[string]problem.Code{"pending": problem.ApprovalPending, "blocked": problem.Blocked} {
		_, err := w.tryLogin(a, w.user(acme, status, "applicant"))
		want(t, err, code)
	}
	user := w.user(acme, "approved", "applicant")
	user.TenantID = other // somebody of another company
	_, err := w.tryLogin(a, user)
	want(t, err, problem.NotFound)
	user.TenantID = acme
	w.exec("UPDATE users SET status = 'blocked' WHERE id = $1", user.ID) // after it was read
	_, err = w.tryLogin(a, user)
	want(t, err, problem.Blocked)
}

func TestARefreshTokenGivesTheNextOnce(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	first := w.login(a, w.user(acme, "approved", "applicant"))
	w.clock.Advance(20 * 24 * time.Hour)
	second, err := w.refresh(a, first.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	if second.RefreshToken == first.Refresh.Reveal() || second.Session != first.Session || !counts(t, a, secret.Text(second.AccessToken)) {
		t.Errorf("refresh gave %s with session %s, want a new token of session %s", second.RefreshToken, second.Session, first.Session)
	}
	if want := w.clock.Now().Add(auth.RefreshLife); second.RefreshExpiresAt.Sub(want).Abs() > time.Second {
		t.Errorf("it expires at %s, want %s", second.RefreshExpiresAt, want)
	}
	w.clock.Advance(20 * 24 * time.Hour) // 40 days after the login: the session lives on
	if second, err = w.refresh(a, secret.Text(second.RefreshToken)); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(auth.RefreshLife)
	_, err = w.refresh(a, secret.Text(second.RefreshToken))
	want(t, err, problem.Unauthorized)
}

func TestAnOldRefreshTokenEndsTheSession(t *testing.T) {
	w := newWorld(t)
	a, user := w.auth(nil), w.user(acme, "approved", "applicant")
	elsewhere := w.login(a, user)
	first := w.login(a, user)
	second, err := w.refresh(a, first.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(auth.ReuseGrace + time.Second)
	_, err = w.refresh(a, first.Refresh)
	want(t, err, problem.Unauthorized)
	_, err = w.refresh(a, secret.Text(second.RefreshToken))
	want(t, err, problem.Unauthorized)
	if counts(t, a, first.Access) || counts(t, a, secret.Text(second.AccessToken)) {
		t.Error("an access token of the session still counts")
	}
	if !counts(t, a, elsewhere.Access) {
		t.Error("another session of the person ended too")
	}
	var reason string
	w.one(&reason, "SELECT reason FROM auth_sessions WHERE id = $1", first.Session)
	if reason != "reuse" {
		t.Errorf("the session ended because of %q, want reuse", reason)
	}
	_, err = w.refresh(a, first.Refresh) // again: nothing more happens
	want(t, err, problem.Unauthorized)
	if got := w.types(); !slices.Equal(got, []string{"housing.user.acme.session_reused"}) {
		t.Errorf("events %v, want one about the reuse", got)
	}
}

// TestAnOldTokenEndsTheSessionInsideAUnit is what a request with an
// Idempotency-Key does: its own unit is rolled back, the end of the session stays.
func TestAnOldTokenEndsTheSessionInsideAUnit(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	first := w.login(a, w.user(acme, "approved", "applicant"))
	if _, err := w.refresh(a, first.Refresh); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Minute)
	err := w.store.Own(t.Context(), func(u *unit.Work) error {
		_, err := a.Handlers().RefreshToken(unit.With(t.Context(), u), api.RefreshTokenRequestObject{Body: &api.TokenRefresh{RefreshToken: first.Refresh.Reveal()}})
		return err
	})
	want(t, err, problem.Unauthorized)
	if counts(t, a, first.Access) {
		t.Error("the session lives on")
	}
}

func TestOfRefreshesAtOnceOneWinsAndTheSessionLivesOn(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	first := w.login(a, w.user(acme, "approved", "applicant"))
	var mu sync.Mutex
	var won []api.AuthTokens
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			tokens, err := w.refresh(a, first.Refresh)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, tokens)
			} else {
				want(t, err, problem.Conflict)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d of 8 won, want 1", len(won))
	}
	w.clock.Advance(auth.ReuseGrace - time.Second)
	_, err := w.refresh(a, first.Refresh)
	want(t, err, problem.Conflict)
	if _, err := w.refresh(a, secret.Text(won[0].RefreshToken)); err != nil {
		t.Errorf("the winner's token: %v", err)
	}
}

func TestRefreshTokensThatDoNotCount(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	token := w.login(a, w.user(acme, "approved", "applicant")).Refresh.Reveal()
	for name, text := range map[string]string{
		"empty": "", "garbage": "x", "no tenant": "ukr_.x", "no prefix": token[4:], "another tenant's": "ukr_other" + token[len("ukr_acme"):],
		"a strange tenant": "ukr_a'; DROP TABLE users.x", "cut": token[:len(token)-1], "longer": token + "A",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.refresh(a, secret.Text(text))
			want(t, err, problem.Unauthorized)
		})
	}
}

func TestBlockedPeopleNeitherRefreshNorAct(t *testing.T) {
	w := newWorld(t)
	a, user := w.auth(nil), w.user(acme, "approved", "applicant")
	tokens := w.login(a, user)
	w.do(func(u *unit.Work) error {
		if _, err := u.Tx.Exec(t.Context(), "UPDATE users SET status = 'blocked' WHERE id = $1", user.ID); err != nil {
			return err
		}
		return a.RevokeUser(t.Context(), u, acme, user.ID, auth.UserBlocked)
	})
	if counts(t, a, tokens.Access) {
		t.Error("the access token counts")
	}
	_, err := w.refresh(a, tokens.Refresh)
	want(t, err, problem.Blocked)
	w.exec("UPDATE users SET status = 'approved' WHERE id = $1", user.ID) // the session is over all the same
	_, err = w.refresh(a, tokens.Refresh)
	want(t, err, problem.Unauthorized)
	if !counts(t, a, w.login(a, user).Access) { // within the same millisecond
		t.Error("a login after the block was lifted does not count")
	}
}

func TestChangedRolesCountAtOnceAndTheSessionLivesOn(t *testing.T) {
	w := newWorld(t)
	a, user := w.auth(nil), w.user(acme, "approved", "manager", "applicant")
	tokens := w.login(a, user)
	w.do(func(u *unit.Work) error {
		if _, err := u.Tx.Exec(t.Context(), "UPDATE users SET roles = '{applicant}', active_role = 'applicant' WHERE id = $1", user.ID); err != nil {
			return err
		}
		return a.RevokeUser(t.Context(), u, acme, user.ID, auth.RolesChanged)
	})
	if counts(t, a, tokens.Access) {
		t.Error("the manager's token counts")
	}
	fresh, err := w.refresh(a, tokens.Refresh) // the clock stands: within the same millisecond
	if err != nil {
		t.Fatal(err)
	}
	caller, err := a.Token(t.Context(), fresh.AccessToken)
	if err != nil || caller.Role != access.Applicant {
		t.Errorf("after a refresh: role %q, %v; want applicant", caller.Role, err)
	}
}

// TestAFasterClockOutlivesNoRevocation: the replica that issued a token is some
// seconds ahead of the one that revokes.
func TestAFasterClockOutlivesNoRevocation(t *testing.T) {
	w := newWorld(t)
	a, user := w.auth(nil), w.user(acme, "approved", "manager")
	w.clock.Advance(3 * time.Second)
	tokens := w.login(a, user)
	w.clock.Advance(-3 * time.Second)
	w.do(func(u *unit.Work) error { return a.RevokeUser(t.Context(), u, acme, user.ID, auth.RolesChanged) })
	if counts(t, a, tokens.Access) {
		t.Error("a token issued by a faster clock counts after the revocation")
	}
	fresh, err := w.refresh(a, tokens.Refresh)
	if err != nil || !counts(t, a, secret.Text(fresh.AccessToken)) {
		t.Errorf("the token after the revocation does not count (%v)", err)
	}
}

// TestARefreshDuringARoleChangeKeepsNoRole lets a refresh wait for the
// transaction that takes the role away.
func TestARefreshDuringARoleChangeKeepsNoRole(t *testing.T) {
	w := newWorld(t)
	a, user := w.auth(nil), w.user(acme, "approved", "manager", "applicant")
	tokens := w.login(a, user)
	type result struct {
		tokens api.AuthTokens
		err    error
	}
	done := make(chan result, 1)
	w.do(func(u *unit.Work) error {
		if _, err := u.LockAuthUser(t.Context(), acme, user.ID); err != nil {
			return err
		}
		go func() {
			fresh, err := w.refresh(a, tokens.Refresh)
			done <- result{fresh, err}
		}()
		natstest.Wait(t, "the refresh to wait for the person", func() bool {
			var waiting int
			w.one(&waiting, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
			return waiting > 0
		})
		w.clock.Advance(time.Second)
		if _, err := u.Tx.Exec(t.Context(), "UPDATE users SET roles = '{applicant}', active_role = 'applicant' WHERE id = $1", user.ID); err != nil {
			return err
		}
		return a.RevokeUser(t.Context(), u, acme, user.ID, auth.RolesChanged)
	})
	got := <-done
	if got.err != nil {
		t.Fatal(got.err)
	}
	caller, err := a.Token(t.Context(), got.tokens.AccessToken)
	if err != nil || caller.Role != access.Applicant {
		t.Errorf("the refresh that waited gave role %q, %v; want an applicant's token that counts", caller.Role, err)
	}
}
