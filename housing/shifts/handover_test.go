package shifts_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

func TestPlannedShiftIsHandedOver(t *testing.T) {
	c := start(t)
	made := c.plan(t, c.rustam, 10, 20)
	kept := c.request(t, c.rustam, "in_progress")
	offer := offered(t, made, c.rustam, c.dilshod)
	if offer.Status != "offered" || offer.From.Id != c.rustam.ID() || offer.To.Id != c.dilshod.ID() || offer.Shift.Version != 2 {
		t.Errorf("offered %+v", offer)
	}
	c.rustam.Do("POST", path(made, "/handover"), body{"to": c.dilshod.ID(), "reason": "ещё раз"}).WantProblem(t, 409, "exists")
	c.rustam.Do("POST", handover(offer, "/accept"), nil).WantProblem(t, 403, "forbidden") // not to oneself
	var done api.Handover
	c.dilshod.Do("POST", handover(offer, "/accept"), nil).Want(t, 200, &done)
	if done.Status != "accepted" || done.Moved != 0 || *done.NextShiftId != made.Id || done.DecidedAt == nil {
		t.Errorf("accepted %+v", done)
	}
	if now := c.read(t, made.Id); now.User.Id != c.dilshod.ID() || now.Status != "planned" {
		t.Errorf("shift %+v", now)
	}
	if who := c.executorOf(t, kept); who != c.rustam.User {
		t.Error("a planned shift moved a request")
	}
	e := c.last(t, made.Id)
	if e.Type != "housing.shift.handover.accepted" || !knows(e, c.rustam) || !knows(e, c.dilshod) || e.Handover.To.ID != c.dilshod.ID() {
		t.Errorf("event %+v", e.ShiftChanged)
	}
	c.plan(t, c.rustam, 10, 20) // the time is free again
	c.checkEvents(t)
}

func TestOpenShiftIsCutInTwo(t *testing.T) {
	c := start(t)
	made := c.opened(t, c.rustam, 9, 20)
	var requests []uuid.UUID
	for _, status := range []string{"in_progress", "purchase", "clarification"} {
		requests = append(requests, c.request(t, c.rustam, status))
	}
	done := c.request(t, c.rustam, "completed")
	c.at(9.1)
	offer := offered(t, made, c.rustam, c.dilshod)
	var got api.Handover
	c.dilshod.Do("POST", handover(offer, "/accept"), nil).Want(t, 200, &got)
	if got.Moved != len(requests) || got.Shift.Status != "closed" || !got.Shift.EndsAt.Equal(hour(9.1)) || got.Shift.User.Id != c.rustam.ID() {
		t.Errorf("accepted %+v", got)
	}
	rest := c.read(t, *got.NextShiftId)
	if rest.Id == made.Id || rest.Status != "open" || rest.User.Id != c.dilshod.ID() || !rest.StartsAt.Equal(hour(9.1)) || !rest.EndsAt.Equal(hour(20)) {
		t.Errorf("the rest is %+v", rest)
	}
	if c.onShift(t, c.rustam) || !c.onShift(t, c.dilshod) {
		t.Error("who accepted is on shift, who offered is not")
	}
	for _, id := range requests {
		if c.executorOf(t, id) != c.dilshod.User {
			t.Errorf("request %v did not move", id)
		}
	}
	if c.executorOf(t, done) != c.rustam.User {
		t.Error("a request that is done moved")
	}
	if e := c.last(t, made.Id); e.Handover.Moved != 3 || e.Handover.NextShift != rest.Id.String() {
		t.Errorf("event %+v", e.Handover)
	}
	c.checkEvents(t)
}

func TestShiftOpenedEarlyIsHandedOverFromItsStart(t *testing.T) {
	c := start(t)
	made := c.opened(t, c.rustam, 10, 20)
	var got api.Handover
	c.dilshod.Do("POST", handover(offered(t, made, c.rustam, c.dilshod), "/accept"), nil).Want(t, 200, &got)
	if rest := c.read(t, *got.NextShiftId); !rest.StartsAt.Equal(hour(10)) || !got.Shift.EndsAt.Equal(hour(10)) {
		t.Errorf("cut %+v, %+v", got.Shift, rest)
	}
}

