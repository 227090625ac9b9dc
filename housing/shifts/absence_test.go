package shifts_test

import (
	"net/url"
	"testing"
	"time"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

func TestAbsencesAreAddedListedAndRemoved(t *testing.T) {
	c := start(t)
	away := "/users/" + c.rustam.ID() + "/absences"
	c.plan(t, c.rustam, 10, 20)
	var first, second api.AddedAbsence
	c.rustam.Do("POST", away, body{"starts_at": hour(9), "ends_at": hour(48), "reason": "Болею"}).Want(t, 201, &first)
	c.boss.Do("POST", away, body{"starts_at": hour(72), "ends_at": hour(96), "reason": "Отпуск"}).Want(t, 201, &second)
	if first.PlannedShifts != 1 || second.PlannedShifts != 0 {
		t.Errorf("%d and %d shifts are touched, want 1 and 0", first.PlannedShifts, second.PlannedShifts)
	}
	var page, next, left api.AbsenceList
	c.rustam.Do("GET", away+"?limit=1", nil).Want(t, 200, &page)
	c.rustam.Do("GET", away+"?limit=1&cursor="+*page.NextCursor, nil).Want(t, 200, &next)
	if page.Items[0] != second.Absence || next.Items[0] != first.Absence || next.NextCursor != nil {
		t.Errorf("pages %+v, %+v", page, next)
	}
	c.rustam.Do("DELETE", "/absences/"+first.Absence.Id.String(), nil).Want(t, 204)
	c.boss.Do("DELETE", "/absences/"+first.Absence.Id.String(), nil).WantProblem(t, 404, "not_found")
	c.boss.Do("GET", away, nil).Want(t, 200, &left)
	if len(left.Items) != 1 {
		t.Errorf("left %+v", left)
	}
}

func TestWhatIsNoAbsence(t *testing.T) {
	c := start(t)
	for name, b := range map[string]body{
		"an end before the start": {"starts_at": hour(20), "ends_at": hour(10), "reason": "Отпуск"},
		"more than a year":        {"starts_at": hour(0), "ends_at": hour(367 * 24), "reason": "Отпуск"},
		"far ahead":               {"starts_at": hour(800 * 24), "ends_at": hour(801 * 24), "reason": "Отпуск"},
		"the first of all years":  {"starts_at": "1900-01-01T00:00:00Z", "ends_at": "1900-01-02T00:00:00Z", "reason": "Отпуск"},
		"no reason":               {"starts_at": hour(0), "ends_at": hour(1), "reason": " "},
	} {
		t.Run(name, func(t *testing.T) {
			c.boss.Do("POST", "/users/"+c.rustam.ID()+"/absences", b).WantProblem(t, 422, "invalid")
		})
	}
}

func TestWhoIsThere(t *testing.T) {
	c := start(t)
	free, away, manager := c.Executor("lift"), c.Executor("plumbing"), c.Manager()
	c.Person(access.Executor, housingtest.Status("blocked"))
	c.opened(t, c.rustam, 9, 12)
	c.plan(t, c.dilshod, 11, 20)
	c.boss.Do("POST", "/users/"+away.ID()+"/absences", body{"starts_at": hour(0), "ends_at": hour(24), "reason": "Болеет"}).Want(t, 201)
	for name, tc := range map[string]struct {
		from, to float64
		query    string
		want     map[string]string
	}{
		"now":         {9, 10, "", map[string]string{c.rustam.ID(): "on_shift", c.dilshod.ID(): "free", free.ID(): "free", away.ID(): "absent"}},
		"until noon":  {9, 12, "", map[string]string{c.rustam.ID(): "on_shift", c.dilshod.ID(): "planned", free.ID(): "free", away.ID(): "absent"}},
		"evening":     {12, 20, "", map[string]string{c.rustam.ID(): "free", c.dilshod.ID(): "planned", free.ID(): "free", away.ID(): "absent"}},
		"tomorrow":    {24, 48, "", map[string]string{c.rustam.ID(): "free", c.dilshod.ID(): "free", free.ID(): "free", away.ID(): "free"}},
		"electricity": {9, 12, "&specialisation=electricity", map[string]string{c.dilshod.ID(): "planned"}},
		"managers":    {9, 12, "&role=manager", map[string]string{manager.ID(): "free", c.boss.ID(): "free"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got api.AvailabilityList
			c.dilshod.Do("GET", "/availability?from="+at(tc.from)+"&to="+at(tc.to)+tc.query, nil).Want(t, 200, &got)
			if len(got.Items) != len(tc.want) {
				t.Errorf("%d people, want %d", len(got.Items), len(tc.want))
			}
			for _, item := range got.Items {
				if string(item.State) != tc.want[item.User.Id] {
					t.Errorf("%s is %s, want %s", item.User.Name, item.State, tc.want[item.User.Id])
				}
			}
		})
	}
	var page, next api.AvailabilityList
	c.boss.Do("GET", "/availability?limit=3&from="+at(9)+"&to="+at(10), nil).Want(t, 200, &page)
	c.boss.Do("GET", "/availability?limit=3&from="+at(9)+"&to="+at(10)+"&cursor="+*page.NextCursor, nil).Want(t, 200, &next)
	if len(page.Items) != 3 || len(next.Items) != 1 {
		t.Errorf("pages of %d and %d", len(page.Items), len(next.Items))
	}
	c.boss.Do("GET", "/availability?from="+at(10)+"&to="+at(9), nil).WantProblem(t, 422, "invalid")
	c.boss.Do("GET", "/availability?from="+at(0)+"&to="+at(32*24), nil).WantProblem(t, 422, "invalid")
	c.boss.Do("GET", "/availability", nil).WantProblem(t, 422, "invalid")
}

func TestOpenShiftPastItsEndIsStillOnShift(t *testing.T) {
	c := start(t)
	c.opened(t, c.rustam, 9, 10)
	c.at(11)
	var got api.AvailabilityList
	c.boss.Do("GET", "/availability?from="+at(10.5)+"&to="+at(12), nil).Want(t, 200, &got)
	for _, item := range got.Items {
		if item.User.Id == c.rustam.ID() && item.State != "on_shift" {
			t.Errorf("%+v", item)
		}
	}
}

func at(h float64) string { return url.QueryEscape(hour(h).Format(time.RFC3339)) }
