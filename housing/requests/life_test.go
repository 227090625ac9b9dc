package requests_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/rest"
)

func TestARequestLives(t *testing.T) {
	s := tell(t)
	r := s.make()
	if r.Number != "260302-001" || r.Status != "new" || r.Version != 1 || !slices.Equal(r.Actions, []api.RequestAction{"cancel"}) {
		t.Fatalf("a new request: %+v", r)
	}
	r = s.act(s.executor, r, "take", nil)
	if r.Executor == nil || r.Executor.Id != s.executor.ID() || r.Applicant.Phone == nil {
		t.Errorf("the executor sees who has it and whom to call: %+v", r)
	}
	s.Clock.Advance(10 * time.Minute)
	r = s.act(s.executor, r, "purchase", obj{"comment": "нужен смеситель"})
	if r.Deadlines.PausedSince == nil {
		t.Error("the clock of completion stands while materials are bought")
	}
	r = s.act(s.executor, r, "clarify", obj{"comment": "Когда вы дома?"})
	r = s.act(s.resident, r, "answer", obj{"comment": "После шести"})
	r = s.act(s.executor, r, "purchase", obj{"comment": "ещё прокладка"})
	r = s.act(s.executor, r, "resume", nil)
	r = s.act(s.executor, r, "complete", obj{"comment": "заменил", "files": []uuid.UUID{s.photo(r, s.executor)}})
	r = s.act(s.manager, r, "rework", obj{"reason": "видно подтекание"})
	r = s.act(s.executor, r, "complete", obj{"comment": "подтянул", "files": []uuid.UUID{s.photo(r, s.executor)}})
	r = s.act(s.manager, r, "confirm", nil)
	r = s.act(s.resident, r, "return", obj{"reason": "снова капает", "files": []uuid.UUID{s.photo(r, s.resident)}})
	other := s.Executor("heating")
	r = s.act(s.manager, r, "assign", obj{"executor_id": other.User, "reason": "первый не справился"})
	r = s.act(s.manager, r, "complete", obj{"comment": "теперь сухо", "files": []uuid.UUID{s.photo(r, s.manager)}})
	r = s.act(s.manager, r, "confirm", nil)
	r = s.act(s.resident, r, "accept", obj{"stars": 4, "comment": "наконец-то"})
	if r.Status != "accepted" || *r.Stars != 4 || *r.Review != "наконец-то" || r.ClosedAt == nil || len(r.Actions) != 0 || r.Version != 16 {
		t.Errorf("an accepted request: %+v", r)
	}
	want := []string{
		"created", "taken", "status", "status", "status", "status", "status", "completed", "returned",
		"completed", "confirmed", "returned", "assigned", "completed", "confirmed", "accepted",
	}
	subjects, told := s.changes(r)
	if !slices.Equal(subjects, want) {
		t.Errorf("events %v, want %v", subjects, want)
	}
	if r.Apartment == nil || told[0].Request.Apartment != r.Apartment.Name {
		t.Errorf("the event names apartment %q of %+v", told[0].Request.Apartment, r.Apartment)
	}
	assigned := told[12]
	if !knows(assigned, s.executor.Caller, events.RelationPreviousExecutor) || !knows(assigned, other.Caller, events.RelationExecutor) || assigned.Text != "" {
		t.Errorf("both executors know that it went to another, nobody reads why: %+v", assigned)
	}
	if told[15].Stars != 4 || told[15].Text != "наконец-то" || !knows(told[15], s.resident.Caller, events.RelationApplicant) {
		t.Errorf("the event of acceptance: %+v", told[15])
	}
}

func TestGetRequestByIDAndNumber(t *testing.T) {
	s := tell(t)
	r := s.make()
	for _, ref := range []string{r.Id.String(), r.Number} {
		var got api.Request
		answer := s.resident.Do("GET", "/requests/"+ref, nil).Want(t, 200, &got)
		if got.Id != r.Id || answer.Header.Get("ETag") != rest.ETag(1) || got.Applicant.Phone != nil {
			t.Errorf("%s: %+v, ETag %s", ref, got, answer.Header.Get("ETag"))
		}
	}
}

func TestEditing(t *testing.T) {
	s := tell(t)
	r := s.make()
	path := "/requests/" + r.Number
	s.resident.Do("PATCH", path, obj{"urgency": "critical"}).WantProblem(t, 428, "match_required")
	var edited api.Request
	s.resident.Do("PATCH", path, obj{"urgency": "critical", "description": "Течёт вовсю"}, `If-Match: "1"`).Want(t, 200, &edited)
	if edited.Version != 2 || edited.Urgency != "critical" || edited.Description != "Течёт вовсю" {
		t.Errorf("edited: %+v", edited)
	}
	if want := r.CreatedAt.Add(2 * time.Hour); !edited.Deadlines.Completion.Equal(want) {
		t.Errorf("completion by %s, want %s: two hours from when it was made", edited.Deadlines.Completion, want)
	}
	s.manager.Do("PATCH", path, obj{"category": "heating"}, `If-Match: "1"`).WantProblem(t, 412, "stale")
	s.manager.Do("PATCH", path, obj{"urgency": "critical"}, `If-Match: "2"`).Want(t, 200, &edited)
	if edited.Version != 2 {
		t.Errorf("what is the same is no change, and yet version %d", edited.Version)
	}
	s.act(s.executor, r, "take", nil)
	s.resident.Do("PATCH", path, obj{"description": "нет"}, `If-Match: "3"`).WantProblem(t, 409, "conflict")
	s.manager.Do("PATCH", path, obj{"description": "да"}, `If-Match: "3"`).Want(t, 200)
	s.executor.Do("PATCH", path, obj{"description": "да"}, `If-Match: "4"`).WantProblem(t, 403, "forbidden")
}

