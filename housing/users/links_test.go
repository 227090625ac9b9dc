package users_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/housingtest"
)

func TestAResidentAsksAndAManagerDecides(t *testing.T) {
	w := start(t)
	flat := w.flat()
	mine := path(w.anna.User, "/apartments")
	var l, again api.ApartmentLink
	w.anna.Do("POST", mine, body{"apartment_id": flat, "relation": "owner"}).Want(t, 201, &l)
	if l.Status != "pending" || l.User.Name != "Anna Kim" || l.Address == "" || l.Apartment == "" {
		t.Fatalf("asked: %+v", l)
	}
	w.anna.Do("POST", mine, body{"apartment_id": flat, "relation": "owner"}).WantProblem(t, 409, "exists")
	w.boss.Do("POST", link(w.anna.User, flat, "/reject"), body{"reason": " "}).WantProblem(t, 422, "invalid")
	w.boss.Do("POST", link(w.anna.User, flat, "/reject"), body{"reason": "Не та квартира"}).Want(t, 200, &l)
	if l.Status != "rejected" || *l.Reason != "Не та квартира" || l.DecidedAt == nil {
		t.Errorf("rejected: %+v", l)
	}
	w.anna.Do("POST", mine, body{"apartment_id": flat, "relation": "family"}).Want(t, 201, &again)
	if l := again; l.Status != "pending" || l.Relation != "family" || l.Reason != nil || l.DecidedAt != nil {
		t.Errorf("asked again: %+v", l)
	}
	w.boss.Do("POST", link(w.anna.User, flat, "/approve"), nil).Want(t, 200, &l)
	w.boss.Do("POST", link(w.anna.User, flat, "/approve"), nil).Want(t, 200, &l)
	if l.Status != "approved" {
		t.Errorf("approved: %+v", l)
	}
	w.boss.Do("POST", link(w.anna.User, flat, "/reject"), body{"reason": "x"}).WantProblem(t, 409, "conflict")
	w.anna.Do("DELETE", link(w.anna.User, flat), nil).Want(t, 204)
	w.anna.Do("DELETE", link(w.anna.User, flat), nil).WantProblem(t, 404, "not_found")
	all := w.wantChanges(t, w.anna.User,
		"apartment.asked", "apartment.rejected", "apartment.asked", "apartment.approved", "apartment.removed")
	if all[0].Know[0].Relation != "manager" || all[1].Reason != "Не та квартира" || all[1].Know[0].Person != w.anna.ID() {
		t.Errorf("events: %+v", all)
	}
	if a := all[3].Apartment; a == nil || a.ID != flat.String() || a.Relation != "family" || a.Number == "" || len(all[4].Know) != 0 {
		t.Errorf("event: %+v, who knows of the removal: %v", a, all[4].Know)
	}
}

func TestAManagersWordCountsAtOnce(t *testing.T) {
	w := start(t)
	flat := w.flat()
	var l api.ApartmentLink
	w.anna.Do("POST", path(w.anna.User, "/apartments"), body{"apartment_id": flat, "relation": "owner"}).Want(t, 201)
	w.boss.Do("POST", path(w.anna.User, "/apartments"), body{"apartment_id": flat, "relation": "tenant"}).Want(t, 201, &l)
	if l.Status != "approved" || l.Relation != "tenant" {
		t.Errorf("linked: %+v", l)
	}
	w.boss.Do("POST", path(w.anna.User, "/apartments"), body{"apartment_id": flat, "relation": "tenant"}).WantProblem(t, 409, "exists")
	w.boss.Do("DELETE", link(w.anna.User, flat), nil).Want(t, 204)
}

func TestLinksAreRefused(t *testing.T) {
	w := start(t)
	foreigners := w.In(housingtest.Other)
	other, foreign := w.Applicant(), foreigners.Manager()
	flat, theirs := w.flat(), town{Server: foreigners}.flat()
	w.Lives(w.anna.User, flat)
	entry := body{"apartment_id": flat, "relation": "owner"}
	for name, tc := range map[string]struct {
		by           *housingtest.Client
		method, path string
		body         any
		status       int
		code         string
	}{
		"asking for somebody else":           {other, "POST", path(w.anna.User, "/apartments"), entry, 403, "forbidden"},
		"an apartment there is not":          {w.anna, "POST", path(w.anna.User, "/apartments"), body{"apartment_id": uuid.New(), "relation": "owner"}, 422, "invalid"},
		"another tenant's apartment":         {w.boss, "POST", path(w.anna.User, "/apartments"), body{"apartment_id": theirs, "relation": "owner"}, 422, "invalid"},
		"another tenant's person":            {foreign, "POST", path(w.anna.User, "/apartments"), entry, 404, "not_found"},
		"removing somebody else's":           {other, "DELETE", link(w.anna.User, flat), nil, 403, "forbidden"},
		"removing another tenant's":          {foreign, "DELETE", link(w.anna.User, flat), nil, 404, "not_found"},
		"approving as a resident":            {w.anna, "POST", link(w.anna.User, flat, "/approve"), nil, 403, "forbidden"},
		"approving another tenant's":         {foreign, "POST", link(w.anna.User, flat, "/approve"), nil, 404, "not_found"},
		"approving what nobody asked for":    {w.boss, "POST", link(other.User, flat, "/approve"), nil, 404, "not_found"},
		"rejecting another tenant's":         {foreign, "POST", link(w.anna.User, flat, "/reject"), body{"reason": "x"}, 404, "not_found"},
		"where somebody else lives":          {other, "GET", path(w.anna.User, "/apartments"), nil, 403, "forbidden"},
		"where another tenant's person does": {foreign, "GET", path(w.anna.User, "/apartments"), nil, 404, "not_found"},
		"the waiting ones, for a resident":   {w.anna, "GET", "/apartment-links", nil, 403, "forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.by.Do(tc.method, tc.path, tc.body).WantProblem(t, tc.status, tc.code)
		})
	}
}

func TestNobodyFillsTheManagersList(t *testing.T) {
	w := start(t)
	building, entrance := w.Building()
	for range 10 {
		w.anna.Do("POST", path(w.anna.User, "/apartments"), body{"apartment_id": w.Apartment(building, entrance), "relation": "owner"}).Want(t, 201)
	}
	w.anna.Do("POST", path(w.anna.User, "/apartments"), body{"apartment_id": w.Apartment(building, entrance), "relation": "owner"}).WantProblem(t, 409, "conflict")
}

func TestWaitingLinksComeOldestFirst(t *testing.T) {
	w := start(t)
	building, entrance := w.Building()
	var want []string
	for range 5 {
		person := w.Applicant()
		want = append(want, person.ID())
		person.Do("POST", path(person.User, "/apartments"), body{"apartment_id": w.Apartment(building, entrance), "relation": "owner"}).Want(t, 201)
		w.Clock.Advance(time.Minute)
	}
	w.Lives(w.anna.User, w.Apartment(building, entrance)) // does not wait
	var got []string
	for at := "/apartment-links?limit=2"; ; {
		var page api.ApartmentLinkPage
		w.boss.Do("GET", at, nil).Want(t, 200, &page)
		for _, l := range page.Items {
			got = append(got, l.User.Id)
		}
		if page.NextCursor == nil {
			break
		}
		at = "/apartment-links?limit=2&cursor=" + *page.NextCursor
	}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	var page api.ApartmentLinkPage
	w.boss.Do("GET", "/apartment-links?status=approved", nil).Want(t, 200, &page)
	if len(page.Items) != 1 || page.Items[0].User.Id != w.anna.ID() {
		t.Errorf("approved: %+v", page.Items)
	}
}
