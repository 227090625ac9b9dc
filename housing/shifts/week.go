package shifts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// Why a usual shift is not planned; the document explains them.
const (
	skipNotApproved = "not_approved"
	skipNoRole      = "no_role"
	skipClockChange = "clock_change"
	skipExists      = "exists"
	skipOver        = "over"
	skipAbsent      = "absent"
	skipOverlap     = "overlap"
)

// PlanWeek plans the shifts of one week from people's usual weeks.
func (h *Handlers) PlanWeek(ctx context.Context, r api.PlanWeekRequestObject) (api.PlanWeekResponseObject, error) {
	answer := api.WeekPlanned{Made: []api.Shift{}, Skipped: []api.WeekSkip{}}
	err := h.deps.Store.Do(ctx, func(w *unit.Work) error {
		caller := access.From(ctx)
		if err := caller.Require(access.ShiftsPlan, false); err != nil {
			return err
		}
		if err := checkPlan(ctx, w, caller, *r.Body); err != nil {
			return err
		}
		// Until commit nobody else changes anybody's time: what is read here stays true.
		if err := w.LockShiftPeople(ctx, caller.Tenant); err != nil {
			return err
		}
		week, err := readWeek(ctx, w, caller, *r.Body)
		if err != nil {
			return err
		}
		answer.Skipped = append(answer.Skipped, week.plan()...)
		answer.Made, err = week.store(ctx, w, caller)
		return err
	})
	return api.PlanWeek200JSONResponse(answer), err
}

func checkPlan(ctx context.Context, w *unit.Work, caller access.Caller, body api.WeekPlan) error {
	switch {
	case body.Monday.Weekday() != time.Monday:
		return problem.InvalidField("/monday", "is not a Monday")
	case body.Monday.Sub(w.Now) > farAhead:
		return problem.InvalidField("/monday", "is more than two years ahead")
	}
	asked := value(body.Users)
	known, err := w.KnownPeople(ctx, caller.Tenant, asked)
	if err != nil {
		return err
	}
	for i, user := range asked {
		if !slices.Contains(known, user) {
			return problem.InvalidField(fmt.Sprintf("/users/%d", i), "is nobody of the company")
		}
	}
	return nil
}

// week is all that planning one knows, and the shifts it decides on.
type week struct {
	now    time.Time
	monday time.Time // its date
	zone   *time.Location
	usual  []db.WeekPatternsRow
	before map[db.PatternShiftsRow]bool // planned from usual weeks already
	shifts map[uuid.UUID][]db.Shift
	away   map[uuid.UUID][]db.Absence
	made   []decision
}

// decision is a shift to store, with its person's name.
type decision struct {
	shift db.Shift
	name  string
}

func readWeek(ctx context.Context, w *unit.Work, caller access.Caller, body api.WeekPlan) (*week, error) {
	c, err := company.Load(ctx, w.Queries, caller.Tenant)
	if err != nil {
		return nil, err
	}
	k := &week{
		now: w.Now, monday: body.Monday.Time, zone: c.Zone,
		before: map[db.PatternShiftsRow]bool{}, shifts: map[uuid.UUID][]db.Shift{}, away: map[uuid.UUID][]db.Absence{},
	}
	k.usual, err = w.WeekPatterns(ctx, db.WeekPatternsParams{TenantID: caller.Tenant, Chosen: body.Users != nil, Users: value(body.Users)})
	if err != nil {
		return nil, fmt.Errorf("usual weeks: %w", err)
	}
	var people []uuid.UUID
	for _, row := range k.usual {
		people = append(people, row.ShiftPattern.UserID)
	}
	return k, k.readPeople(ctx, w, caller.Tenant, slices.Compact(people))
}

// readPeople reads what stands in the way: Sunday's shifts may end on Tuesday
// when they last 25 hours.
func (k *week) readPeople(ctx context.Context, w *unit.Work, tenant string, people []uuid.UUID) error {
	since, until := onWall(k.monday, 0, k.zone), onWall(k.monday, weekMinutes, k.zone)
	before, err := w.PatternShifts(ctx, db.PatternShiftsParams{TenantID: tenant, Users: people, Since: since, Until: until})
	if err != nil {
		return fmt.Errorf("shifts planned before: %w", err)
	}
	for _, row := range before {
		k.before[usualKey(row.Person, row.StartsAt)] = true
	}
	shifts, err := w.ShiftsOfPeople(ctx, db.ShiftsOfPeopleParams{TenantID: tenant, Users: people, Since: since, Earliest: since.Add(-shiftMax), Until: until.Add(shiftMax), Now: w.Now})
	if err != nil {
		return fmt.Errorf("shifts: %w", err)
	}
	for _, s := range shifts {
		k.shifts[*s.UserID] = append(k.shifts[*s.UserID], s)
	}
	away, err := w.AbsencesOfPeople(ctx, db.AbsencesOfPeopleParams{TenantID: tenant, Users: people, Since: since, Until: until.Add(shiftMax)})
	if err != nil {
		return fmt.Errorf("absences: %w", err)
	}
	for _, a := range away {
		k.away[a.UserID] = append(k.away[a.UserID], a)
	}
	return nil
}

