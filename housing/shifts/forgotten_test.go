package shifts_test

import (
	"testing"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/requests"
	"ukbot/housing/shifts"
)

func TestShiftPastItsEndGoesOnAndIsLate(t *testing.T) {
	c := start(t)
	made := c.opened(t, c.rustam, 9, 12)
	if c.read(t, made.Id).Late != nil {
		t.Error("late from the beginning")
	}
	c.at(12.5)
	var list api.ShiftList
	c.boss.Do("GET", "/shifts?status=open", nil).Want(t, 200, &list)
	if now := c.read(t, made.Id); now.Late == nil || list.Items[0].Late == nil || !c.onShift(t, c.rustam) {
		t.Errorf("past its end: %+v", now)
	}
	c.rustam.Do("POST", path(made, "/close"), nil).Want(t, 200)
	if c.read(t, made.Id).Late != nil {
		t.Error("late when it is closed")
	}
}

func TestNextShiftClosesTheOneForgotten(t *testing.T) {
	c := start(t)
	first := c.opened(t, c.rustam, 9, 12)
	second := c.plan(t, c.rustam, 13, 20)
	c.at(12.5)
	c.rustam.Do("POST", path(second, "/open"), nil).Want(t, 200)
	now, e := c.read(t, first.Id), c.last(t, first.Id)
	if now.Status != "closed" || !now.ClosedAt.Equal(hour(12.5)) || !now.EndsAt.Equal(hour(12)) || e.Reason == "" {
		t.Errorf("the forgotten shift is %+v, event %+v", now, e.ShiftChanged)
	}
	c.checkEvents(t)
}

func TestForgottenShiftsCloseByThemselves(t *testing.T) {
	c := start(t)
	long, short := c.opened(t, c.rustam, 9, 20), c.opened(t, c.dilshod, 9, 12)
	h := shifts.New(shifts.Deps{Store: c.Store, HandOver: requests.HandOver})
	for _, step := range []struct {
		at          float64
		short, long string
	}{{17.9, "open", "open"}, {18, "closed", "open"}, {26, "closed", "closed"}} {
		c.at(step.at)
		if err := h.CloseForgotten(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a, b := c.read(t, short.Id), c.read(t, long.Id); string(a.Status) != step.short || string(b.Status) != step.long {
			t.Errorf("at %v: %s and %s, want %s and %s", step.at, a.Status, b.Status, step.short, step.long)
		}
	}
	if e := c.last(t, short.Id); e.Actor != (events.Actor{ID: "clock", Role: "system"}) || !knows(e, c.dilshod) || e.Reason == "" {
		t.Errorf("event %+v", e.ShiftChanged)
	}
	c.checkEvents(t)
}
