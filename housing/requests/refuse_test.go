package requests_test

import (
	"testing"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

func TestWhatIsRefusedOnCreation(t *testing.T) {
	s := tell(t)
	neighbour := s.Applicant()
	_, elsewhere := s.Home(neighbour.User)
	blocked := s.Applicant(housingtest.Status("blocked"))
	stranger := s.In(housingtest.Other).Applicant()
	base := func(change obj) obj {
		body := obj{"category": "plumbing", "urgency": "normal", "description": "Течёт", "building_id": s.building, "apartment_id": s.apartment}
		for field, value := range change {
			body[field] = value
		}
		return body
	}
	for name, tc := range map[string]struct {
		by      *housingtest.Client
		body    obj
		status  int
		pointer string
	}{
		"a neighbour's apartment":               {neighbour, base(nil), 422, "/apartment_id"},
		"an apartment of another building":      {s.resident, base(obj{"apartment_id": elsewhere}), 422, "/apartment_id"},
		"no building":                           {s.resident, base(obj{"building_id": uuid.New()}), 422, "/building_id"},
		"common parts of a building not theirs": {neighbour, obj{"category": "lift", "urgency": "normal", "description": "Стоит", "building_id": s.building}, 422, "/building_id"},
		"a description of spaces":               {s.resident, base(obj{"description": "   "}), 422, "/description"},
		"a description of 2001 characters":      {s.resident, base(obj{"description": string(make([]byte, 2001))}), 422, "/description"},
		"an unknown category":                   {s.resident, base(obj{"category": "magic"}), 422, "/category"},
		"a field too many":                      {s.resident, base(obj{"status": "accepted"}), 422, ""},
		"for another by a resident":             {s.resident, base(obj{"applicant_id": neighbour.User}), 403, ""},
		"for a blocked person":                  {s.manager, base(obj{"applicant_id": blocked.User}), 422, "/applicant_id"},
		"for a person of another company":       {s.manager, base(obj{"applicant_id": stranger.User}), 422, "/applicant_id"},
		"by a machine for nobody":               {s.Key(access.RequestsCreate), base(nil), 422, "/applicant_id"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := tc.by.Do("POST", "/requests", tc.body).Want(t, tc.status)
			if p := answer.Problem(); tc.pointer != "" && (p.Errors == nil || (*p.Errors)[0].Pointer != tc.pointer) {
				t.Errorf("%s, want a pointer to %s", answer.Raw, tc.pointer)
			}
		})
	}
	if n := len(s.Outbox(t)); n != 0 {
		t.Errorf("%d events of what was refused", n)
	}
}

func TestWhatIsRefusedOfActions(t *testing.T) {
	s := tell(t)
	fresh, taken, done, confirmed := s.in("new"), s.in("in_progress"), s.in("completed"), s.in("confirmed")
	colleague, electrician, off := s.Executor("plumbing"), s.Executor("electricity"), s.Executor("plumbing")
	s.onShift(colleague, "executor")
	s.onShift(electrician, "executor")
	photo := s.photo(fresh, s.executor)
	text := obj{"comment": "сделаем как следует"}
	why := obj{"reason": "потому что так"}
	for name, tc := range map[string]struct {
		by     *housingtest.Client
		r      api.Request
		action string
		body   any
		status int
		code   string
	}{
		"taking off shift":                           {off, fresh, "take", nil, 403, "off_shift"},
		"taking what one cannot do":                  {electrician, fresh, "take", nil, 403, "forbidden"},
		"taking what is taken":                       {colleague, taken, "take", nil, 409, "already_taken"},
		"taking as a manager":                        {s.manager, fresh, "take", nil, 403, "forbidden"},
		"working on another's":                       {colleague, taken, "purchase", text, 403, "forbidden"},
		"clarifying what is done":                    {s.executor, done, "clarify", text, 409, "conflict"},
		"answering what was not asked":               {s.resident, taken, "answer", text, 409, "conflict"},
		"a question of spaces":                       {s.executor, taken, "clarify", obj{"comment": "  "}, 422, "invalid"},
		"completing without a photo":                 {s.executor, taken, "complete", obj{"comment": "готово", "files": []uuid.UUID{}}, 422, "invalid"},
		"completing with a photo of another request": {s.executor, taken, "complete", obj{"comment": "готово", "files": []uuid.UUID{photo}}, 422, "invalid"},
		"confirming as an executor":                  {s.executor, done, "confirm", nil, 403, "forbidden"},
		"confirming twice":                           {s.manager, confirmed, "confirm", nil, 409, "conflict"},
		"accepting without stars":                    {s.resident, confirmed, "accept", obj{}, 422, "invalid"},
		"accepting with six stars":                   {s.resident, confirmed, "accept", obj{"stars": 6}, 422, "invalid"},
		"returning as a manager":                     {s.manager, confirmed, "return", obj{"reason": "нет", "files": []uuid.UUID{photo}}, 403, "forbidden"},
		"cancelling what somebody works on":          {s.resident, taken, "cancel", why, 409, "conflict"},
		"assigning to a resident":                    {s.manager, fresh, "assign", obj{"executor_id": s.resident.User}, 422, "invalid"},
		"assigning to a blocked executor":            {s.manager, fresh, "assign", obj{"executor_id": s.Person(access.Executor, housingtest.Status("blocked")).User}, 422, "invalid"},
		"assigning to one of another company":        {s.manager, fresh, "assign", obj{"executor_id": s.In(housingtest.Other).Executor().User}, 422, "invalid"},
		"assigning to another without a reason":      {s.manager, taken, "assign", obj{"executor_id": colleague.User}, 422, "invalid"},
		"assigning to who has it":                    {s.manager, taken, "assign", obj{"executor_id": s.executor.User, "reason": "так"}, 422, "invalid"},
		"a machine without the scope":                {s.Key(access.RequestsView), fresh, "cancel", why, 403, "forbidden"},
		"a neighbour's request":                      {s.Applicant(), fresh, "cancel", why, 403, "forbidden"},
		"another company's manager":                  {s.In(housingtest.Other).Manager(), fresh, "confirm", nil, 404, "not_found"},
		"another company's executor":                 {s.In(housingtest.Other).Executor("plumbing"), fresh, "take", nil, 404, "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := tc.by.Do("POST", "/requests/"+tc.r.Id.String()+"/"+tc.action, tc.body).WantProblem(t, tc.status, tc.code)
			if p := answer.Problem(); tc.code == "already_taken" && (p.By == nil || p.By.Id != s.executor.ID() || p.By.Name == "") {
				t.Errorf("who was faster: %s", answer.Raw)
			}
			var after api.Request
			if s.manager.Do("GET", "/requests/"+tc.r.Number, nil).Want(t, 200, &after); after.Version != tc.r.Version {
				t.Errorf("what was refused made version %d of %d", after.Version, tc.r.Version)
			}
		})
	}
}

