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

func emitRole(w *unit.Work, before, after db.User) error {
	id := after.ID.String()
	return w.Emit(unit.Event{
		ID: events.DeriveID(id, "v"+strconv.FormatInt(after.Version, 10)), Type: "housing.user.role",
		Subject: events.UserSubject(after.TenantID, "role"), Tenant: after.TenantID, Correlation: id,
		Data: RoleSwitched{User: id, From: before.ActiveRole, Role: after.ActiveRole},
	})
}
