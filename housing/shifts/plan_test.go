package shifts_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

func TestShiftIsPlannedChangedAndCancelled(t *testing.T) {
	c := start(t)
	var made, read, now api.Shift
	r := c.boss.Do("POST", "/shifts", shift(c.rustam, 10, 20)).Want(t, 201, &made)
	if got := r.Header.Get("ETag"); got != `"1"` || made.User.Id != c.rustam.ID() || made.Status != "planned" {
		t.Errorf("planned %+v, ETag %s", made, got)
	}
	c.rustam.Do("GET", path(made, ""), nil).Want(t, 200, &read)
	if read.Version != 1 || !read.StartsAt.Equal(hour(10)) || !read.EndsAt.Equal(hour(20)) {
		t.Errorf("read %+v", read)
	}
	change := body{"ends_at": hour(18), "note": "До приезда аварийной бригады"}
	c.boss.Do("PATCH", path(made, ""), change).WantProblem(t, 428, "match_required")
	c.boss.Do("PATCH", path(made, ""), change, `If-Match: "7"`).WantProblem(t, 412, "stale")
	r = c.boss.Do("PATCH", path(made, ""), change, `If-Match: "1"`).Want(t, 200, &now)
	if r.Header.Get("ETag") != `"2"` || !now.EndsAt.Equal(hour(18)) || now.Note == "" || now.User.Id != c.rustam.ID() {
		t.Errorf("changed to %+v", now)
	}
	c.boss.Do("PATCH", path(made, ""), body{"user_id": c.dilshod.ID()}, `If-Match: "2"`).Want(t, 200)
	if e := c.last(t, made.Id); !knows(e, c.rustam) || !knows(e, c.dilshod) {
		t.Errorf("who lost it and who got it must know: %+v", e.Know)
	}
	c.boss.Do("POST", path(made, "/cancel"), body{"reason": "Работы перенесены"}).Want(t, 200, &now)
	if now.Status != "cancelled" || *now.Reason != "Работы перенесены" {
		t.Errorf("cancelled %+v", now)
	}
	c.boss.Do("POST", path(made, "/cancel"), body{"reason": "ещё раз"}).WantProblem(t, 409, "conflict")
	c.boss.Do("PATCH", path(made, ""), change, `If-Match: "4"`).WantProblem(t, 409, "conflict")
	if e := c.last(t, made.Id); e.Type != "housing.shift.cancelled" || e.Reason != "Работы перенесены" || !knows(e, c.dilshod) {
		t.Errorf("last event %+v", e)
	}
	c.checkEvents(t)
}

func knows(e change, person *housingtest.Client) bool {
	for _, k := range e.Know {
		if k.Person == person.ID() {
			return true
		}
	}
	return false
}

func TestFreeShiftIsOfferedToAllExecutors(t *testing.T) {
	c := start(t)
	e := c.last(t, c.plan(t, nil, 10, 20).Id)
	if len(e.Know) != 1 || e.Know[0] != (events.Knower{Relation: events.RelationExecutor}) || e.Shift.Person != nil {
		t.Errorf("event %+v", e.ShiftChanged)
	}
}

