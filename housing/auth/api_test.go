package auth_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
	"ukbot/secret"
)

// telegram is a person's id there.
func telegram(t *testing.T, s *housingtest.Server, user uuid.UUID) int64 {
	t.Helper()
	var id int64
	if err := s.Pool.QueryRow(t.Context(), "SELECT telegram_id FROM users WHERE id = $1", user).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// enter logs a person in as the bot does, and gives them the access token.
func enter(t *testing.T, s *housingtest.Server, who *housingtest.Client) api.AuthLogin {
	t.Helper()
	var login api.AuthLogin
	s.Key(access.AuthTelegram).Do("POST", "/auth/telegram", api.TelegramLogin{TelegramId: telegram(t, s, who.User)}).Want(t, 200, &login)
	who.Bearer(login.Tokens.AccessToken)
	return login
}

func TestALifeOfASession(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	anna, nobody := s.Applicant(housingtest.AlsoRole(access.Executor)), s.Anonymous()
	login := enter(t, s, anna)
	if login.User.Id != anna.User || login.User.Role != api.RoleApplicant || login.Tokens.ExpiresIn != 900 {
		t.Errorf("logged in as %+v", login.User)
	}
	anna.Do("GET", "/auth/sessions", nil).Want(t, 200)

	var switched api.RoleToken
	s.Clock.Advance(10 * time.Minute)
	anna.Do("POST", "/auth/role", api.RoleSwitch{Role: api.RoleExecutor}).Want(t, 200, &switched)
	anna.Bearer(switched.AccessToken)
	anna.Do("GET", "/auth/sessions", nil).Want(t, 200)
	if switched.ExpiresIn < 298 || switched.ExpiresIn > 300 {
		t.Errorf("10 minutes later the switched token lives %d s more, want the 300 of the first", switched.ExpiresIn)
	}

	s.Clock.Advance(6 * time.Minute) // a switch prolongs nothing
	anna.Do("GET", "/auth/sessions", nil).WantProblem(t, 401, "unauthorized")
	var tokens api.AuthTokens
	refresh := api.TokenRefresh{RefreshToken: login.Tokens.RefreshToken}
	nobody.Do("POST", "/auth/refresh", refresh).Want(t, 200, &tokens)
	if tokens.Role != api.RoleExecutor {
		t.Errorf("refreshed as %s, want executor", tokens.Role)
	}
	anna.Bearer(tokens.AccessToken)
	var list api.SessionList
	anna.Do("GET", "/auth/sessions", nil).Want(t, 200, &list)
	if i := slices.IndexFunc(list.Items, func(s api.Session) bool { return s.Current }); i < 0 || list.Items[i].Id != tokens.Session {
		t.Errorf("of the sessions %+v none is the current one %s", list.Items, tokens.Session)
	}

	anna.Do("POST", "/auth/logout", nil).Want(t, 204)
	anna.Do("GET", "/auth/sessions", nil).WantProblem(t, 401, "unauthorized")
	nobody.Do("POST", "/auth/refresh", api.TokenRefresh{RefreshToken: tokens.RefreshToken}).WantProblem(t, 401, "unauthorized")
	wantEvents(t, s, `housing.user.acme.role housing.user.role {"user":"`+anna.ID()+`","from":"applicant","role":"executor"}`)
}

// wantEvents fails the test unless these events, as "subject type data", are all there are.
func wantEvents(t *testing.T, s *housingtest.Server, want ...string) {
	t.Helper()
	var got []string
	for _, e := range s.Outbox(t) {
		got = append(got, e.Subject+" "+e.Type+" "+string(e.Data))
	}
	if !slices.Equal(got, want) {
		t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestARepeatedRefreshGivesTheFirstAnswer(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	anna, nobody := s.Applicant(), s.Anonymous()
	refresh := api.TokenRefresh{RefreshToken: enter(t, s, anna).Tokens.RefreshToken}
	var list api.SessionList
	anna.Do("GET", "/auth/sessions", nil).Want(t, 200, &list)
	client := list.Items[0].Client
	var first, again api.AuthTokens
	nobody.Do("POST", "/auth/refresh", refresh, "Idempotency-Key: one").Want(t, 200, &first)
	s.Clock.Advance(time.Minute)
	answer := nobody.Do("POST", "/auth/refresh", refresh, "Idempotency-Key: one").Want(t, 200, &again)
	if first != again || answer.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("the repeat gave other tokens")
	}
	anna.Bearer(again.AccessToken)
	anna.Do("GET", "/auth/sessions", nil).Want(t, 200)

	// Another key: somebody else has the token.
	nobody.Do("POST", "/auth/refresh", refresh, "Idempotency-Key: two").WantProblem(t, 401, "unauthorized")
	anna.Do("GET", "/auth/sessions", nil).WantProblem(t, 401, "unauthorized")
	nobody.Do("POST", "/auth/refresh", api.TokenRefresh{RefreshToken: first.RefreshToken}).WantProblem(t, 401, "unauthorized")
	wantReuse(t, s, events.UserChanged{
		Actor: events.Actor{ID: "system", Role: "system"},
		Login: &events.LoginBrief{Session: first.Session.String(), Client: client},
		Know:  []events.Knower{{Person: anna.ID(), Relation: events.RelationSubject}},
	})
}

func TestSessionsEndThroughTheAPI(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	anna, boris, admin := s.Applicant(), s.Manager(), s.Admin()
	stranger := s.In(housingtest.Other).Admin()
	session := enter(t, s, anna).Tokens.Session.String()
	boris.Do("DELETE", "/auth/sessions/"+session, nil).WantProblem(t, 403, "forbidden")
	stranger.Do("DELETE", "/auth/sessions/"+session, nil).WantProblem(t, 404, "not_found")
	boris.Do("GET", "/auth/sessions?user="+anna.ID(), nil).WantProblem(t, 403, "forbidden")
	stranger.Do("GET", "/auth/sessions?user="+anna.ID(), nil).WantProblem(t, 404, "not_found")
	admin.Do("GET", "/auth/sessions?user="+anna.ID(), nil).Want(t, 200)
	admin.Do("DELETE", "/auth/sessions/"+session, nil).Want(t, 204)
	anna.Do("GET", "/auth/sessions", nil).WantProblem(t, 401, "unauthorized")

	enter(t, s, anna)
	boris.Do("POST", "/users/"+anna.ID()+"/sessions/revoke", nil).WantProblem(t, 403, "forbidden")
	stranger.Do("POST", "/users/"+anna.ID()+"/sessions/revoke", nil).WantProblem(t, 404, "not_found")
	var revoked api.SessionsRevoked
	anna.Do("POST", "/users/"+anna.ID()+"/sessions/revoke", nil).Want(t, 200, &revoked)
	if revoked.Revoked != 2 { // this one, and the one she was made with
		t.Errorf("%d sessions ended, want 2", revoked.Revoked)
	}
	anna.Do("GET", "/auth/sessions", nil).WantProblem(t, 401, "unauthorized")
}

func TestAKeyFromItsMakingToItsEnd(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	admin, machine := s.Admin(), s.Anonymous()
	look := "/auth/sessions?user=" + admin.ID()
	until := s.Clock.Now().Add(time.Hour)
	var made api.ApiKeyMade
	body := api.ApiKeyNew{Name: "accounting", Scopes: []api.Permission{"sessions.view"}, ExpiresAt: &until}
	admin.Do("POST", "/api-keys", body, "Idempotency-Key: make").Want(t, 201, &made)
	var again api.ApiKeyMade
	admin.Do("POST", "/api-keys", body, "Idempotency-Key: make").Want(t, 201, &again)
	if again.Key != made.Key {
		t.Error("the repeat made another key")
	}
	admin.Do("POST", "/api-keys", body).WantProblem(t, 409, "exists")

	machine.Do("GET", look, nil, "X-API-Key: "+made.Key).Want(t, 200)
	machine.Do("GET", look, nil, "Authorization: Bearer "+made.Key).Want(t, 200)
	machine.Do("GET", "/api-keys", nil, "X-API-Key: "+made.Key).WantProblem(t, 403, "forbidden")
	machine.Do("GET", look, nil, "X-API-Key: "+made.Key+"x").WantProblem(t, 401, "unauthorized")
	s.Clock.Advance(time.Hour)
	machine.Do("GET", look, nil, "X-API-Key: "+made.Key).WantProblem(t, 401, "unauthorized")
	admin.Renew()

	var keys api.ApiKeyList
	if raw := admin.Do("GET", "/api-keys", nil).Want(t, 200, &keys).Raw; strings.Contains(string(raw), made.Key) || len(keys.Items) != 1 {
		t.Errorf("the list of keys: %s", raw)
	}
	body.ExpiresAt, body.Name = nil, "bot"
	admin.Do("POST", "/api-keys", body).Want(t, 201, &made)
	machine.Do("GET", look, nil, "X-API-Key: "+made.Key).Want(t, 200)
	s.In(housingtest.Other).Admin().Do("DELETE", "/api-keys/"+made.Details.Id.String(), nil).WantProblem(t, 404, "not_found")
	admin.Do("DELETE", "/api-keys/"+made.Details.Id.String(), nil).Want(t, 204)
	machine.Do("GET", look, nil, "X-API-Key: "+made.Key).WantProblem(t, 401, "unauthorized")
	if leaks(s.Log.String(), secret.Text(made.Key)) {
		t.Error("the key is in the log")
	}
}

func TestKeysAreMadeOnlyAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	admin := s.Admin()
	for name, tc := range map[string]struct {
		body    string
		status  int
		pointer string
	}{
		"no name":               {`{"scopes":["users.view"]}`, 422, "/name"},
		"a name with markup":    {`{"name":"<b>x</b>","scopes":["users.view"]}`, 422, "/name"},
		"a name with a newline": {`{"name":"x\ny","scopes":["users.view"]}`, 422, "/name"},
		"a person's id":         {`{"name":"` + uuid.NewString() + `","scopes":["users.view"]}`, 422, "/name"},
		"no scopes":             {`{"name":"x","scopes":[]}`, 422, "/scopes"},
		"an unknown scope":      {`{"name":"x","scopes":["root"]}`, 422, "/scopes"},
		"a date that is none":   {`{"name":"x","scopes":["users.view"],"expires_at":"soon"}`, 422, "/expires_at"},
		"a date that is over":   {`{"name":"x","scopes":["users.view"],"expires_at":"2020-01-01T00:00:00Z"}`, 422, "/expires_at"},
		"a field of its own":    {`{"name":"x","scopes":["users.view"],"tenant_id":"other"}`, 422, "/tenant_id"},
		"someone else's scope":  {`{"name":"x","scopes":["auth.telegram"]}`, 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			answer := admin.Do("POST", "/api-keys", tc.body).Want(t, tc.status)
			if errors := answer.Problem().Errors; tc.pointer != "" && (errors == nil || (*errors)[0].Pointer != tc.pointer) {
				t.Errorf("errors %s, want one at %s", answer.Raw, tc.pointer)
			}
		})
	}
}