func TestAManagerMakesOneForAResidentWhoPhones(t *testing.T) {
	s := tell(t)
	var r api.Request
	body := obj{"category": "lift", "urgency": "critical", "description": "Застряли", "building_id": s.building, "applicant_id": s.resident.User}
	s.manager.Do("POST", "/requests", body).Want(t, 201, &r)
	if r.Applicant.Id != s.resident.User || r.CreatedBy.Id != s.manager.ID() || r.Apartment != nil || r.Applicant.Phone == nil {
		t.Errorf("made on the phone: %+v", r)
	}
	s.resident.Do("GET", "/requests/"+r.Number, nil).Want(t, 200)
	s.Key("requests.create", "requests.view").Do("POST", "/requests", body).Want(t, 201, &r)
	if r.Number != "260302-002" || r.CreatedBy.Name == "" {
		t.Errorf("made by a machine: %+v", r)
	}
	cancelled := s.act(s.resident, r, "cancel", obj{"reason": "открылся сам"})
	if cancelled.Status != "cancelled" || cancelled.ClosedAt == nil {
		t.Errorf("cancelled: %+v", cancelled)
	}
}

func TestAManagerAcceptsWhenTheResidentIsSilent(t *testing.T) {
	s := tell(t)
	r := s.in("confirmed")
	path := "/requests/" + r.Number + "/accept"
	s.manager.Do("POST", path, obj{"comment": "житель не отвечает"}).WantProblem(t, 409, "conflict")
	s.Clock.Advance(72 * time.Hour)
	s.manager.Renew()
	s.manager.Do("POST", path, obj{"comment": "молчит"}).WantProblem(t, 422, "invalid")
	s.manager.Do("POST", path, obj{"comment": "житель не отвечает", "stars": 5}).WantProblem(t, 422, "invalid")
	var accepted api.Request
	s.manager.Do("POST", path, obj{"comment": "житель не отвечает"}).Want(t, 200, &accepted)
	if accepted.Status != "accepted" || accepted.Stars != nil {
		t.Errorf("accepted in their place: %+v", accepted)
	}
}

func TestDeadlinesArePlannedWhenTheyMayMove(t *testing.T) {
	s := tell(t)
	var r api.Request
	plans := func() (n int) {
		for _, e := range s.Outbox(t) {
			if strings.HasPrefix(e.Subject, "clock.") {
				n++
			}
		}
		return n
	}
	for _, step := range []struct {
		what  string
		do    func()
		plans int
	}{
		{"made", func() { r = s.make() }, 1},
		{"commented", func() { s.resident.Do("POST", "/requests/"+r.Number+"/comments", obj{"body": "ау"}).Want(t, 201) }, 0},
		{"described better", func() {
			s.resident.Do("PATCH", "/requests/"+r.Number, obj{"description": "Течёт кран в ванной"}, "If-Match: *").Want(t, 200)
		}, 0},
		{"more urgent", func() {
			s.resident.Do("PATCH", "/requests/"+r.Number, obj{"urgency": "critical"}, "If-Match: *").Want(t, 200)
		}, 1},
		{"taken", func() { s.act(s.executor, r, "take", nil) }, 1},
		{"given to another", func() {
			s.act(s.manager, r, "assign", obj{"executor_id": s.Executor("plumbing").User, "reason": "ближе"})
		}, 0},
	} {
		before := plans()
		step.do()
		if got := plans() - before; got != step.plans {
			t.Errorf("%s: %d schedules written, want %d", step.what, got, step.plans)
		}
	}
}

func TestAChangeOfTheTimeZoneMovesNoDeadline(t *testing.T) {
	s := tell(t)
	made := s.in("in_progress")
	s.Admin().Do("PATCH", "/company", map[string]any{"time_zone": "America/New_York"}, "If-Match: *").Want(t, 200)
	var now api.Request
	s.manager.Do("GET", "/requests/"+made.Number, nil).Want(t, 200, &now)
	if !now.Deadlines.Reaction.Equal(made.Deadlines.Reaction) || !now.Deadlines.Completion.Equal(made.Deadlines.Completion) || now.Overdue || now.Version != made.Version {
		t.Errorf("deadlines %+v, before %+v", now.Deadlines, made.Deadlines)
	}
	if next := s.make(); !strings.HasPrefix(next.Number, "260301-") { // it is Sunday there
		t.Errorf("the next is %s", next.Number)
	}
}