func TestAStaleActionIsRefused(t *testing.T) {
	s := tell(t)
	r := s.in("in_progress")
	path := "/requests/" + r.Number + "/clarify"
	s.executor.Do("POST", path, obj{"comment": "Когда?"}, `If-Match: "1"`).WantProblem(t, 412, "stale")
	s.executor.Do("POST", path, obj{"comment": "Когда?"}, `If-Match: "2"`).Want(t, 200)
}

func TestOffShiftIsAllowedWhereTheCompanySaysSo(t *testing.T) {
	s := tell(t)
	s.exec(`UPDATE companies SET settings = '{"off_shift": "allow"}' WHERE tenant_id = $1`, s.Tenant)
	s.act(s.Executor("plumbing"), s.make(), "take", nil)
}

func TestARepeatedKeyDoesNothingTwice(t *testing.T) {
	s := tell(t)
	body := obj{"category": "plumbing", "urgency": "normal", "description": "Течёт", "building_id": s.building}
	var first, second api.Request
	s.resident.Do("POST", "/requests", body, "Idempotency-Key: one").Want(t, 201, &first)
	s.resident.Do("POST", "/requests", body, "Idempotency-Key: one").Want(t, 201, &second)
	if first.Id != second.Id {
		t.Errorf("two requests, %s and %s", first.Number, second.Number)
	}
	if subjects, _ := s.changes(first); len(subjects) != 1 {
		t.Errorf("events %v, want one", subjects)
	}
}

func TestWhoSeesWhat(t *testing.T) {
	s := tell(t)
	fresh, taken := s.in("new"), s.in("in_progress")
	colleague, electrician := s.Executor("plumbing"), s.Executor("electricity")
	for name, tc := range map[string]struct {
		by     *housingtest.Client
		r      api.Request
		status int
		phone  bool
	}{
		"the resident":                                 {s.resident, fresh, 200, false},
		"a neighbour":                                  {s.Applicant(), fresh, 403, false},
		"an executor sees a new one they can do":       {colleague, fresh, 200, false},
		"an executor does not see what they cannot do": {electrician, fresh, 403, false},
		"an executor does not see another's":           {colleague, taken, 403, false},
		"the executor who has it calls":                {s.executor, taken, 200, true},
		"a manager calls":                              {s.manager, fresh, 200, true},
		"an administrator calls":                       {s.Admin(), taken, 200, true},
		"a machine":                                    {s.Key(access.RequestsView), taken, 200, true},
		"a machine without the scope":                  {s.Key(access.ReportsView), taken, 403, false},
		"another company's administrator":              {s.In(housingtest.Other).Admin(), taken, 404, false},
	} {
		t.Run(name, func(t *testing.T) {
			answer := tc.by.Do("GET", "/requests/"+tc.r.Number, nil).Want(t, tc.status)
			var r api.Request
			if tc.status != 200 {
				return
			}
			if answer.Want(t, 200, &r); (r.Applicant.Phone != nil) != tc.phone {
				t.Errorf("sees the phone: %v, want %v", r.Applicant.Phone != nil, tc.phone)
			}
		})
	}
}