func TestTheJWKSIsPublic(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	answer := s.Anonymous().Do("GET", "/auth/jwks.json", nil).Want(t, 200)
	var set map[string][]map[string]string
	if err := json.Unmarshal(answer.Raw, &set); err != nil {
		t.Fatal(err)
	}
	if answer.Header.Get("Cache-Control") == "" || len(set["keys"]) != 1 || set["keys"][0]["kty"] != "OKP" || set["keys"][0]["d"] != "" {
		t.Errorf("JWKS with Cache-Control %q: %s", answer.Header.Get("Cache-Control"), answer.Raw)
	}
}

// TestABadTokenIs401Everywhere sends through HTTP what TestOnlyOwnTokensCount
// shows to be refused, in the forms that a header can have.
func TestABadTokenIs401Everywhere(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	anna := s.Applicant()
	token := enter(t, s, anna).Tokens.AccessToken
	nobody := s.Anonymous()
	for name, header := range map[string]string{
		"none":               "X-Nothing: 1",
		"empty":              "Authorization: Bearer ",
		"garbage":            "Authorization: Bearer garbage",
		"another scheme":     "Authorization: Basic " + token,
		"10 KB":              "Authorization: Bearer " + strings.Repeat("a", 10_000),
		"10 KB with dots":    "Authorization: Bearer " + strings.Repeat("a", 5_000) + "." + strings.Repeat("a", 5_000) + ".a",
		"tampered":           "Authorization: Bearer " + token[:len(token)-10] + "AAAAAAAAAA",
		"twice":              "Authorization: Bearer " + token + " " + token,
		"as an API key":      "X-API-Key: " + token,
		"a 10 KB API key":    "X-API-Key: uk_" + strings.Repeat("A", 10_000),
		"an unknown API key": "X-API-Key: uk_" + strings.Repeat("A", 52),
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/company", "/auth/sessions", "/api-keys"} {
				nobody.Do("GET", path, nil, header).WantProblem(t, 401, "unauthorized")
			}
		})
	}
	if leaks(s.Log.String(), secret.Text(token)) {
		t.Error("the token is in the log")
	}
}