func TestWhatCannotBePlanned(t *testing.T) {
	c := start(t)
	pending := c.Person(access.Executor, housingtest.Status("pending"))
	resident, stranger := c.Applicant(), c.In(housingtest.Other).Executor()
	c.plan(t, c.rustam, 10, 20)
	c.boss.Do("POST", "/users/"+c.dilshod.ID()+"/absences", body{"starts_at": hour(24), "ends_at": hour(48), "reason": "Отпуск"}).Want(t, 201)
	for name, tc := range map[string]struct {
		body    body
		status  int
		code    string
		pointer string
	}{
		"an end before the start":      {shift(nil, 20, 10), 422, "invalid", "/ends_at"},
		"no time at all":               {shift(nil, 10, 10), 422, "invalid", "/ends_at"},
		"more than 25 hours":           {shift(nil, 10, 35.1), 422, "invalid", "/ends_at"},
		"a time that is over":          {shift(nil, 1, 8), 422, "invalid", "/ends_at"},
		"a time three years ahead":     {shift(nil, 3*366*24, 3*366*24+8), 422, "invalid", "/starts_at"},
		"somebody who is not approved": {shift(pending, 10, 20), 422, "invalid", "/user_id"},
		"a resident":                   {shift(resident, 10, 20), 422, "invalid", "/user_id"},
		"somebody of another tenant":   {shift(stranger, 10, 20), 422, "invalid", "/user_id"},
		"a second shift in the first":  {shift(c.rustam, 12, 13), 409, "overlap", ""},
		"a second shift around it":     {shift(c.rustam, 9, 21), 409, "overlap", ""},
		"a shift in an absence":        {shift(c.dilshod, 40, 50), 409, "conflict", ""},
		"a role that works no shifts":  {body{"role": "applicant", "starts_at": hour(10), "ends_at": hour(12)}, 422, "invalid", "/role"},
		"the last moment there is":     {body{"role": "executor", "starts_at": "9999-12-31T20:00:00-10:00", "ends_at": "9999-12-31T23:59:59-10:00"}, 422, "invalid", "/starts_at"},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.boss.Do("POST", "/shifts", tc.body).WantProblem(t, tc.status, tc.code).Problem()
			if tc.pointer != "" && (p.Errors == nil || (*p.Errors)[0].Pointer != tc.pointer) {
				t.Errorf("errors %v, want %s", p.Errors, tc.pointer)
			}
		})
	}
}

func TestOverlapNamesTheOtherShift(t *testing.T) {
	c := start(t)
	c.plan(t, c.rustam, 10, 20)
	p := c.boss.Do("POST", "/shifts", shift(c.rustam, 19, 22)).WantProblem(t, 409, "overlap").Problem()
	if want := "from 2026-03-02 10:00 +05:00 to 2026-03-02 20:00 +05:00"; !strings.Contains(p.Detail, want) {
		t.Errorf("detail %q does not name the shift %q", p.Detail, want)
	}
}

func TestShiftsNextToEachOtherAreFine(t *testing.T) {
	c := start(t)
	c.plan(t, c.rustam, 10, 20)
	night := c.plan(t, c.rustam, 20, 32) // over midnight
	c.plan(t, c.rustam, 32, 40)
	c.boss.Do("POST", "/shifts", shift(c.rustam, 31, 33)).WantProblem(t, 409, "overlap")
	c.boss.Do("POST", path(night, "/cancel"), body{"reason": "не нужна"}).Want(t, 200)
	c.plan(t, c.rustam, 20, 32) // the cancelled one takes up no time
}

func TestChangingAShiftAsksAgain(t *testing.T) {
	c := start(t)
	made := c.plan(t, c.rustam, 10, 20)
	c.plan(t, c.rustam, 21, 23)
	c.plan(t, c.dilshod, 19, 23)
	match := `If-Match: "1"`
	c.boss.Do("PATCH", path(made, ""), body{"ends_at": hour(22)}, match).WantProblem(t, 409, "overlap")
	c.boss.Do("PATCH", path(made, ""), body{"user_id": c.dilshod.ID()}, match).WantProblem(t, 409, "overlap")
	c.boss.Do("PATCH", path(made, ""), body{"role": "manager"}, match).WantProblem(t, 422, "invalid")
	c.boss.Do("PATCH", path(made, ""), body{"starts_at": hour(21)}, match).WantProblem(t, 422, "invalid")
	c.boss.Do("PATCH", path(made, ""), body{}, match).WantProblem(t, 422, "invalid")
	c.boss.Do("PATCH", path(made, ""), body{"starts_at": hour(11)}, match).Want(t, 200) // its own old time is not in the way
}

