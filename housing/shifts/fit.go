package shifts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"ukbot/housing/problem"
	"ukbot/sql/db"
)

// SQL states of what the table's constraints refuse.
const (
	stateExclusion = "23P01"
	stateUnique    = "23505"
)

// unfit says why a person cannot have the shift whenever it is; empty if nothing
// speaks against it. Who is about to leave (see Leave) is waited for.
func (t *turn) unfit(ctx context.Context, id uuid.UUID) (string, error) {
	if err := t.LockShiftPerson(ctx, t.caller.Tenant, id.String()); err != nil {
		return "", err
	}
	person, err := t.ShiftPerson(ctx, t.caller.Tenant, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "is nobody of the company", nil
	case err != nil:
		return "", fmt.Errorf("person %s: %w", id, err)
	case person.Status != "approved":
		return "is not approved", nil
	case !slices.Contains(person.Roles, t.shift.Role):
		return "does not have the role " + t.shift.Role, nil
	}
	return "", nil
}

// reserve makes the caller the only one who changes a person's time until the
// unit commits, and refuses if there is a shift or an absence at that time
// already. Without the lock two who plan at once would wait for each other in
// the constraint's index, and one would die of the deadlock.
func (t *turn) reserve(ctx context.Context, person uuid.UUID, from, to time.Time) error {
	if err := t.LockShiftPerson(ctx, t.caller.Tenant, person.String()); err != nil {
		return err
	}
	other, err := t.OverlappingShift(ctx, db.OverlappingShiftParams{
		TenantID: t.caller.Tenant, UserID: person, But: t.shift.ID, StartsAt: from, EndsAt: to,
	})
	if err == nil {
		return problem.New(problem.Overlap, "the person has a shift "+t.span(other.StartsAt, other.EndsAt)+": plan another time or person")
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("shifts of %s: %w", person, err)
	}
	away, err := t.AbsencesOfPeople(ctx, db.AbsencesOfPeopleParams{
		TenantID: t.caller.Tenant, Users: []uuid.UUID{person}, Since: from, Until: to,
	})
	if err == nil && len(away) > 0 {
		return problem.New(problem.Conflict, "the person is away "+t.span(away[0].StartsAt, away[0].EndsAt)+": remove the absence first, or plan another time or person")
	}
	return err
}

// span is a time as people of the company read it.
func (t *turn) span(from, to time.Time) string {
	const layout = "2006-01-02 15:04 -07:00"
	return "from " + from.In(t.company.Zone).Format(layout) + " to " + to.In(t.company.Zone).Format(layout)
}

// refused makes problems of what the table's constraints refuse. They are the
// net below reserve: for writers that do not ask it.
func refused(err error) error {
	var pg *pgconn.PgError
	switch {
	case !errors.As(err, &pg):
	case pg.Code == stateExclusion && pg.ConstraintName == "shifts_no_overlap":
		return &problem.Problem{Code: problem.Overlap, Detail: "the person has another shift at that time", Cause: err}
	case pg.Code == stateUnique && pg.ConstraintName == "shifts_open":
		return &problem.Problem{Code: problem.Conflict, Detail: "the person has an open shift: close it first", Cause: err}
	}
	return err
}

// farAhead is how far ahead anything is planned: nobody's calendar is longer,
// and a slip of the year is noticed.
const farAhead = 2 * 366 * 24 * time.Hour

// checkTimes refuses what no shift may last, as the fields of its body.
func checkTimes(from, to, now time.Time) error {
	switch {
	case !to.After(from):
		return problem.InvalidField("/ends_at", "is not after starts_at")
	case to.Sub(from) > shiftMax:
		return problem.InvalidField("/ends_at", "is more than 25 hours after starts_at")
	case !to.After(now):
		return problem.InvalidField("/ends_at", "is over already")
	case from.Sub(now) > farAhead:
		return problem.InvalidField("/starts_at", "is more than two years ahead")
	}
	return nil
}

// moment is a time as it is stored.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
