package auth

import (
	"context"
	"fmt"

	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/secret"
	"ukbot/sql/db"
)

type shownKey struct{}

// WithKey notes the API key that came with a request of a public operation,
// which asks nobody who they are; "" for none.
func WithKey(ctx context.Context, key secret.Text) context.Context {
	return context.WithValue(ctx, shownKey{}, key)
}

// front is the API key that came along, if it may log people of the tenant in.
// Who has it gains nothing by an old refresh token.
func (a *Auth) front(ctx context.Context, tenant string) (who access.Caller, found bool, err error) {
	key, _ := ctx.Value(shownKey{}).(secret.Text)
	if key == "" {
		return who, false, nil
	}
	who, err = a.Key(ctx, key)
	if problem.As(err) != nil {
		return who, false, nil //nolint:nilerr // a key that counts no more, or never did, is none
	}
	return who, err == nil && who.Tenant == tenant && who.May(access.AuthTelegram) == access.Any, err
}

// reused ends the session of a token that was used before: one of two who had it
// has stolen it. That stays although the request is refused. The person is told,
// unless a front has shown the token itself (the bot does, with its key): then
// the front was killed, or its memory set back, and nobody need be frightened.
func (a *Auth) reused(ctx context.Context, tenant string, row db.RefreshTokenRow) error {
	front, own, err := a.front(ctx, tenant)
	if err != nil {
		return err
	}
	err = a.store.Own(ctx, func(w *unit.Work) error {
		session, ended, err := a.endSession(ctx, w, tenant, row.SessionID, Reused)
		if err != nil || !ended {
			return err
		}
		line := a.log.Warn().Str("tenant", tenant).Stringer("session", session.ID)
		if own {
			line = line.Str("shown_by", front.Name)
		}
		line.Msg("refresh token used twice, session ended")
		user, err := w.AuthUser(ctx, tenant, session.UserID)
		if err != nil {
			return err
		}
		return emitReuse(w, session, user, front, own)
	})
	if err != nil {
		return fmt.Errorf("end the session %s of a reused token: %w", row.SessionID, err)
	}
	return errUnknownRefresh()
}

func emitReuse(w *unit.Work, session db.AuthSession, user db.User, front access.Caller, own bool) error {
	id := user.ID.String()
	data := events.UserChanged{
		User:  events.UserBrief{ID: id, Name: user.Name, Language: user.Language, Status: user.Status, Roles: user.Roles, Version: user.Version},
		Actor: events.Actor{ID: "system", Role: "system"},
		Login: &events.LoginBrief{Session: session.ID.String(), Client: session.Client},
		Know:  []events.Knower{{Person: id, Relation: events.RelationSubject}},
	}
	if own {
		data.Actor, data.Know = events.Actor{ID: front.ID(), Role: front.RoleName()}, []events.Knower{}
	}
	return w.Emit(unit.Event{
		ID: events.DeriveID(session.ID.String(), "reused"), Type: events.TypeUserPrefix + events.UserSessionReused,
		Subject: events.UserSubject(session.TenantID, events.UserSessionReused), Tenant: session.TenantID, Correlation: id, Data: data,
	})
}
