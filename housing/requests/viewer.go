package requests

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/workflow"
	"ukbot/sql/db"
)

// viewer is a caller, with what the workflow's conditions ask about them.
type viewer struct {
	access.Caller
	company company.Company
	skills  []string // of an executor
	onShift bool     // of an executor; true where the company does not mind
	now     time.Time
}

// look finds out about a caller what requests ask. Only executors cost queries.
func look(ctx context.Context, q *db.Queries, caller access.Caller, c company.Company, now time.Time) (viewer, error) {
	v := viewer{Caller: caller, company: c, now: now}
	if caller.IsMachine() || caller.Role != access.Executor {
		return v, nil
	}
	var err error
	if v.skills, err = skills(ctx, q, caller); err != nil {
		return v, err
	}
	if c.Settings.OffShift == company.OffShiftAllow {
		v.onShift = true
		return v, nil
	}
	if v.onShift, err = q.OnShift(ctx, caller.Tenant, caller.User); err != nil {
		return v, fmt.Errorf("shift of %s: %w", caller.ID(), err)
	}
	return v, nil
}

// skills is an executor's specialisations; none of anybody else.
func skills(ctx context.Context, q *db.Queries, caller access.Caller) ([]string, error) {
	if caller.IsMachine() || caller.Role != access.Executor {
		return nil, nil
	}
	person, err := q.RequestPerson(ctx, caller.Tenant, caller.User)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("specialisations of %s: %w", caller.ID(), err)
	}
	return person.Specialisations, nil
}

// role is the viewer's in the workflow's table.
func (v viewer) role() access.Role {
	if v.IsMachine() {
		return workflow.Machine
	}
	return v.Role
}

// owns says whether a request is theirs in the role they act in: made for
// them, or given to them.
func (v viewer) owns(r db.Request) bool {
	switch v.Role {
	case access.Applicant:
		return v.Is(r.ApplicantID)
	case access.Executor:
		return r.ExecutorID != nil && v.Is(*r.ExecutorID)
	}
	return false
}

// skilled says whether a request is within their specialisations.
func (v viewer) skilled(r db.Request) bool { return slices.Contains(v.skills, r.Category) }

// works says whether the request is the viewer's business as staff.
func (v viewer) works(r db.Request, action access.Action) bool {
	switch v.May(action) {
	case access.Any:
		return true
	case access.Own:
		free := r.Status == string(workflow.New) && v.skilled(r)
		return v.Role == access.Executor && (v.owns(r) || free)
	}
	return false
}

// sees says whether they may look at it: an executor also at what was made for
// them as a resident.
func (v viewer) sees(r db.Request) bool {
	return v.works(r, access.RequestsView) || v.May(access.RequestsView) == access.Own && v.Is(r.ApplicantID)
}

// inside says whether they read what is for staff. An executor does not read it
// of their own leaking tap.
func (v viewer) inside(r db.Request) bool { return v.works(r, access.RequestsInside) }

// may says whether a permission reaches the request.
func (v viewer) may(r db.Request, action access.Action) bool {
	own := v.owns(r) || action == access.RequestsTake && v.skilled(r)
	return v.Require(action, own) == nil
}

// meets says whether a condition of the workflow holds.
func (v viewer) meets(r db.Request, condition workflow.Condition) bool {
	switch condition {
	case workflow.Skilled:
		return v.skilled(r)
	case workflow.OnShift:
		return v.onShift
	case workflow.Waited:
		return !v.now.Before(v.waitedBy(r))
	}
	return false
}

// waitedBy is when a manager may accept in the resident's place.
func (v viewer) waitedBy(r db.Request) time.Time {
	return r.StatusSince.Add(time.Duration(v.company.Settings.AcceptAfterHours) * time.Hour)
}

// actions is what the viewer may do with a request now.
func (v viewer) actions(r db.Request) []workflow.Action {
	return workflow.Actions(workflow.Status(r.Status), v.role(), workflow.Facts{
		Own:  v.owns(r),
		Meet: func(c workflow.Condition) bool { return v.meets(r, c) },
		May:  func(a access.Action) bool { return v.may(r, a) },
	})
}