// TestTokensOfOneCompanyOpenNothingOfAnother asks for acme's things with a
// token of the other company: they are not there.
func TestTokensOfOneCompanyOpenNothingOfAnother(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	anna, stranger := s.Applicant(), s.In(housingtest.Other).Admin()
	session := enter(t, s, anna).Tokens.Session.String()
	for _, call := range [][2]string{
		{"DELETE", "/auth/sessions/" + session}, {"GET", "/auth/sessions?user=" + anna.ID()}, {"POST", "/users/" + anna.ID() + "/sessions/revoke"},
	} {
		stranger.Do(call[0], call[1], nil).WantProblem(t, 404, "not_found")
	}
	anna.Do("GET", "/auth/sessions", nil).Want(t, 200)
}

func TestTelegramLoginsThroughTheAPI(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	bot := s.Key(access.AuthTelegram)
	for status, code := range map[string]string{"pending": "approval_pending", "blocked": "blocked"} {
		person := s.Applicant(housingtest.Status(status))
		bot.Do("POST", "/auth/telegram", api.TelegramLogin{TelegramId: telegram(t, s, person.User)}).WantProblem(t, 403, code)
	}
	bot.Do("POST", "/auth/telegram", api.TelegramLogin{TelegramId: 1 << 40}).WantProblem(t, 404, "not_found")
	bot.Do("POST", "/auth/telegram", `{"telegram_id":"1"}`).Want(t, 422)
	bot.Do("POST", "/auth/telegram", `{"telegram_id":0}`).Want(t, 422)
	anna := s.Applicant()
	s.Key(access.UsersView).Do("POST", "/auth/telegram", api.TelegramLogin{TelegramId: telegram(t, s, anna.User)}).WantProblem(t, 403, "forbidden")
	s.Admin().Do("POST", "/auth/telegram", api.TelegramLogin{TelegramId: telegram(t, s, anna.User)}).WantProblem(t, 403, "forbidden")
	s.In(housingtest.Other).Key(access.AuthTelegram).
		Do("POST", "/auth/telegram", api.TelegramLogin{TelegramId: telegram(t, s, anna.User)}).WantProblem(t, 404, "not_found")
}
