package auth_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// wantReuse fails the test unless the only event is this one about a reused token.
func wantReuse(t *testing.T, s *housingtest.Server, want events.UserChanged) {
	t.Helper()
	all := s.Outbox(t)
	if len(all) != 1 || all[0].Subject != "housing.user.acme.session_reused" || all[0].Type != "housing.user.session_reused" {
		t.Fatalf("events %+v, want one about the reuse", all)
	}
	var got events.UserChanged
	if err := json.Unmarshal(all[0].Data, &got); err != nil {
		t.Fatal(err)
	}
	want.User = got.User // as in every event about a person
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the event says %+v (login %+v), want %+v", got, got.Login, want)
	}
}

// TestAFrontsOwnOldTokenFrightensNobody tries who may show an old token: only to
// whoever could log the person in anyway is it of no use.
func TestAFrontsOwnOldTokenFrightensNobody(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		shown func(s *housingtest.Server) string // the header that comes along
		told  bool
	}{
		"a front": {func(s *housingtest.Server) string {
			return "Authorization: Bearer " + s.Key(access.AuthTelegram).Credential()
		}, false},
		"a front, its key apart": {func(s *housingtest.Server) string { return "X-API-Key: " + s.Key(access.AuthTelegram).Credential() }, false},
		"another tenant's front": {func(s *housingtest.Server) string {
			return "X-API-Key: " + s.In(housingtest.Other).Key(access.AuthTelegram).Credential()
		}, true},
		"a key for something else": {func(s *housingtest.Server) string { return "X-API-Key: " + s.Key(access.RequestsView).Credential() }, true},
		"somebody logged in":       {func(s *housingtest.Server) string { return "Authorization: Bearer " + s.Admin().Credential() }, true},
		"nonsense":                 {func(*housingtest.Server) string { return "X-API-Key: uk_nonsense" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := housingtest.Start(t)
			anna, nobody := s.Applicant(), s.Anonymous()
			refresh := api.TokenRefresh{RefreshToken: enter(t, s, anna).Tokens.RefreshToken}
			nobody.Do("POST", "/auth/refresh", refresh).Want(t, 200)
			s.Clock.Advance(time.Minute)
			header := tc.shown(s)
			nobody.Do("POST", "/auth/refresh", refresh, header).WantProblem(t, 401, "unauthorized")
			var told events.UserChanged
			all := s.Outbox(t)
			if err := json.Unmarshal(all[len(all)-1].Data, &told); err != nil || told.Login == nil {
				t.Fatalf("events %+v, %v, want one about the reuse", all, err)
			}
			if (len(told.Know) > 0) != tc.told || tc.told == (told.Actor.Role == "key") {
				t.Errorf("by %+v, told %+v; want somebody told: %t", told.Actor, told.Know, tc.told)
			}
		})
	}
}
