package auth_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/auth"
	"ukbot/housing/problem"
	"ukbot/sql/db"
)

// loggedIn is a person with a session, as the guard knows them.
func (w *world) loggedIn(a *auth.Auth, tenant string, roles ...string) (access.Caller, auth.Tokens, db.User) {
	w.t.Helper()
	user := w.user(tenant, "approved", roles...)
	tokens := w.login(a, user)
	caller, err := a.Token(w.t.Context(), tokens.Access.Reveal())
	if err != nil {
		w.t.Fatal(err)
	}
	return caller, tokens, user
}

func TestOnlyAKeyWithTheScopeLogsPeopleIn(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	user := w.user(acme, "approved", "executor", "applicant")
	login := func(caller access.Caller, telegram int64) (api.LoginTelegramResponseObject, error) {
		return a.Handlers().LoginTelegram(w.as(caller), api.LoginTelegramRequestObject{Body: &api.TelegramLogin{TelegramId: telegram}})
	}
	bot := access.Caller{Tenant: acme, Name: "bot", Scopes: []access.Action{access.AuthTelegram}}
	answer, err := login(bot, *user.TelegramID)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := answer.(api.LoginTelegram200JSONResponse)
	if !ok || got.User.Id != user.ID || got.User.Role != api.RoleExecutor || len(got.User.Roles) != 2 || got.Tokens.ExpiresIn != 900 {
		t.Errorf("LoginTelegram answered %+v", answer)
	}
	for name, tc := range map[string]struct {
		caller   access.Caller
		telegram int64
		want     problem.Code
	}{
		"somebody unknown":          {bot, 1 << 40, problem.NotFound},
		"another company's bot":     {access.Caller{Tenant: other, Name: "bot", Scopes: bot.Scopes}, *user.TelegramID, problem.NotFound},
		"a key without the scope":   {access.Caller{Tenant: acme, Name: "x", Scopes: []access.Action{access.UsersView}}, *user.TelegramID, problem.Forbidden},
		"an administrator":          {access.Caller{Tenant: acme, User: user.ID, Role: access.Admin}, *user.TelegramID, problem.Forbidden},
		"somebody who waits":        {bot, *w.user(acme, "pending", "applicant").TelegramID, problem.ApprovalPending},
		"somebody who is shut out":  {bot, *w.user(acme, "blocked", "applicant").TelegramID, problem.Blocked},
		"nobody, without any token": {access.Caller{}, *user.TelegramID, problem.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := login(tc.caller, tc.telegram)
			want(t, err, tc.want)
		})
	}
}

func TestARoleSwitchIsKeptAndAnnounced(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	caller, tokens, user := w.loggedIn(a, acme, "applicant", "executor")
	swap := func(caller access.Caller, role api.Role) (access.Role, error) {
		answer, err := a.Handlers().SwitchRole(w.as(caller), api.SwitchRoleRequestObject{Body: &api.RoleSwitch{Role: role}})
		if err != nil {
			return "", err
		}
		token, ok := answer.(api.SwitchRole200JSONResponse)
		if !ok {
			t.Fatalf("SwitchRole answered %T", answer)
		}
		now, err := a.Token(t.Context(), token.AccessToken)
		if now.Session != tokens.Session {
			t.Errorf("the token belongs to session %s, want %s", now.Session, tokens.Session)
		}
		return now.Role, err
	}
	for range 2 { // the second changes nothing
		if role, err := swap(caller, api.RoleExecutor); err != nil || role != access.Executor {
			t.Fatalf("switch: %q, %v", role, err)
		}
	}
	if got := w.types(); !slices.Equal(got, []string{"housing.user.acme.role"}) {
		t.Errorf("events %v, want one", got)
	}
	fresh, err := w.refresh(a, tokens.Refresh)
	if err != nil || fresh.Role != api.RoleExecutor {
		t.Errorf("a refresh gives role %q, %v; want executor", fresh.Role, err)
	}
	_, err = swap(caller, api.RoleAdmin)
	want(t, err, problem.Forbidden)
	_, err = swap(access.Caller{Tenant: acme, Name: "bot", Scopes: []access.Action{access.RoleSwitch}}, api.RoleAdmin)
	want(t, err, problem.Forbidden)
	w.exec("UPDATE auth_sessions SET revoked_at = now(), reason = 'revoked' WHERE id = $1", tokens.Session)
	_, err = swap(caller, api.RoleApplicant) // the token has not been refused yet, the session is over
	want(t, err, problem.Unauthorized)
	w.exec("UPDATE users SET status = 'blocked' WHERE id = $1", user.ID)
	_, err = swap(caller, api.RoleApplicant)
	want(t, err, problem.Blocked)
}

