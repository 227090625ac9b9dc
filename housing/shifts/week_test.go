package shifts_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// span is a part of a usual week.
func span(weekday int, starts, ends string) body {
	return body{"weekday": weekday, "starts": starts, "ends": ends}
}

// usually sets a person's usual week.
func (c crew) usually(t *testing.T, person *housingtest.Client, spans ...body) {
	t.Helper()
	c.boss.Do("PUT", "/users/"+person.ID()+"/schedule", body{"items": spans}).Want(t, 200)
}

// week plans one, and gives what was made.
func (c crew) week(t *testing.T, monday string, people ...*housingtest.Client) api.WeekPlanned {
	t.Helper()
	asked := body{"monday": monday}
	if len(people) > 0 {
		var ids []string
		for _, p := range people {
			ids = append(ids, p.ID())
		}
		asked["users"] = ids
	}
	var got api.WeekPlanned
	c.boss.Do("POST", "/shifts/plan-week", asked).Want(t, 200, &got)
	return got
}

// in moves the company to another time zone.
func (c crew) in(t *testing.T, zone string) {
	t.Helper()
	exec(t, c, "UPDATE companies SET time_zone = $2 WHERE tenant_id = $1", c.Tenant, zone)
}

func TestUsualWeekIsReplacedAsAWhole(t *testing.T) {
	c := start(t)
	usual := "/users/" + c.rustam.ID() + "/schedule"
	var got, now api.Schedule
	c.rustam.Do("GET", usual, nil).Want(t, 200, &got)
	if len(got.Items) != 0 {
		t.Errorf("a week before there is one: %v", got)
	}
	c.rustam.Do("PUT", usual, body{"items": []body{span(3, "20:00", "08:00"), span(1, "08:00", "20:00")}}).Want(t, 200)
	c.boss.Do("PUT", usual, body{"items": []body{span(7, "20:00", "08:00"), span(1, "08:00", "20:00")}}).Want(t, 200, &now)
	c.rustam.Do("GET", usual, nil).Want(t, 200, &got)
	want := []api.ScheduleSpan{{Weekday: 1, Starts: "08:00", Ends: "20:00"}, {Weekday: 7, Starts: "20:00", Ends: "08:00"}}
	for i, w := range want {
		if got.Items[i] != w || now.Items[i] != w {
			t.Errorf("span %d: %v and %v, want %v", i, got.Items[i], now.Items[i], w)
		}
	}
	c.boss.Do("PUT", usual, body{"items": []body{}}).Want(t, 200)
}

func TestUsualWeekMayNotOverlapItself(t *testing.T) {
	c := start(t)
	for name, spans := range map[string][]body{
		"twice the same":         {span(1, "08:00", "20:00"), span(1, "08:00", "20:00")},
		"a night into a morning": {span(1, "20:00", "08:00"), span(2, "07:00", "12:00")},
		"Sunday into Monday":     {span(7, "20:00", "08:00"), span(1, "07:00", "12:00")},
		"no such hour":           {span(1, "24:00", "08:00")},
		"no such day":            {span(8, "20:00", "08:00")},
	} {
		t.Run(name, func(t *testing.T) {
			c.boss.Do("PUT", "/users/"+c.rustam.ID()+"/schedule", body{"items": spans}).WantProblem(t, 422, "invalid")
		})
	}
}

func TestTwoWhoReplaceAWeekLeaveNoMixture(t *testing.T) {
	c := start(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			starts := []string{"08:00", "09:00"}[i%2]
			c.boss.Do("PUT", "/users/"+c.rustam.ID()+"/schedule", body{"items": []body{span(1, starts, "20:00"), span(2, starts, "20:00")}}).Want(t, 200)
		})
	}
	wg.Wait()
	var got api.Schedule
	c.rustam.Do("GET", "/users/"+c.rustam.ID()+"/schedule", nil).Want(t, 200, &got)
	if len(got.Items) != 2 || got.Items[0].Starts != got.Items[1].Starts {
		t.Errorf("a mixture: %v", got.Items)
	}
}

