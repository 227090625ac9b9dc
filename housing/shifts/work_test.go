package shifts_test

import (
	"testing"
	"time"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

func TestShiftIsOpenedAndClosed(t *testing.T) {
	c := start(t)
	made := c.plan(t, c.rustam, 9.5, 20)
	for _, status := range []string{"in_progress", "purchase", "clarification", "returned", "completed"} {
		c.request(t, c.rustam, status)
	}
	if c.onShift(t, c.rustam) {
		t.Error("a planned shift is not open")
	}
	c.rustam.Do("POST", path(made, "/close"), nil).WantProblem(t, 409, "conflict")
	var now api.Shift
	r := c.rustam.Do("POST", path(made, "/open"), nil).Want(t, 200, &now)
	if now.Status != "open" || !now.OpenedAt.Equal(hour(9)) || r.Header.Get("ETag") != `"2"` || !c.onShift(t, c.rustam) {
		t.Errorf("opened %+v", now)
	}
	c.rustam.Do("POST", path(made, "/open"), nil).WantProblem(t, 409, "conflict")
	c.at(18)
	var closed api.ClosedShift
	c.rustam.Do("POST", path(made, "/close"), nil).Want(t, 200, &closed)
	if closed.OpenRequests != 4 || closed.Shift.Status != "closed" || !closed.Shift.EndsAt.Equal(hour(18)) || !closed.Shift.ClosedAt.Equal(hour(18)) {
		t.Errorf("closed %+v", closed)
	}
	if c.onShift(t, c.rustam) {
		t.Error("still on shift")
	}
	c.plan(t, c.rustam, 18, 20) // what was left of the time is free again
	c.checkEvents(t)
}

func TestWhenAShiftMayBeOpened(t *testing.T) {
	c := start(t)
	for name, tc := range map[string]struct {
		from, to float64
		at       time.Duration // after the start of the shift
		status   int
	}{
		"two hours before":            {12, 20, -2 * time.Hour, 409},
		"just over an hour before":    {12, 20, -time.Hour - time.Millisecond, 409},
		"an hour before":              {12, 20, -time.Hour, 200},
		"at its start":                {12, 20, 0, 200},
		"in the middle":               {12, 20, 4 * time.Hour, 200},
		"a moment before its end":     {12, 20, 8*time.Hour - time.Millisecond, 200},
		"at its end":                  {12, 20, 8 * time.Hour, 409},
		"over midnight, the next day": {20, 32, 5 * time.Hour, 200},
	} {
		t.Run(name, func(t *testing.T) {
			c.at(9)
			somebody := c.Executor()
			made := c.plan(t, somebody, tc.from, tc.to)
			c.Clock.Set(made.StartsAt.Add(tc.at))
			somebody.Renew()
			somebody.Do("POST", path(made, "/open"), nil).Want(t, tc.status)
		})
	}
}

func TestShiftClosedBeforeItsStartTakesUpNoTime(t *testing.T) {
	c := start(t)
	made := c.opened(t, c.rustam, 10, 20)
	var closed api.ClosedShift
	c.rustam.Do("POST", path(made, "/close"), nil).Want(t, 200, &closed)
	if !closed.Shift.EndsAt.Equal(closed.Shift.StartsAt) || !closed.Shift.ClosedAt.Equal(hour(9)) {
		t.Errorf("closed %+v", closed.Shift)
	}
	c.plan(t, c.rustam, 9, 20)
}

func TestShiftClosedLateKeepsItsPlannedEnd(t *testing.T) {
	c := start(t)
	made := c.opened(t, c.rustam, 9, 12)
	c.at(13)
	var closed api.ClosedShift
	c.rustam.Do("POST", path(made, "/close"), nil).Want(t, 200, &closed)
	if !closed.Shift.EndsAt.Equal(hour(12)) || !closed.Shift.ClosedAt.Equal(hour(13)) {
		t.Errorf("closed %+v", closed.Shift)
	}
}

func TestOnePersonHasOneOpenShift(t *testing.T) {
	c := start(t)
	first := c.opened(t, c.rustam, 9, 9.5)
	second := c.plan(t, c.rustam, 9.5, 20)
	c.rustam.Do("POST", path(second, "/open"), nil).WantProblem(t, 409, "conflict")
	c.rustam.Do("POST", path(first, "/close"), nil).Want(t, 200)
	c.rustam.Do("POST", path(second, "/open"), nil).Want(t, 200)
}

func TestFreeShiftIsTakenAndReleased(t *testing.T) {
	c := start(t)
	free := c.plan(t, nil, 10, 20)
	c.rustam.Do("POST", path(free, "/open"), nil).WantProblem(t, 409, "conflict")
	var now, then api.Shift
	c.rustam.Do("POST", path(free, "/take"), nil).Want(t, 200, &now)
	if now.User == nil || now.User.Id != c.rustam.ID() {
		t.Errorf("taken %+v", now)
	}
	p := c.dilshod.Do("POST", path(free, "/take"), nil).WantProblem(t, 409, "already_taken").Problem()
	if p.By == nil || p.By.Id != c.rustam.ID() {
		t.Errorf("by %v, want %s", p.By, c.rustam.ID())
	}
	c.rustam.Do("POST", path(free, "/release"), body{"reason": "Записан к врачу"}).Want(t, 200, &then)
	if then.User != nil || *then.Reason != "Записан к врачу" {
		t.Errorf("released %+v", then)
	}
	c.rustam.Do("POST", path(free, "/release"), body{"reason": "ещё раз"}).WantProblem(t, 409, "conflict")
	c.dilshod.Do("POST", path(free, "/take"), nil).Want(t, 200)
	c.dilshod.Do("POST", path(free, "/open"), nil).Want(t, 200)
	c.dilshod.Do("POST", path(free, "/release"), body{"reason": "поздно"}).WantProblem(t, 409, "conflict")
	c.checkEvents(t)
}

func TestWhoCannotTakeAShift(t *testing.T) {
	c := start(t)
	free := c.plan(t, nil, 10, 20)
	c.boss.Do("POST", path(free, "/take"), nil).WantProblem(t, 403, "forbidden") // no executor
	c.Key(access.ShiftsWork).Do("POST", path(free, "/take"), nil).WantProblem(t, 403, "forbidden")
	c.plan(t, c.rustam, 12, 13)
	c.rustam.Do("POST", path(free, "/take"), nil).WantProblem(t, 409, "overlap")
	c.dilshod.Do("POST", "/users/"+c.dilshod.ID()+"/absences", body{"starts_at": hour(19), "ends_at": hour(48), "reason": "Отпуск"}).Want(t, 201)
	c.dilshod.Do("POST", path(free, "/take"), nil).WantProblem(t, 409, "conflict")
	both := c.Person(access.Manager, housingtest.AlsoRole(access.Executor))
	both.Do("POST", path(free, "/take"), nil).Want(t, 200) // the role counts that one has, not the active one
	gone := c.plan(t, nil, 9, 9.5)
	c.at(9.5)
	c.Executor().Do("POST", path(gone, "/take"), nil).WantProblem(t, 409, "conflict")
	called := c.plan(t, nil, 10, 12)
	c.boss.Do("POST", path(called, "/cancel"), body{"reason": "не нужна"}).Want(t, 200)
	c.Executor().Do("POST", path(called, "/take"), nil).WantProblem(t, 409, "conflict")
}

func TestManagerWorksForSomebody(t *testing.T) {
	c := start(t)
	made := c.plan(t, c.rustam, 9, 20)
	c.dilshod.Do("POST", path(made, "/open"), nil).WantProblem(t, 403, "forbidden")
	c.boss.Do("POST", path(made, "/open"), nil).Want(t, 200)
	c.dilshod.Do("POST", path(made, "/close"), nil).WantProblem(t, 403, "forbidden")
	c.Key(access.ShiftsWork).Do("POST", path(made, "/close"), nil).Want(t, 200)
	if e := c.last(t, made.Id); e.Actor.Role != "key" || !knows(e, c.rustam) {
		t.Errorf("event %+v", e.ShiftChanged)
	}
}
