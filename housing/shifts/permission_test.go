package shifts_test

import (
	"testing"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// call is one operation on a thing of rustam.
type call struct {
	method, path string
	body         any
}

// calls are the operations that name a thing, each with the permission it needs.
func (c crew) calls(t *testing.T) map[string]call {
	t.Helper()
	s := c.plan(t, c.rustam, 300, 310)
	h := offered(t, c.plan(t, c.rustam, 400, 410), c.rustam, c.dilshod)
	var a api.AddedAbsence
	c.rustam.Do("POST", "/users/"+c.rustam.ID()+"/absences", body{"starts_at": hour(500), "ends_at": hour(510), "reason": "Отпуск"}).Want(t, 201, &a)
	person, reason := "/users/"+c.rustam.ID(), body{"reason": "так надо"}
	return map[string]call{
		"getShift":         {"GET", path(s, ""), nil},
		"updateShift":      {"PATCH", path(s, ""), body{"note": "x"}},
		"cancelShift":      {"POST", path(s, "/cancel"), reason},
		"openShift":        {"POST", path(s, "/open"), nil},
		"closeShift":       {"POST", path(s, "/close"), nil},
		"takeShift":        {"POST", path(s, "/take"), nil},
		"releaseShift":     {"POST", path(s, "/release"), reason},
		"offerHandover":    {"POST", path(s, "/handover"), body{"to": c.dilshod.ID(), "reason": "x"}},
		"acceptHandover":   {"POST", handover(h, "/accept"), nil},
		"declineHandover":  {"POST", handover(h, "/decline"), reason},
		"withdrawHandover": {"POST", handover(h, "/withdraw"), nil},
		"getSchedule":      {"GET", person + "/schedule", nil},
		"putSchedule":      {"PUT", person + "/schedule", body{"items": []body{}}},
		"listAbsences":     {"GET", person + "/absences", nil},
		"addAbsence":       {"POST", person + "/absences", body{"starts_at": hour(600), "ends_at": hour(610), "reason": "x"}},
		"removeAbsence":    {"DELETE", "/absences/" + a.Absence.Id.String(), nil},
	}
}

func TestAnotherTenantFindsNothing(t *testing.T) {
	c := start(t)
	other := c.In(housingtest.Other)
	for name, op := range c.calls(t) {
		t.Run(name, func(t *testing.T) {
			for _, who := range []*housingtest.Client{other.Manager(), other.Admin(), other.Executor(), other.Key(access.ShiftsView,
				access.ShiftsPlan, access.ShiftsWork, access.ShiftsHandover, access.ScheduleEdit, access.ScheduleView)} {
				r := who.Do(op.method, op.path, op.body)
				// An executor may not plan at all, wherever the shift is.
				if forbidden := who.Role == access.Executor && r.StatusCode == 403 && (name == "updateShift" || name == "cancelShift"); forbidden {
					continue
				}
				r.WantProblem(t, 404, "not_found")
			}
		})
	}
	for _, list := range []string{"/shifts", "/handovers", "/availability?from=" + at(0) + "&to=" + at(700)} {
		var got struct{ Items []any }
		other.Admin().Do("GET", list, nil).Want(t, 200, &got)
		for _, item := range got.Items {
			if user, ok := item.(map[string]any)["user"].(map[string]any); ok && (user["id"] == c.rustam.ID() || user["id"] == c.dilshod.ID()) {
				t.Errorf("%s shows another tenant's %v", list, item)
			}
		}
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	c := start(t)
	calls := c.calls(t)
	executor, resident, manager, admin := c.Executor(), c.Applicant(), c.Manager(), c.Admin()
	everyone := []string{ // in an order in which each finds what it needs
		"getShift", "openShift", "closeShift", "offerHandover", "acceptHandover", "declineHandover", "withdrawHandover",
		"getSchedule", "putSchedule", "listAbsences", "addAbsence", "removeAbsence", "releaseShift", "updateShift", "cancelShift",
	}
	for _, name := range everyone {
		op := calls[name]
		t.Run(name, func(t *testing.T) {
			executor.Do(op.method, op.path, op.body).WantProblem(t, 403, "forbidden") // another's
			resident.Do(op.method, op.path, op.body).WantProblem(t, 403, "forbidden")
			for _, who := range []*housingtest.Client{manager, admin} {
				if name == "removeAbsence" && who == admin {
					continue // the manager has removed it
				}
				if r := who.Do(op.method, op.path, op.body); r.StatusCode == 403 || r.StatusCode == 404 {
					t.Errorf("a %s may: answered %d %s", who.Role, r.StatusCode, r.Raw)
				}
			}
		})
	}
	t.Run("takeShift", func(t *testing.T) {
		executor.Do("POST", calls["takeShift"].path, nil).Want(t, 409)
		resident.Do("POST", calls["takeShift"].path, nil).WantProblem(t, 403, "forbidden")
	})
	for _, list := range []string{"/shifts", "/handovers", "/availability?from=" + at(0) + "&to=" + at(24)} {
		executor.Do("GET", list, nil).Want(t, 200)
		resident.Do("GET", list, nil).WantProblem(t, 403, "forbidden")
	}
	executor.Do("POST", "/shifts", shift(nil, 10, 20)).WantProblem(t, 403, "forbidden")
	executor.Do("POST", "/shifts/plan-week", body{"monday": "2026-03-02"}).WantProblem(t, 403, "forbidden")
}

func TestOneDoesWhatIsOnesOwn(t *testing.T) {
	c := start(t)
	for name, op := range c.calls(t) {
		switch name {
		case "updateShift", "cancelShift": // planning is for managers
			c.rustam.Do(op.method, op.path, op.body).WantProblem(t, 403, "forbidden")
		case "acceptHandover", "declineHandover": // the other's
			c.rustam.Do(op.method, op.path, op.body).WantProblem(t, 403, "forbidden")
		default:
			if r := c.rustam.Do(op.method, op.path, op.body); r.StatusCode == 403 || r.StatusCode == 404 {
				t.Errorf("%s: answered %d %s", name, r.StatusCode, r.Raw)
			}
		}
	}
}

func TestNothingIsThere(t *testing.T) {
	c := start(t)
	nothing := uuid.NewString()
	c.boss.Do("GET", "/shifts/"+nothing, nil).WantProblem(t, 404, "not_found")
	c.boss.Do("POST", "/handovers/"+nothing+"/accept", nil).WantProblem(t, 404, "not_found")
	c.boss.Do("GET", "/users/"+nothing+"/schedule", nil).WantProblem(t, 404, "not_found")
	c.boss.Do("GET", "/shifts/nothing", nil).WantProblem(t, 422, "invalid")
	c.boss.Do("GET", "/shifts?cursor=nothing", nil).WantProblem(t, 422, "invalid")
	c.boss.Do("GET", "/handovers?cursor=bnVsbA", nil).Want(t, 200)
}
