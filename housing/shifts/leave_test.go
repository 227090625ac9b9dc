package shifts_test

import (
	"fmt"
	"sync"
	"testing"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/housingtest"
)

// block shuts a person out, and says what they left.
func (c crew) block(t *testing.T, person *housingtest.Client) *api.Left {
	t.Helper()
	var blocked api.User
	c.Admin().Do("POST", "/users/"+person.ID()+"/block", body{"reason": "Уволен"}).Want(t, 200, &blocked)
	return blocked.Left
}

func TestWhoIsBlockedLeavesTheirShifts(t *testing.T) {
	c := start(t)
	working, next := c.opened(t, c.rustam, 9, 12), c.plan(t, c.rustam, 33, 44)
	given := offered(t, next, c.rustam, c.dilshod)
	asked := offered(t, c.plan(t, c.dilshod, 14, 20), c.dilshod, c.rustam)
	for _, status := range []string{"in_progress", "returned", "completed"} {
		c.request(t, c.rustam, status)
	}
	if left := c.block(t, c.rustam); left == nil || left.FreedShifts != 1 || left.OpenRequests != 2 {
		t.Errorf("left %+v", left)
	}
	if now := c.read(t, working.Id); now.Status != "closed" || c.onShift(t, c.rustam) {
		t.Errorf("the open shift is %+v", now)
	}
	if now := c.read(t, next.Id); now.Status != "planned" || now.User != nil || now.Reason == nil {
		t.Errorf("the next shift is %+v", now)
	}
	for what, id := range map[string]api.Handover{"by them": given, "to them": asked} {
		if got := c.statusOf(t, id); got != "withdrawn" {
			t.Errorf("what was offered %s is %s", what, got)
		}
	}
	if e := c.last(t, next.Id); e.Type != "housing.shift.released" || !knows(e, c.rustam) {
		t.Errorf("event %+v", e.ShiftChanged)
	}
	c.dilshod.Do("POST", path(next, "/take"), nil).Want(t, 200)
	if left := c.block(t, c.rustam); left == nil || left.FreedShifts != 0 || left.OpenRequests != 2 {
		t.Errorf("blocked again, left %+v", left)
	}
	c.checkEvents(t)
}

// statusOf is what became of an offer.
func (c crew) statusOf(t *testing.T, h api.Handover) (status string) {
	t.Helper()
	if err := c.Pool.QueryRow(t.Context(), "SELECT status FROM shift_handovers WHERE id = $1", h.Id).Scan(&status); err != nil {
		t.Fatal(err)
	}
	return status
}

func TestWhoLosesARoleLeavesItsShiftsAlone(t *testing.T) {
	c := start(t)
	both := c.Manager(housingtest.AlsoRole("executor"))
	repairs := c.plan(t, both, 10, 12)
	var desk api.Shift
	c.boss.Do("POST", "/shifts", body{"role": "manager", "user_id": both.ID(), "starts_at": hour(13), "ends_at": hour(20)}).Want(t, 201, &desk)
	c.request(t, both, "in_progress")
	var now api.User
	c.Admin().Do("PUT", "/users/"+both.ID()+"/roles", body{"roles": []string{"manager"}}, "If-Match: *").Want(t, 200, &now)
	if now.Left == nil || now.Left.FreedShifts != 1 || now.Left.OpenRequests != 1 {
		t.Errorf("left %+v", now.Left)
	}
	if c.read(t, repairs.Id).User != nil || c.read(t, desk.Id).User == nil {
		t.Error("the shift as an executor is not free, or the one as a manager is")
	}
	if left := c.block(t, c.Applicant()); left != nil {
		t.Errorf("a resident left %+v", left)
	}
}

func TestOnlyWhoIsApprovedWorks(t *testing.T) {
	c := start(t)
	made := c.plan(t, c.rustam, 9, 20)
	for _, change := range []string{"status = 'pending'", "status = 'approved', roles = '{applicant}', active_role = 'applicant'"} {
		if _, err := c.Pool.Exec(t.Context(), "UPDATE users SET "+change+" WHERE id = $1", c.rustam.User); err != nil {
			t.Fatal(err)
		}
		c.boss.Do("POST", path(made, "/open"), nil).WantProblem(t, 409, "conflict")
	}
}

// TestNobodyIsPlannedWhileTheyLeave blocks people while others give them shifts.
func TestNobodyIsPlannedWhileTheyLeave(t *testing.T) {
	c := start(t)
	admin := c.Admin()
	const people = 12
	var wg sync.WaitGroup
	for i := range people {
		somebody := c.Executor()
		free, swap := c.plan(t, nil, 10, 12), offered(t, c.plan(t, c.Executor(), 13, 14), c.boss, somebody)
		for _, do := range []func() *housingtest.Response{
			func() *housingtest.Response {
				return admin.Do("POST", "/users/"+somebody.ID()+"/block", body{"reason": "Уволен"})
			},
			func() *housingtest.Response { return c.boss.Do("POST", "/shifts", shift(somebody, 15, 16)) },
			func() *housingtest.Response { return somebody.Do("POST", path(free, "/take"), nil) },
			func() *housingtest.Response { return somebody.Do("POST", handover(swap, "/accept"), nil) },
		} {
			wg.Go(func() {
				if r := do(); r.StatusCode >= 500 {
					t.Errorf("person %d: %s", i, r.Status)
				}
			})
		}
	}
	wg.Wait()
	var left string
	err := c.Pool.QueryRow(t.Context(), `SELECT coalesce(string_agg(s.status, ', '), '') FROM shifts s JOIN users u ON u.id = s.user_id
		WHERE u.status = 'blocked' AND s.status IN ('planned', 'open')`).Scan(&left)
	if err != nil || left != "" {
		t.Errorf("people who are blocked have shifts: %s (%v)", left, err)
	}
	c.checkEvents(t)
}

func TestManagersOnShiftHearOfShifts(t *testing.T) {
	c := start(t)
	all := events.Knower{Relation: events.RelationManager}
	first := c.opened(t, c.rustam, 9, 12)
	if e := c.last(t, first.Id); len(e.Know) != 2 || e.Know[1] != all {
		t.Errorf("no manager is on shift, who must know: %+v", e.Know)
	}
	var desk api.Shift
	c.boss.Do("POST", "/shifts", body{"role": "manager", "user_id": c.boss.ID(), "starts_at": hour(9), "ends_at": hour(20)}).Want(t, 201, &desk)
	c.boss.Do("POST", path(desk, "/open"), nil).Want(t, 200)
	second := c.opened(t, c.dilshod, 9, 12)
	want := fmt.Sprint([]events.Knower{{Person: c.dilshod.ID(), Relation: events.RelationSubject}, {Person: c.boss.ID(), Relation: events.RelationManager}})
	if e := c.last(t, second.Id); fmt.Sprint(e.Know) != want {
		t.Errorf("who must know: %v, want %s", e.Know, want)
	}
}
