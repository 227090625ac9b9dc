package users

import (
	"context"
	"fmt"
	"slices"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// SetRoles says what a person is to the company.
func (h *Handlers) SetRoles(ctx context.Context, r api.SetRolesRequestObject) (api.SetRolesResponseObject, error) {
	by := access.From(ctx)
	if err := checkRoles(*r.Body); err != nil {
		return nil, err
	}
	var u db.User
	var left *api.Left
	err := h.deps.Store.Do(ctx, func(w *unit.Work) (err error) {
		if err := by.Require(access.UsersRoles, false); err != nil {
			return err
		}
		ceases := func(db.User) bool { return !slices.Contains(r.Body.Roles, api.RoleAdmin) }
		if u, err = h.lockDemoted(ctx, w, by.Tenant, r.User, ceases); err != nil {
			return err
		}
		if err := rest.MustMatch(r.Params.IfMatch, u.Version); err != nil {
			return err
		}
		lost := slices.DeleteFunc(slices.Clone(u.Roles), func(role string) bool { return slices.Contains(r.Body.Roles, api.Role(role)) })
		u.ActiveRole = activeOf(*r.Body, u.ActiveRole)
		u.Roles, u.Specialisations = words[string](r.Body.Roles), words[string](optional(r.Body.Specialisations))
		if u, err = save(ctx, w, u); err != nil {
			return err
		}
		if err := h.deps.RevokeUser(ctx, w, by.Tenant, r.User, revokeRoles); err != nil {
			return fmt.Errorf("end access tokens of %s: %w", r.User, err)
		}
		if left, err = h.leave(ctx, w, by, u, lost, "the person has not this role any more"); err != nil {
			return err
		}
		return announce(w, by, u, change{name: events.UserRoles, know: toSubject(u)})
	})
	if err != nil {
		return nil, err
	}
	return api.SetRoles200JSONResponse{Body: tellLeft(u, left), Headers: api.SetRoles200ResponseHeaders{ETag: etag(u)}}, nil
}

// checkRoles is what the document cannot say about a change of roles.
func checkRoles(body api.RoleChange) error {
	if body.ActiveRole != nil && !slices.Contains(body.Roles, *body.ActiveRole) {
		return problem.InvalidField("/active_role", "is none of the roles")
	}
	if len(optional(body.Specialisations)) > 0 && !slices.Contains(body.Roles, api.RoleExecutor) {
		return problem.InvalidField("/specialisations", "only executors have any")
	}
	return nil
}

// activeOf is the role to act in after a change: the one asked for, else the
// present one if it is still held, else the first given.
func activeOf(body api.RoleChange, present string) string {
	switch {
	case body.ActiveRole != nil:
		return string(*body.ActiveRole)
	case slices.Contains(body.Roles, api.Role(present)):
		return present
	}
	return string(body.Roles[0])
}
