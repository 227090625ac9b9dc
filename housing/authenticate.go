package housing

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/secret"
)

// headerKey carries an API key.
const headerKey = "X-API-Key"

// authenticate finds out who asks. Public operations ask nobody.
func (g guard) authenticate(ctx context.Context, r *call) (access.Caller, error) {
	if r.op.permission == access.Public {
		return access.Caller{}, nil
	}
	return g.identify(ctx, strings.Clone(r.Get(fiber.HeaderAuthorization)), strings.Clone(r.Get(headerKey)))
}

// shownKey is what came where an API key may stand; it may be none.
func (r *call) shownKey() secret.Text {
	if key := r.Get(headerKey); key != "" {
		return secret.Text(strings.Clone(key))
	}
	_, credential, _ := strings.Cut(r.Get(fiber.HeaderAuthorization), " ")
	return secret.Text(strings.Clone(strings.TrimSpace(credential)))
}

// identify is who an Authorization or an X-API-Key belongs to.
func (g guard) identify(ctx context.Context, authorization, key string) (access.Caller, error) {
	scheme, credential, _ := strings.Cut(authorization, " ")
	credential = strings.TrimSpace(credential)
	switch {
	case strings.EqualFold(scheme, "Bearer") && strings.Count(credential, ".") == 2:
		return g.auth.Token(ctx, credential)
	case strings.EqualFold(scheme, "Bearer") && credential != "":
		return g.auth.Key(ctx, secret.Text(credential))
	case scheme != "":
		return access.Caller{}, problem.New(problem.Unauthorized, "Authorization must be Bearer and a token")
	case key != "":
		return g.auth.Key(ctx, secret.Text(key))
	}
	return access.Caller{}, problem.New(problem.Unauthorized, "send an access token (Authorization: Bearer …) or an API key (X-API-Key)")
}
