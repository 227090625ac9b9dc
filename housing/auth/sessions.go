package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/secret"
	"ukbot/sql/db"
)

// reuseGrace is how long a second use of a refresh token passes for a request
// sent twice, or by two threads at once. It is refused all the same (a thief who
// is second gets nothing, in no window), but the session lives on.
const reuseGrace = 10 * time.Second

// Tokens is what a person's client gets.
type Tokens struct {
	Access         secret.Text
	Refresh        secret.Text
	RefreshExpires time.Time
	Session        uuid.UUID
	Role           access.Role
}

// Reason is why a session ended.
type Reason string

// The reasons. RolesChanged ends no session: its access tokens count no more,
// and its refresh token gives one with the roles of now.
const (
	LoggedOut    Reason = "logout"
	Revoked      Reason = "revoked"
	Reused       Reason = "reuse"
	UserBlocked  Reason = "blocked"
	RolesChanged Reason = "roles"
)

// Login begins a session of an approved person; client is what logged them in.
func (a *Auth) Login(ctx context.Context, w *unit.Work, tenant string, user db.User, client string) (Tokens, error) {
	user, err := w.ShareAuthUser(ctx, tenant, user.ID) // as it is, not as it was read
	if errors.Is(err, pgx.ErrNoRows) {
		return Tokens{}, problem.Missing("user")
	}
	if err != nil {
		return Tokens{}, err
	}
	if err := mayEnter(user); err != nil {
		return Tokens{}, err
	}
	session, err := uuid.NewV7()
	if err != nil {
		return Tokens{}, err
	}
	at, err := a.issueTime(ctx, w, tenant, user.ID)
	if err != nil {
		return Tokens{}, err
	}
	if err := w.AddSession(ctx, db.AddSessionParams{
		TenantID: tenant, ID: session, UserID: user.ID, Client: client, CreatedAt: at, ExpiresAt: at.Add(RefreshLife),
	}); err != nil {
		return Tokens{}, fmt.Errorf("begin a session: %w", err)
	}
	return a.issue(ctx, w, user, session, at)
}

// mayEnter refuses who is not approved.
func mayEnter(user db.User) error {
	switch user.Status {
	case "approved":
		return nil
	case "pending":
		return problem.New(problem.ApprovalPending, "a manager has not approved this person yet")
	}
	return problem.New(problem.Blocked, "this person is blocked")
}

// issueTime is when a token is issued whose person's row is locked: now, but
// after the person's last revocation, even if that came from a faster clock.
func (a *Auth) issueTime(ctx context.Context, w *unit.Work, tenant string, user uuid.UUID) (time.Time, error) {
	now := millis(a.store.Now()) // not w.Now: the lock may have been waited for
	revoked, err := w.RevokedAt(ctx, tenant, user)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && revoked.Before(now) {
		return now, nil
	}
	return millis(revoked).Add(time.Millisecond), err
}

// issue makes an access token and the session's next refresh token.
func (a *Auth) issue(ctx context.Context, w *unit.Work, user db.User, session uuid.UUID, at time.Time) (Tokens, error) {
	refresh, err := newRefreshToken(user.TenantID)
	if err != nil {
		return Tokens{}, err
	}
	tokens := Tokens{Refresh: refresh, RefreshExpires: at.Add(RefreshLife), Session: session, Role: access.Role(user.ActiveRole)}
	if err := w.AddRefreshToken(ctx, db.AddRefreshTokenParams{
		TenantID: user.TenantID, Hash: hash(refresh), SessionID: session, IssuedAt: at, ExpiresAt: tokens.RefreshExpires,
	}); err != nil {
		return Tokens{}, fmt.Errorf("keep a refresh token: %w", err)
	}
	tokens.Access, err = a.sign(ctx, access.Caller{
		Tenant: user.TenantID, User: user.ID, Role: tokens.Role, Session: session, Expires: at.Add(AccessLife),
	}, at)
	return tokens, err
}

// refreshPrefix begins every refresh token, for people and secret scanners.
const refreshPrefix = "ukr_"

// newRefreshToken is "ukr_<tenant>.<256 random bits>": who shows it says whose
// it is, so it is looked for among one tenant's.
func newRefreshToken(tenant string) (secret.Text, error) {
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", err
	}
	return secret.Text(refreshPrefix + tenant + "." + base64.RawURLEncoding.EncodeToString(random[:])), nil
}

func refreshTenant(token secret.Text) (string, bool) {
	rest, ok := strings.CutPrefix(token.Reveal(), refreshPrefix)
	tenant, _, dot := strings.Cut(rest, ".")
	return tenant, ok && dot && events.ValidName(tenant)
}

func hash(token secret.Text) []byte {
	sum := sha256.Sum256([]byte(token.Reveal()))
	return sum[:]
}

// refresh exchanges a refresh token for new tokens. What an old token means
// stands at reuseGrace.
func (a *Auth) refresh(ctx context.Context, token secret.Text) (tokens Tokens, err error) {
	tenant, ok := refreshTenant(token)
	if !ok {
		return Tokens{}, errUnknownRefresh()
	}
	row, err := a.store.Read(ctx).RefreshToken(ctx, tenant, hash(token))
	if errors.Is(err, pgx.ErrNoRows) {
		return Tokens{}, errUnknownRefresh()
	}
	if err != nil {
		return Tokens{}, err
	}
	if row.UsedAt != nil && a.store.Now().Sub(*row.UsedAt) > reuseGrace {
		return Tokens{}, a.reused(ctx, tenant, row)
	}
	err = a.store.Do(ctx, func(w *unit.Work) error {
		tokens, err = a.exchange(ctx, w, tenant, token, row)
		return err
	})
	return tokens, err
}

