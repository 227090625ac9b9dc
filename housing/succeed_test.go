package housing_test

import (
	"testing"

	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// The walks above send every operation to things that are in use and with
// examples of tokens. These are the operations that need more to succeed.

func TestBotLogsAPersonInAndRefreshes(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	resident := s.Applicant()
	var telegram int64
	if err := s.Pool.QueryRow(t.Context(), "SELECT telegram_id FROM users WHERE id = $1", resident.User).Scan(&telegram); err != nil {
		t.Fatal(err)
	}
	type tokens struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
	}
	var login struct{ Tokens tokens }
	s.Key(access.AuthTelegram).Do("POST", "/auth/telegram", map[string]any{"telegram_id": telegram}).Want(t, 200, &login)
	var next, repeated tokens
	refresh := map[string]any{"refresh_token": login.Tokens.RefreshToken}
	s.Anonymous().Do("POST", "/auth/refresh", refresh, "Idempotency-Key: lost-answer").Want(t, 200, &next)
	s.Anonymous().Do("POST", "/auth/refresh", refresh, "Idempotency-Key: lost-answer").Want(t, 200, &repeated)
	if next == (tokens{}) || repeated != next {
		t.Errorf("a repeated refresh gave %v, want the first answer", repeated)
	}
	stranger := s.Anonymous()
	stranger.Do("GET", "/me", nil, "Authorization: Bearer "+next.AccessToken).Want(t, 200)
	stranger.Do("GET", "/auth/jwks.json", nil).Want(t, 200)
	// The same key of somebody else, who knows no token, is another key.
	stranger.Do("POST", "/auth/refresh", map[string]any{"refresh_token": "ukr_acme.x"}, "Idempotency-Key: lost-answer").Want(t, 401)
}

func TestEmptyPlacesAreRemoved(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	manager := s.Manager()
	var yard, building, entrance, apartment struct{ ID string }
	manager.Do("POST", "/yards", map[string]any{"name": "Двор"}).Want(t, 201, &yard)
	manager.Do("POST", "/buildings", map[string]any{"yard_id": yard.ID, "address": "Чиланзар 1"}).Want(t, 201, &building)
	manager.Do("POST", "/buildings/"+building.ID+"/entrances", map[string]any{"number": "1"}).Want(t, 201, &entrance)
	manager.Do("POST", "/buildings/"+building.ID+"/apartments", map[string]any{"number": "1", "entrance_id": entrance.ID}).Want(t, 201, &apartment)
	for _, path := range []string{"/apartments/" + apartment.ID, "/entrances/" + entrance.ID, "/buildings/" + building.ID, "/yards/" + yard.ID} {
		manager.Do("DELETE", path, nil).Want(t, 204)
	}
}