func TestListsOfShifts(t *testing.T) {
	c := start(t)
	mine, free, his := c.plan(t, c.rustam, 10, 20), c.plan(t, nil, 12, 20), c.plan(t, c.dilshod, 14, 20)
	tomorrow := c.plan(t, c.rustam, 30, 40)
	manager := c.boss
	c.boss.Do("POST", "/shifts", body{"role": "manager", "starts_at": hour(50), "ends_at": hour(60), "user_id": manager.ID()}).Want(t, 201)

	for name, tc := range map[string]struct {
		who   *housingtest.Client
		query string
		want  []uuid.UUID
	}{
		"an executor sees own and free":   {c.rustam, "", []uuid.UUID{mine.Id, free.Id, tomorrow.Id}},
		"another sees other ones":         {c.dilshod, "", []uuid.UUID{free.Id, his.Id}},
		"somebody's, of whom one is none": {c.rustam, "?user=" + c.dilshod.ID(), nil},
		"a manager sees somebody's":       {c.boss, "?user=" + c.rustam.ID(), []uuid.UUID{mine.Id, tomorrow.Id}},
		"free ones":                       {c.boss, "?free=true", []uuid.UUID{free.Id}},
		"of a role until a time":          {c.boss, "?role=executor&to=" + at(14), []uuid.UUID{mine.Id, free.Id}},
		"a time":                          {c.boss, "?from=" + at(20) + "&to=" + at(31), []uuid.UUID{tomorrow.Id}},
		"a moment inside":                 {c.boss, "?from=" + at(19.9) + "&to=" + at(20) + "&user=" + c.dilshod.ID(), []uuid.UUID{his.Id}},
		"of a status":                     {c.boss, "?status=open", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got api.ShiftList
			tc.who.Do("GET", "/shifts"+tc.query, nil).Want(t, 200, &got)
			if len(got.Items) != len(tc.want) {
				t.Fatalf("%d shifts, want %d: %+v", len(got.Items), len(tc.want), got.Items)
			}
			for i, s := range got.Items {
				if s.Id != tc.want[i] {
					t.Errorf("shift %d is %v, want %v", i, s.Id, tc.want[i])
				}
			}
		})
	}
	c.rustam.Do("GET", path(his, ""), nil).WantProblem(t, 403, "forbidden")
	c.rustam.Do("GET", path(free, ""), nil).Want(t, 200)
}

func TestPagesOfShiftsMeetAtTheSameStart(t *testing.T) {
	c := start(t)
	for i := range 4 {
		c.plan(t, nil, 10, 20)
		if i > 0 {
			c.plan(t, c.rustam, 9+float64(i), 10+float64(i))
		}
	}
	for name, who := range map[string]*housingtest.Client{"of all": c.boss, "of own and free ones": c.rustam} {
		t.Run(name, func(t *testing.T) {
			var all []api.Shift
			for query, pages := "?limit=3", 1; ; pages++ {
				var page api.ShiftList
				who.Do("GET", "/shifts"+query, nil).Want(t, 200, &page)
				all = append(all, page.Items...)
				if page.NextCursor == nil {
					if pages != 3 {
						t.Errorf("%d pages, want 3", pages)
					}
					break
				}
				query = "?limit=3&cursor=" + *page.NextCursor
			}
			if len(all) != 7 {
				t.Errorf("%d shifts, want 7", len(all))
			}
			for i := range all[1:] {
				a, b := all[i], all[i+1]
				if cmp.Or(a.StartsAt.Compare(b.StartsAt), bytes.Compare(a.Id[:], b.Id[:])) >= 0 {
					t.Errorf("shift %v from %v comes before %v from %v", a.Id, a.StartsAt, b.Id, b.StartsAt)
				}
			}
		})
	}
}

func TestRepeatedKeyPlansOnce(t *testing.T) {
	c := start(t)
	var first, second api.Shift
	c.boss.Do("POST", "/shifts", shift(c.rustam, 10, 20), "Idempotency-Key: a").Want(t, 201, &first)
	c.boss.Do("POST", "/shifts", shift(c.rustam, 10, 20), "Idempotency-Key: a").Want(t, 201, &second)
	if first.Id != second.Id || len(c.changes(t)) != 1 {
		t.Errorf("shifts %v and %v, %d events", first.Id, second.Id, len(c.changes(t)))
	}
	raw, _ := json.Marshal(first)
	if again, _ := json.Marshal(second); string(raw) != string(again) {
		t.Errorf("answers differ: %s and %s", raw, again)
	}
}
