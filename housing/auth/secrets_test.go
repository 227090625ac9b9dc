package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"ukbot/housing/access"
	"ukbot/secret"
)

// TestNoSecretIsInALogOrAnError does everything that can go wrong with every
// secret there is, and reads what was said of it.
func TestNoSecretIsInALogOrAnError(t *testing.T) {
	w := newWorld(t)
	a, user := w.replica(), w.user(acme, "approved", "applicant")
	key, _ := w.key(a, "bot", nil, access.AuthTelegram)
	tokens := w.login(a, user)
	next, err := w.refresh(a, tokens.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	_, private := w.signingKey()
	secrets := []secret.Text{
		key, tokens.Access, tokens.Refresh, secret.Text(next.AccessToken), secret.Text(next.RefreshToken),
		secret.Text(private.Seed()), secret.Text(fmt.Sprintf("%x", private.Seed())),
	}
	log := zerolog.New(w.log)
	say := func(what string, err error) {
		log.Error().Err(err).Interface("error_json", err).Str("verbose", fmt.Sprintf("%+v %#v", err, err)).Msg(what)
	}
	log.Info().Interface("tokens", tokens).Str("text", fmt.Sprintf("%+v", tokens)).Msg("printed by accident")

	_, err = w.refresh(a, tokens.Refresh) // within the grace
	say("twice", err)
	w.clock.Advance(time.Minute)
	_, err = w.refresh(a, tokens.Refresh)
	say("reuse", err)
	for _, token := range []string{tokens.Access.Reveal(), tokens.Access.Reveal() + "x", "x" + tokens.Access.Reveal(), next.AccessToken} {
		_, err = a.Token(t.Context(), token)
		say("token", err)
	}
	w.exec("UPDATE api_keys SET revoked_at = now()")
	a.Forget()
	_, err = a.Key(t.Context(), key)
	say("key", err)
	_, err = a.Key(t.Context(), key+"x")
	say("longer key", err)

	w.env.Stop()
	w.exec("ALTER TABLE auth_refresh_tokens RENAME TO gone")
	w.exec("ALTER TABLE api_keys RENAME TO gone_too")
	w.exec("ALTER TABLE auth_signing_keys RENAME TO gone_as_well")
	_, err = w.refresh(a, secret.Text(next.RefreshToken))
	say("a refresh without its table", err)
	_, err = w.tryLogin(a, user)
	say("a login without its table", err)
	a.Forget()
	_, err = a.Key(t.Context(), key)
	say("a key without its table", err)
	say("a rotation without its table", a.RotateSigningKey(t.Context()))
	a.Reload(t.Context())

	for i, s := range secrets {
		if leaks(w.log.String(), s) {
			t.Errorf("secret %d is in the log:\n%s", i, w.log.String())
		}
	}
}
