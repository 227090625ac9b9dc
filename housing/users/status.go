package users

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// verdict is a decision about a person's status.
type verdict struct {
	action  access.Action
	change  string // events.User…
	to      string
	from    []string // statuses it changes; of "to" it changes nothing
	reason  *string
	refusal string // what to say about any other status
}

// ApproveUser lets a registered person in.
func (h *Handlers) ApproveUser(ctx context.Context, r api.ApproveUserRequestObject) (api.ApproveUserResponseObject, error) {
	u, _, err := h.decide(ctx, r.User, verdict{
		action: access.UsersApprove, change: events.UserApproved, to: approved, from: []string{pending},
		refusal: "the person is blocked: unblock them",
	})
	if err != nil {
		return nil, err
	}
	return api.ApproveUser200JSONResponse{Body: tell(u), Headers: api.ApproveUser200ResponseHeaders{ETag: etag(u)}}, nil
}

// UnblockUser lets a blocked person in again.
func (h *Handlers) UnblockUser(ctx context.Context, r api.UnblockUserRequestObject) (api.UnblockUserResponseObject, error) {
	u, _, err := h.decide(ctx, r.User, verdict{
		action: access.UsersBlock, change: events.UserUnblocked, to: approved, from: []string{blocked},
		refusal: "the person is not blocked but waits: approve them",
	})
	if err != nil {
		return nil, err
	}
	return api.UnblockUser200JSONResponse{Body: tell(u), Headers: api.UnblockUser200ResponseHeaders{ETag: etag(u)}}, nil
}

// BlockUser shuts a person out and ends their sessions.
func (h *Handlers) BlockUser(ctx context.Context, r api.BlockUserRequestObject) (api.BlockUserResponseObject, error) {
	if access.From(ctx).Is(r.User) {
		return nil, problem.New(problem.Conflict, "nobody blocks themselves: ask another administrator")
	}
	reason, err := cleanReason(r.Body.Reason)
	if err != nil {
		return nil, err
	}
	u, left, err := h.decide(ctx, r.User, verdict{
		action: access.UsersBlock, change: events.UserBlocked, to: blocked, from: []string{pending, approved}, reason: &reason,
	})
	if err != nil {
		return nil, err
	}
	return api.BlockUser200JSONResponse{Body: tellLeft(u, left), Headers: api.BlockUser200ResponseHeaders{ETag: etag(u)}}, nil
}

func (h *Handlers) decide(ctx context.Context, id uuid.UUID, v verdict) (u db.User, left *api.Left, err error) {
	by := access.From(ctx)
	err = h.deps.Store.Do(ctx, func(w *unit.Work) error {
		if err := by.Require(v.action, false); err != nil {
			return err
		}
		if u, err = h.lockDemoted(ctx, w, by.Tenant, id, func(db.User) bool { return v.to == blocked }); err != nil {
			return err
		}
		if v.to == blocked {
			if left, err = h.leave(ctx, w, by, u, u.Roles, "the person was blocked"); err != nil {
				return err
			}
		}
		if u.Status == v.to {
			return nil
		}
		if !slices.Contains(v.from, u.Status) {
			return problem.New(problem.Conflict, v.refusal)
		}
		u.Status, u.StatusReason, u.DecidedBy, u.DecidedAt = v.to, v.reason, decider(by), &w.Now
		if u, err = save(ctx, w, u); err != nil {
			return err
		}
		if v.to == blocked {
			if err := h.deps.RevokeUser(ctx, w, by.Tenant, id, revokeBlocked); err != nil {
				return fmt.Errorf("end sessions of %s: %w", id, err)
			}
		}
		return announce(w, by, u, change{name: v.change, reason: optional(v.reason), know: toSubject(u)})
	})
	return u, left, err
}

// leave frees the shifts that a locked person has in roles which they lose; nil
// if these roles have none.
func (h *Handlers) leave(ctx context.Context, w *unit.Work, by access.Caller, u db.User, roles []string, why string) (*api.Left, error) {
	var working []string
	for _, role := range roles {
		if role == string(access.Executor) || role == string(access.Manager) {
			working = append(working, role)
		}
	}
	if len(working) == 0 {
		return nil, nil
	}
	freed, open, err := h.deps.Leave(ctx, w, by, u.ID, working, why)
	return &api.Left{FreedShifts: freed, OpenRequests: open}, err
}

// lockDemoted locks a person who may cease to be an administrator by what is
// about to happen; refused if they are the last. All administrators are locked
// before: two who remove each other come one after the other.
func (h *Handlers) lockDemoted(ctx context.Context, w *unit.Work, tenant string, id uuid.UUID, ceases func(db.User) bool) (db.User, error) {
	admins, err := w.LockAdmins(ctx, tenant)
	if err != nil {
		return db.User{}, fmt.Errorf("lock administrators: %w", err)
	}
	u, err := lockUser(ctx, w, tenant, id)
	if err != nil {
		return u, err
	}
	if len(admins) == 1 && admins[0] == id && ceases(u) {
		return u, problem.New(problem.Conflict, "this is the last administrator: make another one first")
	}
	return u, nil
}