func TestWeekIsPlannedInTheCompanysZone(t *testing.T) {
	c := start(t)
	for name, tc := range map[string]struct {
		zone, monday string
		span         body
		from, to     string
	}{
		"Tashkent has no changes":         {"Asia/Tashkent", "2026-03-23", span(7, "08:00", "20:00"), "2026-03-29T03:00:00Z", "2026-03-29T15:00:00Z"},
		"before Berlin goes forward":      {"Europe/Berlin", "2026-03-23", span(6, "08:00", "20:00"), "2026-03-28T07:00:00Z", "2026-03-28T19:00:00Z"},
		"after it went forward":           {"Europe/Berlin", "2026-03-23", span(7, "08:00", "20:00"), "2026-03-29T06:00:00Z", "2026-03-29T18:00:00Z"},
		"the night it goes forward":       {"Europe/Berlin", "2026-03-23", span(6, "20:00", "08:00"), "2026-03-28T19:00:00Z", "2026-03-29T06:00:00Z"},
		"the night it goes back":          {"Europe/Berlin", "2026-10-19", span(6, "20:00", "08:00"), "2026-10-24T18:00:00Z", "2026-10-25T07:00:00Z"},
		"round the clock as it goes back": {"Europe/Berlin", "2026-10-19", span(7, "00:00", "00:00"), "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		"Sunday night into next Monday":   {"Europe/Berlin", "2026-03-23", span(7, "20:00", "08:00"), "2026-03-29T18:00:00Z", "2026-03-30T06:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			c.in(t, tc.zone)
			person := c.Executor()
			c.usually(t, person, tc.span)
			got := c.week(t, tc.monday, person)
			if len(got.Made) != 1 || len(got.Skipped) != 0 {
				t.Fatalf("planned %+v", got)
			}
			s := got.Made[0]
			if from, to := s.StartsAt.Format(time.RFC3339), s.EndsAt.Format(time.RFC3339); from != tc.from || to != tc.to {
				t.Errorf("from %s to %s, want %s to %s", from, to, tc.from, tc.to)
			}
			if now := c.read(t, s.Id); now.Version != s.Version || !now.StartsAt.Equal(s.StartsAt) {
				t.Errorf("stored %+v, answered %+v", now, s)
			}
		})
	}
	c.checkEvents(t)
}

func TestWeekSaysWhatItSkips(t *testing.T) {
	c := start(t)
	c.in(t, "Europe/Berlin")
	skips := map[string]*housingtest.Client{}
	person := func(reason string, opts ...housingtest.PersonOption) *housingtest.Client {
		p := c.Person(access.Executor, opts...)
		skips[reason] = p
		return p
	}
	c.usually(t, person("not_approved", housingtest.Status("pending")), span(7, "08:00", "20:00"))
	c.usually(t, person("clock_change"), span(7, "02:00", "03:00"))
	busy, away := person("overlap"), person("absent")
	c.usually(t, busy, span(7, "08:00", "20:00"))
	c.boss.Do("POST", "/shifts", body{"role": "executor", "user_id": busy.ID(), "starts_at": "2026-03-29T17:00:00Z", "ends_at": "2026-03-29T19:00:00Z"}).Want(t, 201)
	c.usually(t, away, span(7, "08:00", "20:00"))
	c.boss.Do("POST", "/users/"+away.ID()+"/absences", body{"starts_at": "2026-03-29T00:00:00Z", "ends_at": "2026-03-29T06:30:00Z", "reason": "Отпуск"}).Want(t, 201)
	resident := c.Applicant()
	skips["no_role"] = resident
	c.usually(t, resident, span(7, "08:00", "20:00"))

	got := c.week(t, "2026-03-23")
	if len(got.Made) != 0 || len(got.Skipped) != len(skips) {
		t.Fatalf("planned %+v", got)
	}
	for _, s := range got.Skipped {
		if p := skips[string(s.Reason)]; p == nil || p.ID() != s.User.Id {
			t.Errorf("skipped %s of %s", s.Reason, s.User.Name)
		}
	}
	c.Clock.Set(time.Date(2026, 3, 29, 19, 0, 0, 0, time.UTC))
	c.boss.Renew()
	c.usually(t, c.rustam, span(7, "08:00", "20:00"))
	if got := c.week(t, "2026-03-23", c.rustam); len(got.Skipped) != 1 || got.Skipped[0].Reason != "over" {
		t.Errorf("a shift that is over: %+v", got)
	}
}

