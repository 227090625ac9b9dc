package requests_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/requests"
	"ukbot/housing/unit"
)

func TestResidentsDoNotHearWhatIsSaidInside(t *testing.T) {
	s := tell(t)
	r := s.in("in_progress")
	path := "/requests/" + r.Number + "/comments"
	s.resident.Do("POST", path, obj{"body": "Я дома"}).Want(t, 201)
	s.executor.Do("POST", path, obj{"body": "Буду через час", "visibility": "public"}).Want(t, 201)
	s.executor.Do("POST", path, obj{"body": "Собака злая", "visibility": "internal"}).Want(t, 201)
	s.resident.Do("POST", path, obj{"body": "тайна", "visibility": "internal"}).WantProblem(t, 403, "forbidden")
	s.Applicant().Do("POST", path, obj{"body": "мимо"}).WantProblem(t, 403, "forbidden")
	s.resident.Do("POST", path, obj{"body": " \n "}).WantProblem(t, 422, "invalid")

	var heard, all api.RequestCommentList
	s.resident.Do("GET", path, nil).Want(t, 200, &heard)
	s.manager.Do("GET", path, nil).Want(t, 200, &all)
	if len(heard.Items) != 2 || len(all.Items) != 3 || all.Items[2].Body != "Собака злая" || all.Items[2].Author.Id != s.executor.ID() {
		t.Errorf("the resident hears %+v, the manager %+v", heard.Items, all.Items)
	}
	var history api.HistoryList
	s.resident.Do("GET", "/requests/"+r.Number+"/history", nil).Want(t, 200, &history)
	if slices.ContainsFunc(history.Items, func(e api.HistoryEntry) bool { return e.Action == "note" }) || len(history.Items) != 4 {
		t.Errorf("the resident's history: %+v", history.Items)
	}
	_, told := s.changes(r)
	inside := told[len(told)-1]
	if !inside.Internal || inside.Text != "" || knows(inside, s.resident.Caller, events.RelationApplicant) || !knows(inside, s.executor.Caller, events.RelationExecutor) {
		t.Errorf("the event of an internal comment: %+v", inside)
	}
	if public := told[len(told)-2]; public.Text != "Буду через час" || !knows(public, s.resident.Caller, events.RelationApplicant) {
		t.Errorf("the event of a public comment: %+v", public)
	}
}

func TestAnExecutorDoesNotReadInsideTheirOwnLeakingTap(t *testing.T) {
	s := tell(t)
	r := s.in("in_progress")
	s.manager.Do("POST", "/requests/"+r.Number+"/comments", obj{"body": "должник", "visibility": "internal"}).Want(t, 201)
	s.exec("UPDATE users SET roles = '{applicant,executor}', active_role = 'executor' WHERE id = $1", s.resident.User)
	s.resident.Renew()
	var heard api.RequestCommentList
	s.resident.Do("GET", "/requests/"+r.Number+"/comments", nil).Want(t, 200, &heard)
	if len(heard.Items) != 0 {
		t.Errorf("heard %+v", heard.Items)
	}
}

func TestCommentsAndHistoryComeInPages(t *testing.T) {
	s := tell(t)
	r := s.make()
	for i := range 5 {
		s.resident.Do("POST", "/requests/"+r.Number+"/comments", obj{"body": fmt.Sprint(i)}).Want(t, 201)
	}
	for path, want := range map[string]int{"/comments": 5, "/history": 6} {
		var seen []string
		for cursor := ""; ; {
			var page struct {
				Items []struct {
					ID  string
					Seq int
				}
				NextCursor *string `json:"next_cursor"`
			}
			s.resident.Do("GET", "/requests/"+r.Number+path+"?limit=2"+cursor, nil).Want(t, 200, &page)
			for _, item := range page.Items {
				seen = append(seen, fmt.Sprint(item.ID, item.Seq))
			}
			if page.NextCursor == nil {
				break
			}
			cursor = "&cursor=" + *page.NextCursor
		}
		if len(seen) != want || len(slices.Compact(slices.Sorted(slices.Values(seen)))) != want {
			t.Errorf("%s: %v, want %d different ones", path, seen, want)
		}
	}
	s.resident.Do("GET", "/requests/"+r.Number+"/comments?cursor=nonsense", nil).WantProblem(t, 422, "invalid")
}