func TestSessionsAreSeenAndEndedByTheirOwnerAndAdministrators(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	owner, _, user := w.loggedIn(a, acme, "applicant")
	neighbour, _, _ := w.loggedIn(a, acme, "manager")
	admin, _, _ := w.loggedIn(a, acme, "admin")
	stranger, _, _ := w.loggedIn(a, other, "admin")
	machine := access.Caller{Tenant: acme, Name: "ops", Scopes: []access.Action{access.SessionsView, access.SessionsRevoke}}
	for name, tc := range map[string]struct {
		caller access.Caller
		user   *uuid.UUID
		want   problem.Code
	}{
		"the owner, by default":         {owner, nil, ""},
		"the owner, by name":            {owner, &user.ID, ""},
		"an administrator":              {admin, &user.ID, ""},
		"a key":                         {machine, &user.ID, ""},
		"a key that does not say whose": {machine, nil, problem.Invalid},
		"somebody else":                 {neighbour, &user.ID, problem.Forbidden},
		"another company":               {stranger, &user.ID, problem.NotFound},
	} {
		t.Run("lists: "+name, func(t *testing.T) {
			answer, err := a.Handlers().ListSessions(w.as(tc.caller), api.ListSessionsRequestObject{Params: api.ListSessionsParams{User: tc.user}})
			if tc.want != "" {
				want(t, err, tc.want)
				return
			}
			list, ok := answer.(api.ListSessions200JSONResponse)
			if err != nil || !ok || len(list.Items) != 1 || list.Items[0].Id != owner.Session || list.Items[0].Current != tc.caller.Is(user.ID) {
				t.Errorf("got %+v, %v; want the one session of %s", answer, err, user.ID)
			}
		})
	}
	for name, tc := range map[string]struct {
		caller access.Caller
		want   problem.Code
	}{
		"the owner": {owner, ""}, "an administrator": {admin, ""}, "a key": {machine, ""},
		"somebody else": {neighbour, problem.Forbidden}, "another company": {stranger, problem.NotFound},
	} {
		t.Run("ends: "+name, func(t *testing.T) {
			one, all := w.login(a, user), w.login(a, user)
			_, err := a.Handlers().RevokeSession(w.as(tc.caller), api.RevokeSessionRequestObject{Session: one.Session})
			_, errAll := a.Handlers().RevokeUserSessions(w.as(tc.caller), api.RevokeUserSessionsRequestObject{User: user.ID})
			if tc.want != "" {
				want(t, err, tc.want)
				want(t, errAll, tc.want)
			}
			if alive := counts(t, a, one.Access); alive != (tc.want != "") {
				t.Errorf("the session is alive: %v (%v)", alive, err)
			}
			if alive := counts(t, a, all.Access); alive != (tc.want != "") {
				t.Errorf("the other session is alive: %v (%v)", alive, errAll)
			}
		})
	}
}

func TestSessionsComeInPages(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	caller, first, user := w.loggedIn(a, acme, "applicant")
	made := []uuid.UUID{first.Session}
	for i := range 4 {
		if i%2 == 0 {
			w.clock.Advance(time.Minute) // some at the same moment
		}
		made = append(made, w.login(a, user).Session)
	}
	limit, seen := 2, []uuid.UUID{}
	for params := (api.ListSessionsParams{Limit: &limit}); ; {
		answer, err := a.Handlers().ListSessions(w.as(caller), api.ListSessionsRequestObject{Params: params})
		list, ok := answer.(api.ListSessions200JSONResponse)
		if err != nil || !ok {
			t.Fatal(answer, err)
		}
		for _, s := range list.Items {
			seen = append(seen, s.Id)
		}
		if params.Cursor = list.NextCursor; list.NextCursor == nil {
			break
		}
	}
	slices.Reverse(made)
	if !slices.Equal(seen, made) {
		t.Errorf("pages hold %v, want %v", seen, made)
	}
	nonsense := "nonsense"
	_, err := a.Handlers().ListSessions(w.as(caller), api.ListSessionsRequestObject{Params: api.ListSessionsParams{Cursor: &nonsense}})
	want(t, err, problem.Invalid)
}

func TestAnAPIKeyHasNoSessionToEnd(t *testing.T) {
	w := newWorld(t)
	machine := access.Caller{Tenant: acme, Name: "ops", Scopes: []access.Action{access.SessionsRevoke}}
	_, err := w.auth(nil).Handlers().Logout(w.as(machine), api.LogoutRequestObject{})
	want(t, err, problem.Forbidden)
}