func TestWeekIsNeverPlannedTwice(t *testing.T) {
	c := start(t)
	c.usually(t, c.rustam, span(1, "10:00", "12:00"), span(2, "10:00", "12:00"), span(3, "10:00", "12:00"), span(4, "10:00", "12:00"), span(5, "10:00", "12:00"))
	c.plan(t, c.rustam, 4*24+10, 4*24+12) // Friday is planned by hand
	first := c.week(t, "2026-03-02")
	if len(first.Made) != 4 || len(first.Skipped) != 1 || first.Skipped[0].Reason != "exists" {
		t.Fatalf("planned %+v", first)
	}
	do := func(i int, what string, b body) {
		c.boss.Do("POST", path(first.Made[i], what), b).Want(t, 200)
	}
	do(0, "/cancel", body{"reason": "праздник"})
	do(1, "/release", body{"reason": "заболел"})
	c.boss.Do("PATCH", path(first.Made[2], ""), body{"starts_at": hour(5*24 + 10), "ends_at": hour(5*24 + 12)}, `If-Match: "1"`).Want(t, 200)
	c.dilshod.Do("POST", handover(offered(t, first.Made[3], c.rustam, c.dilshod), "/accept"), nil).Want(t, 200)

	again := c.week(t, "2026-03-02")
	if len(again.Made) != 0 || len(again.Skipped) != 5 {
		t.Fatalf("planned again %+v", again)
	}
	for _, s := range again.Skipped {
		if s.Reason != "exists" {
			t.Errorf("skipped %+v", s)
		}
	}
	if next := c.week(t, "2026-03-09"); len(next.Made) != 5 {
		t.Errorf("the next week: %+v", next)
	}
	c.checkEvents(t)
}

func TestManyPlanTheSameWeekAtOnce(t *testing.T) {
	c := start(t)
	for _, p := range []*housingtest.Client{c.rustam, c.dilshod} {
		c.usually(t, p, span(2, "08:00", "20:00"), span(3, "20:00", "08:00"), span(7, "20:00", "08:00"))
	}
	var wg sync.WaitGroup
	made := make([]int, 10)
	for i := range made {
		wg.Go(func() { made[i] = len(c.week(t, "2026-03-02").Made) })
	}
	for range 10 { // somebody plans by hand meanwhile
		wg.Go(func() { c.boss.Do("POST", "/shifts", shift(c.rustam, 60, 62)) })
	}
	wg.Wait()
	sum := 0
	for _, n := range made {
		sum += n
	}
	if sum != 5 && sum != 6 { // the hand was faster than Wednesday's night, or not
		t.Errorf("%d shifts were planned", sum)
	}
	c.checkEvents(t)
}

func TestWhatIsNoWeek(t *testing.T) {
	c := start(t)
	c.boss.Do("POST", "/shifts/plan-week", body{"monday": "2026-03-03"}).WantProblem(t, 422, "invalid")
	c.boss.Do("POST", "/shifts/plan-week", body{"monday": "9999-12-27"}).WantProblem(t, 422, "invalid")
	c.boss.Do("POST", "/shifts/plan-week", body{"monday": "2026-03-02", "users": []string{uuid.NewString()}}).WantProblem(t, 422, "invalid")
	stranger := c.In(housingtest.Other).Executor()
	c.boss.Do("POST", "/shifts/plan-week", body{"monday": "2026-03-02", "users": []string{stranger.ID()}}).WantProblem(t, 422, "invalid")
	if got := c.week(t, "2026-03-02"); len(got.Made)+len(got.Skipped) != 0 {
		t.Errorf("nobody has a usual week: %+v", got)
	}
}