func TestHistoryTellsWhoDidWhatAndWhy(t *testing.T) {
	s := tell(t)
	r := s.in("in_progress")
	other := s.Executor("plumbing")
	s.act(s.manager, r, "assign", obj{"executor_id": other.User, "reason": "заболел"})
	var staff, resident api.HistoryList
	s.manager.Do("GET", "/requests/"+r.Number+"/history", nil).Want(t, 200, &staff)
	s.resident.Do("GET", "/requests/"+r.Number+"/history", nil).Want(t, 200, &resident)
	last := staff.Items[2]
	if *last.Reason != "заболел" || last.Actor.Id != s.manager.ID() || last.Role != "manager" || last.Executor.Id != other.ID() || last.Action != "assign" {
		t.Errorf("the manager reads %+v", last)
	}
	if resident.Items[2].Reason != nil {
		t.Error("the resident reads why it went to somebody else")
	}
	if first := staff.Items[0]; first.FromStatus != nil || first.Changes["category"].To != "plumbing" {
		t.Errorf("the first line: %+v", first)
	}
	for _, path := range []string{"/comments", "/history"} {
		s.Applicant().Do("GET", "/requests/"+r.Number+path, nil).WantProblem(t, 403, "forbidden")
	}
}

func TestManagersOnShiftAreToldAndAllWhenNoneIs(t *testing.T) {
	s := tell(t)
	_, told := s.changes(s.make())
	if k := told[0].Know; len(k) != 2 || k[1].Relation != events.RelationManager || k[1].Person != "" {
		t.Errorf("nobody is on shift, who must know: %+v", k)
	}
	s.onShift(s.manager, "manager")
	_, told = s.changes(s.make())
	if !knows(told[0], s.manager.Caller, events.RelationManager) || len(told[0].Know) != 2 {
		t.Errorf("a manager is on shift, who must know: %+v", told[0].Know)
	}
}

func TestAShiftsRequestsMoveAlong(t *testing.T) {
	s := tell(t)
	held := []api.Request{s.in("in_progress"), s.in("in_progress")}
	done, free := s.in("completed"), s.in("new")
	next := s.Executor("plumbing")
	var moved int
	err := s.Store.Do(t.Context(), func(w *unit.Work) (err error) {
		c, err := company.Load(t.Context(), w.Queries, s.Tenant)
		if err != nil {
			return err
		}
		moved, err = requests.HandOver(t.Context(), w, c, access.Caller{Tenant: s.Tenant, User: next.User, Role: access.Executor}, s.executor.User, next.User, "смена")
		return err
	})
	if err != nil || moved != 2 {
		t.Fatalf("moved %d, %v; want 2", moved, err)
	}
	for _, r := range held {
		var after api.Request
		next.Do("GET", "/requests/"+r.Number, nil).Want(t, 200, &after)
		subjects, told := s.changes(r)
		if after.Executor.Id != next.ID() || after.Status != r.Status || !strings.HasSuffix(strings.Join(subjects, " "), "handed_over") {
			t.Errorf("%s: %+v, events %v", r.Number, after.Executor, subjects)
		}
		if last := told[len(told)-1]; !knows(last, s.executor.Caller, events.RelationPreviousExecutor) || last.Text != "" {
			t.Errorf("the event: %+v", last)
		}
	}
	for _, r := range []api.Request{done, free} {
		var after api.Request
		if s.manager.Do("GET", "/requests/"+r.Number, nil).Want(t, 200, &after); after.Version != r.Version {
			t.Errorf("%s, which is %s, moved too", r.Number, r.Status)
		}
	}
}
