package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/secret"
)

// issuer is who signs access tokens and whom they are for: this API alone.
const issuer = "ukbot"

// tokenMax is the longest token that is looked at, in bytes; ours have about 500.
const tokenMax = 2048

// claims is what an access token says.
type claims struct {
	jwt.RegisteredClaims

	Tenant  string      `json:"tenant"`
	Role    access.Role `json:"role"`
	Session uuid.UUID   `json:"sid"`
	// Millis is when it was issued, in Unix milliseconds: "iat" counts seconds, and
	// a role can change and the session refresh within one.
	Millis int64 `json:"iat_ms"`

	user uuid.UUID
}

// Validate checks what the library does not; it calls this after its own checks.
func (c *claims) Validate() (err error) {
	if c.user, err = uuid.Parse(c.Subject); err != nil || c.user == uuid.Nil {
		return errors.New("sub is not a person's id")
	}
	if !events.ValidName(c.Tenant) || c.Session == uuid.Nil || c.Millis <= 0 || !slices.Contains(access.Roles, c.Role) {
		return errors.New("a claim is missing")
	}
	return nil
}

// sign makes an access token, issued at a time, that lives until who.Expires.
func (a *Auth) sign(ctx context.Context, who access.Caller, at time.Time) (secret.Text, error) {
	key, err := a.ring.signer(ctx)
	if err != nil {
		return "", err
	}
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, &claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{issuer}, Subject: who.User.String(), ID: rand.Text(),
			IssuedAt: jwt.NewNumericDate(at), ExpiresAt: jwt.NewNumericDate(who.Expires),
		},
		Tenant: who.Tenant, Role: who.Role, Session: who.Session, Millis: at.UnixMilli(),
	})
	token.Header["kid"] = key.id
	signed, err := token.SignedString(key.private)
	if err != nil {
		return "", fmt.Errorf("sign an access token: %w", err)
	}
	return secret.Text(signed), nil
}

// Token is who an access token belongs to; a Problem if it does not count. It
// asks PostgreSQL only on a replica's first token and for keys it does not know.
func (a *Auth) Token(ctx context.Context, token string) (access.Caller, error) {
	if len(token) > tokenMax {
		return access.Caller{}, nobody("this is no access token")
	}
	if err := a.revoked.ready(ctx); err != nil {
		return access.Caller{}, err
	}
	var c claims
	var broken error // ours, not the token's
	_, err := a.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		key, good, err := a.ring.verifier(ctx, kid)
		if broken = err; err != nil || !good {
			return nil, errors.Join(jwt.ErrTokenUnverifiable, err)
		}
		return key, nil
	})
	switch {
	case broken != nil:
		return access.Caller{}, broken
	case errors.Is(err, jwt.ErrTokenExpired):
		return access.Caller{}, nobody("the access token has expired: refresh it")
	case err != nil: // not said why: the reason helps only who makes tokens up
		return access.Caller{}, nobody("the access token does not count: log in again")
	}
	if a.revoked.has(kindSession, c.Tenant, c.Session, 0) || a.revoked.has(kindUser, c.Tenant, c.user, c.Millis) {
		return access.Caller{}, nobody("the access token was revoked: refresh it or log in again")
	}
	return access.Caller{Tenant: c.Tenant, User: c.user, Role: c.Role, Session: c.Session, Expires: c.ExpiresAt.Time}, nil
}

// newParser refuses whatever is not exactly as sign makes it.
func newParser(now func() time.Time) *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), // nothing else, whatever the header says
		jwt.WithIssuer(issuer), jwt.WithAudience(issuer), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(leeway), jwt.WithTimeFunc(now), jwt.WithStrictDecoding(),
	)
}