func TestKeysAreGivenOnlyWhatTheirMakerHas(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	admin, _, user := w.loggedIn(a, acme, "admin")
	narrow := access.Caller{Tenant: acme, Name: "ops", Scopes: []access.Action{access.KeysManage, access.UsersView}}
	for name, tc := range map[string]struct {
		caller access.Caller
		scope  access.Action
		want   problem.Code
	}{
		"an administrator's own":             {admin, access.RequestsView, ""},
		"what an administrator has for self": {admin, access.RoleSwitch, problem.Forbidden},
		"what is the operator's to give":     {admin, access.AuthTelegram, problem.Forbidden},
		"what does not exist":                {admin, "everything", problem.Invalid},
		"a key's own":                        {narrow, access.UsersView, ""},
		"what a key does not have":           {narrow, access.UsersEdit, problem.Forbidden},
		"a manager asks":                     {access.Caller{Tenant: acme, User: user.ID, Role: access.Manager}, access.UsersView, problem.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := a.Handlers().CreateApiKey(w.as(tc.caller), api.CreateApiKeyRequestObject{
				Body: &api.ApiKeyNew{Name: uuid.NewString()[:8], Scopes: []api.Permission{string(tc.scope)}},
			})
			if tc.want != "" {
				want(t, err, tc.want)
				return
			}
			made, ok := answer.(api.CreateApiKey201JSONResponse)
			if err != nil || !ok || made.Details.CreatedBy != tc.caller.ID() {
				t.Fatalf("got %+v, %v", answer, err)
			}
		})
	}
}

func TestARevokedKeyCountsNowhereAndItsNameIsFree(t *testing.T) {
	w := newWorld(t)
	here, there := w.replica(), w.replica()
	admin, _, _ := w.loggedIn(here, acme, "admin")
	stranger, _, _ := w.loggedIn(here, other, "admin")
	key, row := w.key(here, "bot", nil, access.AuthTelegram)
	if !opens(t, here, key) || !opens(t, there, key) {
		t.Fatal("it does not count")
	}
	end := func(caller access.Caller, id uuid.UUID) error {
		_, err := here.Handlers().RevokeApiKey(w.as(caller), api.RevokeApiKeyRequestObject{Key: id})
		return err
	}
	want(t, end(stranger, row.ID), problem.NotFound)
	want(t, end(admin, uuid.New()), problem.NotFound)
	if !opens(t, here, key) {
		t.Error("another company has revoked it")
	}
	for range 2 {
		if err := end(admin, row.ID); err != nil {
			t.Fatal(err)
		}
	}
	if opens(t, here, key) {
		t.Error("it counts where it was revoked")
	}
	soon(t, auth.KeyFresh-time.Second, "the other replica to see it", func() bool { return !opens(t, there, key) })
	w.key(here, "bot", nil, access.AuthTelegram)
	limit := 1
	answer, err := here.Handlers().ListApiKeys(w.as(admin), api.ListApiKeysRequestObject{Params: api.ListApiKeysParams{Limit: &limit}})
	list, ok := answer.(api.ListApiKeys200JSONResponse)
	if err != nil || !ok || len(list.Items) != 1 || list.NextCursor == nil || list.Items[0].RevokedAt != nil {
		t.Fatalf("first page: %+v, %v", answer, err)
	}
	answer, err = here.Handlers().ListApiKeys(w.as(admin), api.ListApiKeysRequestObject{Params: api.ListApiKeysParams{Cursor: list.NextCursor}})
	list, ok = answer.(api.ListApiKeys200JSONResponse)
	if err != nil || !ok || len(list.Items) != 1 || list.Items[0].Id != row.ID || list.Items[0].RevokedAt == nil {
		t.Errorf("second page: %+v, %v; want the revoked key", answer, err)
	}
}

// TestAKeyRevokedBehindOurBackCountsForSecondsOnly: a row changed by hand.
func TestAKeyRevokedBehindOurBackCountsForSecondsOnly(t *testing.T) {
	w := newWorld(t)
	a := w.auth(nil)
	key, _ := w.key(a, "bot", nil, access.AuthTelegram)
	if !opens(t, a, key) {
		t.Fatal("it does not count")
	}
	w.exec("UPDATE api_keys SET revoked_at = now()")
	a.Forget()
	if opens(t, a, key) || auth.KeyFresh > 10*time.Second {
		t.Error("it counts for more than ten seconds")
	}
}