// executorOf is who has a request.
func (c crew) executorOf(t *testing.T, request uuid.UUID) (id uuid.UUID) {
	t.Helper()
	err := c.Pool.QueryRow(context.Background(), "SELECT executor_id FROM requests WHERE tenant_id = $1 AND id = $2", c.Tenant, request).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestOfferIsDeclinedOrWithdrawn(t *testing.T) {
	c := start(t)
	made := c.plan(t, c.rustam, 10, 20)
	var got, back api.Handover
	first := offered(t, made, c.rustam, c.dilshod)
	c.rustam.Do("POST", handover(first, "/decline"), body{"reason": "сам"}).WantProblem(t, 403, "forbidden")
	c.dilshod.Do("POST", handover(first, "/decline"), body{"reason": "Уже работаю"}).Want(t, 200, &got)
	if got.Status != "declined" || *got.Answer != "Уже работаю" {
		t.Errorf("declined %+v", got)
	}
	c.dilshod.Do("POST", handover(first, "/accept"), nil).WantProblem(t, 409, "conflict")
	second := offered(t, made, c.rustam, c.dilshod)
	c.dilshod.Do("POST", handover(second, "/withdraw"), nil).WantProblem(t, 403, "forbidden")
	c.rustam.Do("POST", handover(second, "/withdraw"), nil).Want(t, 200, &back)
	if back.Status != "withdrawn" || back.Answer != nil {
		t.Errorf("withdrawn %+v", back)
	}
	c.dilshod.Do("POST", handover(second, "/accept"), nil).WantProblem(t, 409, "conflict")
	c.boss.Do("POST", handover(offered(t, made, c.boss, c.dilshod), "/accept"), nil).Want(t, 200) // for both of them
	c.checkEvents(t)
}

func TestOfferEndsWithWhatItOffered(t *testing.T) {
	c := start(t)
	for name, end := range map[string]func(*testing.T, *housingtest.Client, api.Shift){
		"cancelled": func(t *testing.T, _ *housingtest.Client, s api.Shift) {
			c.boss.Do("POST", path(s, "/cancel"), body{"reason": "не нужна"}).Want(t, 200)
		},
		"released": func(t *testing.T, who *housingtest.Client, s api.Shift) {
			who.Do("POST", path(s, "/release"), body{"reason": "не могу"}).Want(t, 200)
		},
		"moved": func(t *testing.T, _ *housingtest.Client, s api.Shift) {
			c.boss.Do("PATCH", path(s, ""), body{"ends_at": hour(19)}, `If-Match: "2"`).Want(t, 200)
		},
		"closed": func(t *testing.T, who *housingtest.Client, s api.Shift) {
			who.Do("POST", path(s, "/open"), nil).Want(t, 200)
			who.Do("POST", path(s, "/close"), nil).Want(t, 200)
		},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := c.Executor(), c.Executor()
			made := c.plan(t, from, 9, 20)
			offer := offered(t, made, from, to)
			end(t, from, made)
			to.Do("POST", handover(offer, "/accept"), nil).WantProblem(t, 409, "conflict")
			var list api.HandoverList
			to.Do("GET", "/handovers?mine=to", nil).Want(t, 200, &list)
			if got := list.Items[0]; got.Status != "withdrawn" || got.Answer == nil {
				t.Errorf("offer %+v", got)
			}
		})
	}
	c.checkEvents(t)
}

func TestNoteKeepsTheOffer(t *testing.T) {
	c := start(t)
	made := c.plan(t, c.rustam, 10, 20)
	offer := offered(t, made, c.rustam, c.dilshod)
	c.boss.Do("PATCH", path(made, ""), body{"note": "Ключи у охраны"}, `If-Match: "2"`).Want(t, 200)
	c.dilshod.Do("POST", handover(offer, "/accept"), nil).Want(t, 200)
}

func TestWhatCannotBeOffered(t *testing.T) {
	c := start(t)
	made, free := c.plan(t, c.rustam, 10, 20), c.plan(t, nil, 10, 20)
	busy, away := c.Executor(), c.Executor()
	c.plan(t, busy, 19, 23)
	c.boss.Do("POST", "/users/"+away.ID()+"/absences", body{"starts_at": hour(0), "ends_at": hour(11), "reason": "Болеет"}).Want(t, 201)
	to := func(person *housingtest.Client) body { return body{"to": person.ID(), "reason": "Заболел"} }
	for name, tc := range map[string]struct {
		who    *housingtest.Client
		shift  api.Shift
		body   body
		status int
		code   string
	}{
		"to oneself":             {c.rustam, made, to(c.rustam), 422, "invalid"},
		"to a resident":          {c.rustam, made, to(c.Applicant()), 422, "invalid"},
		"to a blocked one":       {c.rustam, made, to(c.Person(access.Executor, housingtest.Status("blocked"))), 422, "invalid"},
		"to another tenant":      {c.rustam, made, to(c.In(housingtest.Other).Executor()), 422, "invalid"},
		"to one with a shift":    {c.rustam, made, to(busy), 409, "overlap"},
		"to one who is away":     {c.rustam, made, to(away), 409, "conflict"},
		"a free one":             {c.boss, free, to(c.dilshod), 409, "conflict"},
		"somebody else's":        {c.dilshod, made, to(busy), 403, "forbidden"},
		"without a reason":       {c.rustam, made, body{"to": c.dilshod.ID()}, 422, "invalid"},
		"with a reason of space": {c.rustam, made, body{"to": c.dilshod.ID(), "reason": " \t"}, 422, "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.who.Do("POST", path(tc.shift, "/handover"), tc.body).WantProblem(t, tc.status, tc.code)
		})
	}
	over := c.opened(t, c.rustam, 9, 9.5)
	c.at(9.5)
	c.rustam.Do("POST", path(over, "/handover"), to(c.dilshod)).WantProblem(t, 409, "conflict")
}