func usualKey(user uuid.UUID, starts time.Time) db.PatternShiftsRow {
	return db.PatternShiftsRow{Person: user, StartsAt: starts.UTC()}
}

// plan decides on every usual shift of the week, and says what is skipped.
func (k *week) plan() []api.WeekSkip {
	var skipped []api.WeekSkip
	for _, row := range k.usual {
		user, p := row.ShiftPattern.UserID, row.ShiftPattern
		day := k.monday.AddDate(0, 0, int(p.Weekday)-1)
		from, to, exists := spanOn(day, clockMinutes(p.Starts), clockMinutes(p.Ends), k.zone)
		why := k.obstacle(row, from, to)
		if !exists {
			why = skipClockChange
		}
		if why != "" {
			skipped = append(skipped, api.WeekSkip{
				User: api.PersonRef{Id: user.String(), Name: row.Name}, StartsAt: from.UTC(), EndsAt: to.UTC(), Reason: api.WeekSkipReason(why),
			})
			continue
		}
		shift := db.Shift{ID: uuid.Must(uuid.NewV7()), UserID: &user, Role: roleOf(row.Roles), StartsAt: from.UTC(), EndsAt: to.UTC(), Status: planned}
		k.shifts[user] = append(k.shifts[user], shift)
		k.made = append(k.made, decision{shift, row.Name})
	}
	return skipped
}

// obstacle says why a person has no shift then; empty if nothing is in the way.
func (k *week) obstacle(row db.WeekPatternsRow, from, to time.Time) string {
	user := row.ShiftPattern.UserID
	same := func(s db.Shift) bool { return s.StartsAt.Equal(from) && s.EndsAt.Equal(to) }
	meets := func(s db.Shift) bool { return s.StartsAt.Before(to) && s.EndsAt.After(from) }
	away := func(a db.Absence) bool { return a.StartsAt.Before(to) && a.EndsAt.After(from) }
	switch {
	case row.Status != "approved":
		return skipNotApproved
	case roleOf(row.Roles) == "":
		return skipNoRole
	case k.before[usualKey(user, from)], slices.ContainsFunc(k.shifts[user], same):
		return skipExists
	case !to.After(k.now):
		return skipOver
	case slices.ContainsFunc(k.away[user], away):
		return skipAbsent
	case slices.ContainsFunc(k.shifts[user], meets):
		return skipOverlap
	}
	return ""
}

// roleOf is what a person is on a usual shift; empty for who works none.
func roleOf(roles []string) string {
	for _, role := range []access.Role{access.Executor, access.Manager} {
		if slices.Contains(roles, string(role)) {
			return string(role)
		}
	}
	return ""
}

// store writes and announces what was decided.
func (k *week) store(ctx context.Context, w *unit.Work, caller access.Caller) ([]api.Shift, error) {
	rows, made := make([]db.InsertPatternShiftsParams, len(k.made)), make([]api.Shift, len(k.made))
	for i, p := range k.made {
		p.shift.TenantID, p.shift.Version = caller.Tenant, 1
		made[i] = shiftView(p.shift, &p.name, w.Now)
		rows[i] = db.InsertPatternShiftsParams{
			TenantID: caller.Tenant, ID: p.shift.ID, UserID: p.shift.UserID, Role: p.shift.Role, StartsAt: p.shift.StartsAt, EndsAt: p.shift.EndsAt,
			Status: planned, PatternUserID: p.shift.UserID, PatternStartsAt: &p.shift.StartsAt, CreatedAt: w.Now, UpdatedAt: w.Now,
		}
		person := &events.Named{ID: p.shift.UserID.String(), Name: p.name}
		err := emit(w, asActor(caller), p.shift, person, news{change: events.ShiftPlanned, know: []events.Knower{holder(p.shift)}})
		if err != nil {
			return nil, err
		}
	}
	_, err := w.InsertPatternShifts(ctx, rows)
	return made, refused(err)
}
