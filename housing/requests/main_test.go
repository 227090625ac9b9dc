package requests_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
	"ukbot/housing/requests"
)

func TestMain(m *testing.M) { housingtest.Main(m, (*requests.Handlers)(nil)) }

// obj is a JSON body.
type obj map[string]any

// story is a company with one of each: a resident at home, an executor on
// shift, a manager.
type story struct {
	*housingtest.Server
	t                           testing.TB
	resident, executor, manager *housingtest.Client
	building, apartment         uuid.UUID
}

func tell(t testing.TB, opts ...housingtest.Option) *story {
	t.Helper()
	if t, ok := t.(*testing.T); ok {
		t.Parallel() // each story has its own company
	}
	s := &story{Server: housingtest.Start(t, opts...), t: t}
	s.resident, s.executor, s.manager = s.Applicant(), s.Executor("plumbing"), s.Manager()
	s.building, s.apartment = s.Home(s.resident.User)
	s.onShift(s.executor, "executor")
	return s
}

func (s *story) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.Pool.Exec(context.Background(), sql, args...); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

// onShift opens a shift for somebody.
func (s *story) onShift(c *housingtest.Client, role string) {
	s.t.Helper()
	now := s.Clock.Now()
	s.exec(`INSERT INTO shifts (tenant_id, id, user_id, role, starts_at, ends_at, status, opened_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'open', $5, $5, $5)`, c.Tenant, uuid.Must(uuid.NewV7()), c.User, role, now, now.Add(12*time.Hour))
}

// photo adds a photo to a request.
func (s *story) photo(r api.Request, by *housingtest.Client) uuid.UUID {
	s.t.Helper()
	id := uuid.Must(uuid.NewV7())
	s.exec(`INSERT INTO request_files (tenant_id, id, request_id, name, media_type, bytes, sha256, photo, uploaded_by, created_at)
		VALUES ($1, $2, $3, 'a.jpg', 'image/jpeg', 1, '\x00', true, $4, $5)`, s.Tenant, id, r.Id, by.ID(), s.Clock.Now())
	return id
}

// make is a new request of the resident.
func (s *story) make() api.Request {
	s.t.Helper()
	var r api.Request
	s.resident.Do("POST", "/requests", obj{
		"category": "plumbing", "urgency": "urgent", "description": "Течёт кран на кухне", "building_id": s.building, "apartment_id": s.apartment,
	}).Want(s.t, 201, &r)
	return r
}

// act does an action that must work.
func (s *story) act(by *housingtest.Client, r api.Request, action string, body any) api.Request {
	s.t.Helper()
	var after api.Request
	by.Do("POST", "/requests/"+r.Number+"/"+action, body).Want(s.t, 200, &after)
	return after
}

// in brings a new request into a status, the straight way.
func (s *story) in(status string) api.Request {
	s.t.Helper()
	r := s.make()
	for _, step := range []struct {
		to  string
		act func() api.Request
	}{
		{"in_progress", func() api.Request { return s.act(s.executor, r, "take", nil) }},
		{"completed", func() api.Request {
			return s.act(s.executor, r, "complete", obj{"comment": "готово", "files": []uuid.UUID{s.photo(r, s.executor)}})
		}},
		{"confirmed", func() api.Request { return s.act(s.manager, r, "confirm", nil) }},
		{"accepted", func() api.Request { return s.act(s.resident, r, "accept", obj{"stars": 5}) }},
	} {
		if string(r.Status) == status {
			break
		}
		r = step.act()
	}
	if string(r.Status) != status {
		s.t.Fatalf("the straight way never comes to %s", status)
	}
	return r
}

// changes is the events of a request, in order, with the last token of their subjects.
func (s *story) changes(r api.Request) (subjects []string, all []events.RequestChanged) {
	s.t.Helper()
	for _, e := range s.Outbox(s.t) {
		var data events.RequestChanged
		if !strings.HasPrefix(e.Subject, "housing.request.") {
			continue
		}
		if err := json.Unmarshal(e.Data, &data); err != nil {
			s.t.Fatal(err)
		}
		if data.Request.ID == r.Id.String() {
			subjects = append(subjects, strings.TrimPrefix(e.Subject, "housing.request."+s.Tenant+"."))
			all = append(all, data)
		}
	}
	return subjects, all
}

// knows says whether a person is among those who must know.
func knows(e events.RequestChanged, c access.Caller, relation events.Relation) bool {
	for _, k := range e.Know {
		if k.Person == c.User.String() && k.Relation == relation {
			return true
		}
	}
	return false
}