func TestAcceptingAsksAgain(t *testing.T) {
	c := start(t)
	made := c.plan(t, c.rustam, 10, 20)
	offer := offered(t, made, c.rustam, c.dilshod)
	blocking := c.plan(t, c.dilshod, 12, 13)
	c.dilshod.Do("POST", handover(offer, "/accept"), nil).WantProblem(t, 409, "overlap")
	c.boss.Do("POST", path(blocking, "/cancel"), body{"reason": "не нужна"}).Want(t, 200)
	exec(t, c, "UPDATE users SET status = 'blocked' WHERE tenant_id = $1 AND id = $2", c.Tenant, c.dilshod.User)
	c.boss.Do("POST", handover(offer, "/accept"), nil).WantProblem(t, 409, "conflict")
	exec(t, c, "UPDATE users SET status = 'approved' WHERE tenant_id = $1 AND id = $2", c.Tenant, c.dilshod.User)
	c.at(20)
	c.dilshod.Do("POST", handover(offer, "/accept"), nil).WantProblem(t, 409, "conflict")
}

func TestOpenShiftIsNotTakenOverBesideAnother(t *testing.T) {
	c := start(t)
	late := c.opened(t, c.dilshod, 9, 9.2)
	made := c.opened(t, c.rustam, 9, 20)
	c.at(9.3) // dilshod's is over, but open
	offer := offered(t, made, c.rustam, c.dilshod)
	c.dilshod.Do("POST", handover(offer, "/accept"), nil).WantProblem(t, 409, "conflict")
	c.dilshod.Do("POST", path(late, "/close"), nil).Want(t, 200)
	c.dilshod.Do("POST", handover(offer, "/accept"), nil).Want(t, 200)
}

func TestListsOfHandovers(t *testing.T) {
	c := start(t)
	third := c.Executor()
	a := offered(t, c.plan(t, c.rustam, 10, 12), c.rustam, c.dilshod)
	b := offered(t, c.plan(t, c.dilshod, 12, 14), c.dilshod, c.rustam)
	x := offered(t, c.plan(t, third, 14, 16), third, c.dilshod)
	c.dilshod.Do("POST", handover(a, "/decline"), body{"reason": "нет"}).Want(t, 200)
	for name, tc := range map[string]struct {
		who   *housingtest.Client
		query string
		want  []api.Handover
	}{
		"a manager sees all":           {c.boss, "", []api.Handover{x, b, a}},
		"both ways of one's own":       {c.rustam, "", []api.Handover{b, a}},
		"to me":                        {c.dilshod, "?mine=to", []api.Handover{x, a}},
		"from me":                      {c.dilshod, "?mine=from", []api.Handover{b}},
		"to me, waiting for an answer": {c.dilshod, "?mine=to&status=offered", []api.Handover{x}},
		"a manager's own":              {c.boss, "?mine=to", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var first, second, list api.HandoverList
			tc.who.Do("GET", "/handovers"+tc.query, nil).Want(t, 200, &list)
			if len(list.Items) != len(tc.want) {
				t.Fatalf("%d hand-overs, want %d", len(list.Items), len(tc.want))
			}
			for i, got := range list.Items {
				if got.Id != tc.want[i].Id {
					t.Errorf("hand-over %d is %v, want %v", i, got.Id, tc.want[i].Id)
				}
			}
			if len(tc.want) < 2 || tc.query != "" {
				return
			}
			tc.who.Do("GET", "/handovers?limit=1", nil).Want(t, 200, &first)
			tc.who.Do("GET", "/handovers?limit=1&cursor="+*first.NextCursor, nil).Want(t, 200, &second)
			if second.Items[0].Id != tc.want[1].Id {
				t.Errorf("the second page begins with %v, want %v", second.Items[0].Id, tc.want[1].Id)
			}
		})
	}
}

func exec(t *testing.T, c crew, sql string, args ...any) {
	t.Helper()
	if _, err := c.Pool.Exec(context.Background(), sql, args...); err != nil {
		t.Fatal(err)
	}
}