func errUnknownRefresh() error { return nobody("the refresh token does not count: log in again") }

// exchange is refresh of a token that was not used when it was read. Person,
// then session, then token are locked, in this order everywhere.
func (a *Auth) exchange(ctx context.Context, w *unit.Work, tenant string, token secret.Text, row db.RefreshTokenRow) (Tokens, error) {
	user, err := w.ShareAuthUser(ctx, tenant, row.UserID)
	if err != nil {
		return Tokens{}, err
	}
	if err := mayEnter(user); err != nil {
		return Tokens{}, err
	}
	session, err := w.LockSession(ctx, tenant, row.SessionID)
	if err != nil {
		return Tokens{}, err
	}
	at, err := a.issueTime(ctx, w, tenant, user.ID)
	if err != nil {
		return Tokens{}, err
	}
	if session.RevokedAt != nil || !session.ExpiresAt.After(at) || !row.ExpiresAt.After(at) {
		return Tokens{}, nobody("the session is over: log in again")
	}
	used, err := w.UseRefreshToken(ctx, db.UseRefreshTokenParams{TenantID: tenant, Hash: hash(token), Now: at})
	if err != nil {
		return Tokens{}, err
	}
	if used == 0 {
		return Tokens{}, problem.New(problem.Conflict, "this refresh token was used a moment ago: go on with the tokens of that answer")
	}
	if err := w.UseSession(ctx, db.UseSessionParams{TenantID: tenant, ID: session.ID, LastUsedAt: at, ExpiresAt: at.Add(RefreshLife)}); err != nil {
		return Tokens{}, err
	}
	return a.issue(ctx, w, user, session.ID, at)
}

// endSession ends a session; false if it was over before.
func (a *Auth) endSession(ctx context.Context, w *unit.Work, tenant string, id uuid.UUID, why Reason) (db.AuthSession, bool, error) {
	session, err := w.EndSession(ctx, db.EndSessionParams{TenantID: tenant, ID: id, Now: w.Now, Reason: string(why)})
	if errors.Is(err, pgx.ErrNoRows) {
		return session, false, nil
	}
	if err != nil {
		return session, false, err
	}
	return session, true, a.revoked.revoke(ctx, w, kindSession, tenant, id)
}

// endSessions ends all sessions of a person whose row is locked, and says how
// many of them were alive.
func (a *Auth) endSessions(ctx context.Context, w *unit.Work, tenant string, user uuid.UUID, why Reason) (int, error) {
	ended, err := w.EndSessions(ctx, db.EndSessionsParams{TenantID: tenant, UserID: user, Now: w.Now, Reason: string(why)})
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	alive := 0
	for _, session := range ended {
		if session.Alive {
			alive++
		}
	}
	return alive, a.revoked.revoke(ctx, w, kindUser, tenant, user)
}

// RevokeUser makes a person's access tokens count no more and, but for
// RolesChanged, ends their sessions. Lock and change the person first: a token
// issued meanwhile would be of before.
func (a *Auth) RevokeUser(ctx context.Context, w *unit.Work, tenant string, user uuid.UUID, why Reason) error {
	if why == RolesChanged {
		return a.revoked.revoke(ctx, w, kindUser, tenant, user)
	}
	_, err := a.endSessions(ctx, w, tenant, user, why)
	return err
}

// switchRole makes a role the person's active one and gives an access token with
// it, which lives no longer than the one that asked: only a refresh prolongs, or
// a stolen access token would do for ever.
func (a *Auth) switchRole(ctx context.Context, w *unit.Work, caller access.Caller, role access.Role) (secret.Text, error) {
	user, err := w.LockAuthUser(ctx, caller.Tenant, caller.User)
	if err != nil {
		return "", err
	}
	if err := mayEnter(user); err != nil {
		return "", err
	}
	session, err := w.LockSession(ctx, caller.Tenant, caller.Session)
	if err != nil {
		return "", err
	}
	if session.RevokedAt != nil {
		return "", nobody("the session is over: log in again")
	}
	if !slices.Contains(user.Roles, string(role)) {
		return "", problem.New(problem.Forbidden, "you do not have this role")
	}
	if user.ActiveRole != string(role) {
		after, err := w.SetActiveRole(ctx, db.SetActiveRoleParams{TenantID: user.TenantID, ID: user.ID, ActiveRole: string(role), Now: w.Now})
		if err != nil {
			return "", err
		}
		if err := emitRole(w, user, after); err != nil {
			return "", err
		}
	}
	at, err := a.issueTime(ctx, w, user.TenantID, user.ID)
	if err != nil {
		return "", err
	}
	if !caller.Expires.After(at) { // within the leeway between clocks
		return "", nobody("the access token has expired: refresh it")
	}
	if err := w.UseSession(ctx, db.UseSessionParams{TenantID: user.TenantID, ID: session.ID, LastUsedAt: at, ExpiresAt: session.ExpiresAt}); err != nil {
		return "", err
	}
	return a.sign(ctx, access.Caller{Tenant: user.TenantID, User: user.ID, Role: role, Session: session.ID, Expires: caller.Expires}, at)
}
