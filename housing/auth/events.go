package auth

import (
	"strconv"

	"ukbot/events"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// RoleSwitched is the data of housing.user.role: a person acts in another role.
type RoleSwitched struct {
	User string `json:"user"`
	From string `json:"from"`
	Role string `json:"role"`
}

// SessionReused is the data of housing.user.session_reused: somebody showed an
// old refresh token, so the session has ended. The person should know.
type SessionReused struct {
	User    string `json:"user"`
	Session string `json:"session"`
	Client  string `json:"client"`
}

func emitRole(w *unit.Work, before, after db.User) error {
	id := after.ID.String()
	return w.Emit(unit.Event{
		ID: events.DeriveID(id, "v"+strconv.FormatInt(after.Version, 10)), Type: "housing.user.role",
		Subject: events.UserSubject(after.TenantID, "role"), Tenant: after.TenantID, Correlation: id,
		Data: RoleSwitched{User: id, From: before.ActiveRole, Role: after.ActiveRole},
	})
}

func emitReuse(w *unit.Work, session db.AuthSession) error {
	return w.Emit(unit.Event{
		ID: events.DeriveID(session.ID.String(), "reused"), Type: "housing.user.session_reused",
		Subject: events.UserSubject(session.TenantID, "session_reused"), Tenant: session.TenantID, Correlation: session.UserID.String(),
		Data: SessionReused{User: session.UserID.String(), Session: session.ID.String(), Client: session.Client},
	})
}
