package botgw

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ukbot/events"
	"ukbot/housing/auth"
	"ukbot/sql/db"
)

// The people of the samples.
const (
	resident  = "0199c0de-0000-7000-8000-0000000000c1"
	executor1 = "0199c0de-0000-7000-8000-0000000000e1"
	executor2 = "0199c0de-0000-7000-8000-0000000000e2"
	manager1  = "0199c0de-0000-7000-8000-0000000000a1"
)

// sampleFrom are the statuses and the like that a template's sample has besides.
var sampleStates = map[string]events.RequestChanged{
	"request.created.manager":         {Action: "create", To: "new"},
	"request.created.applicant":       {Action: "create", To: "new"},
	"request.clarification.applicant": {Action: "clarify", To: "clarification", Text: "Есть ли доступ к стояку вечером?"},
	"request.changed.executor":        {Action: "answer", To: "in_progress", Text: "Да, после 18:00"},
	"request.commented":               {Action: "comment", To: "in_progress", Text: "Буду через час"},
	"request.noted":                   {Action: "note", To: "in_progress", Text: "Жилец просил не звонить", Internal: true},
	"request.completed.manager":       {Action: "complete", To: "completed", Text: "Заменил кран"},
	"request.confirmed.applicant":     {Action: "confirm", To: "confirmed"},
	"request.returned.executor":       {Action: "return", To: "returned", Text: "Снова течёт"},
	"request.returned.manager":        {Action: "return", To: "returned", Text: "Снова течёт"},
	"request.accepted.executor":       {Action: "accept", To: "accepted", Text: "Спасибо <3", Stars: 5},
	"request.cancelled":               {Action: "cancel", To: "cancelled", Text: "Починили сами"},
	"request.warned":                  {Action: "sla", To: "in_progress", Clock: "completion"},
	"request.overdue":                 {Action: "sla", To: "new", Clock: "reaction"},
}

// housingSample is an ordinary or an extreme event of the company for a row.
func housingSample(row noticeRow, extreme int) json.RawMessage {
	switch {
	case strings.HasPrefix(row.event, events.TypeRequestPrefix):
		return mustJSON(requestSample(row, extreme))
	case strings.HasPrefix(row.event, events.TypeShiftPrefix):
		return mustJSON(shiftSample(row, extreme))
	}
	return mustJSON(userSample(extreme))
}

func requestSample(row noticeRow, extreme int) events.RequestChanged {
	r := sampleStates[row.template]
	if r.To == "" {
		r.Action, r.To = "assign", "in_progress"
	}
	r.Request = events.RequestBrief{
		ID: "0199c0de-0000-7000-8000-000000000001", Number: "251007-001", Status: r.To, Category: "plumbing", Urgency: "urgent",
		Address: "ул. Чиланзар, 14, кв. 12", Apartment: "12", Version: 7,
	}
	r.Actor = events.Actor{ID: executor1, Role: "executor"}
	if r.To != "new" {
		r.Executor = &events.Named{ID: executor1, Name: "Бахтиёр Алиев"}
	}
	if row.facet == "critical" {
		r.Request.Urgency = row.facet
	}
	if extreme == 1 {
		r.Request.Number, r.Request.Category, r.Request.Urgency, r.Request.Address = "991231-99999", endless, endless, endless
		r.To, r.Text, r.Clock, r.Stars = endless, endless, endless, 99
		r.Actor.Role, r.Executor = endless, &events.Named{ID: executor2, Name: endless}
	}
	return r
}

func shiftSample(row noticeRow, extreme int) events.ShiftChanged {
	starts := time.Date(2025, 11, 24, 4, 0, 0, 0, time.UTC)
	s := events.ShiftChanged{
		Shift: events.ShiftBrief{ID: "0199c0de-0000-7000-8000-000000000051", Role: "executor", StartsAt: starts, EndsAt: starts.Add(9 * time.Hour), Status: "planned", Version: 3},
		Actor: events.Actor{ID: manager1, Role: "manager"},
	}
	if row.facet == "" {
		s.Shift.Person = &events.Named{ID: executor1, Name: "Бахтиёр Алиев"}
	}
	if row.template == "shift.cancelled" || row.template == "shift.released" || strings.HasPrefix(row.template, "shift.handover") {
		s.Reason = "Заболел"
	}
	if strings.HasPrefix(row.template, "shift.handover") {
		s.Handover = &events.HandoverBrief{ID: "h-1", From: *s.Shift.Person, To: events.Named{ID: executor2, Name: "Дильшод Юсупов"}, Moved: 4}
	}
	if extreme == 1 {
		s.Shift.Role, s.Reason, s.Shift.Person = endless, endless, &events.Named{ID: executor1, Name: endless}
		s.Handover = &events.HandoverBrief{From: events.Named{Name: endless}, To: events.Named{Name: endless}, Moved: 99_999}
	}
	return s
}

func userSample(extreme int) events.UserChanged {
	u := events.UserChanged{
		User:      events.UserBrief{ID: resident, Name: "Ўктам Каримов", Language: "uz", Status: "pending", Roles: []string{"applicant", "executor"}, Version: 3},
		Actor:     events.Actor{ID: manager1, Role: "manager"},
		Reason:    "Не та квартира",
		Apartment: &events.ApartmentBrief{ID: "0199c0de-0000-7000-8000-0000000000f1", Address: "Чиланзар, 5-й квартал, 12", Number: "34", Relation: "owner"},
	}
	if extreme == 1 {
		u.User.Name, u.Reason, u.User.Roles = endless, endless, []string{endless, endless, endless, endless}
		u.Apartment = &events.ApartmentBrief{ID: u.Apartment.ID, Address: endless, Number: endless, Relation: endless}
	}
	return u
}

// TestEveryChangeInTheCompanyIsToldOrNotOnPurpose reads the vocabulary: a change
// that is new there must be put into the table, or among the untold.
func TestEveryChangeInTheCompanyIsToldOrNotOnPurpose(t *testing.T) {
	changes := changesOfTheCompany(t)
	if len(changes) < 30 {
		t.Fatalf("%d changes found, want all: %v", len(changes), changes)
	}
	for _, change := range changes {
		inTable := slices.ContainsFunc(noticeRows, func(row noticeRow) bool { return row.event == change })
		if reason, left := untold[change]; inTable == left || left && reason == "" {
			t.Errorf("%s: in the table %v, untold %v, want one of them, with a reason", change, inTable, left)
		}
	}
	for change := range untold {
		if !slices.Contains(changes, change) {
			t.Errorf("untold has %s, which there is not", change)
		}
	}
	for _, row := range noticeRows {
		if strings.HasPrefix(row.event, "housing.") && !slices.Contains(changes, row.event) {
			t.Errorf("the table has %s, which there is not", row.event)
		}
	}
}

// changesOfTheCompany is the types of all events about requests, shifts and people.
func changesOfTheCompany(t *testing.T) (types []string) {
	t.Helper()
	files, err := filepath.Glob("../events/housing_*.go")
	if err != nil {
		t.Fatal(err)
	}
	prefixes := map[string]string{"Request": events.TypeRequestPrefix, "Shift": events.TypeShiftPrefix, "User": events.TypeUserPrefix}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			literal, ok := spec.Values[0].(*ast.BasicLit)
			for word, prefix := range prefixes {
				if ok && strings.HasPrefix(spec.Names[0].Name, word) {
					types = append(types, prefix+strings.Trim(literal.Value, `"`))
				}
			}
			return true
		})
	}
	return types
}

// TestWhoIsToldOfAChange tells changes of the company to a directory of five: a
// resident 1, executors 2 and 3, managers 8 and 9.
func TestWhoIsToldOfAChange(t *testing.T) {
	manager2 := "0199c0de-0000-7000-8000-0000000000a2"
	d := directory{byID: map[string]db.AudienceRow{}, byRole: map[string][]db.AudienceRow{}, zone: time.UTC, now: time.Now()}
	for id, p := range map[string]db.AudienceRow{
		resident: {ChatID: 1, Roles: []string{"applicant"}}, executor1: {ChatID: 2, Roles: []string{"executor"}}, executor2: {ChatID: 3, Roles: []string{"executor", "applicant"}},
		manager1: {ChatID: 8, Roles: []string{"manager"}}, manager2: {ChatID: 9, Role: "manager", Muted: []string{events.NoticePeople}},
	} {
		p.PersonID, p.Language = id, "en"
		d.add(p)
	}
	is := func(person string, relation events.Relation) events.Knower {
		return events.Knower{Person: person, Relation: relation}
	}
	all := []events.Knower{is(resident, events.RelationApplicant), is(executor1, events.RelationExecutor), is("", events.RelationManager)}
	for name, tc := range map[string]struct {
		event string
		data  any
		want  []string // template to chat
	}{
		"a new request goes to the managers, its maker knows": {
			ofRequest(events.RequestCreated),
			events.RequestChanged{Actor: events.Actor{ID: resident}, Know: all[0:1:1]},
			nil,
		},
		"… by a manager for a resident, all managers": {
			ofRequest(events.RequestCreated),
			events.RequestChanged{Actor: events.Actor{ID: manager1}, Know: []events.Knower{all[0], all[2]}},
			[]string{"request.created.applicant to 1", "request.created.manager to 9"},
		},
		"an assignment goes to who got it, who lost it, and the resident": {
			ofRequest(events.RequestAssigned),
			events.RequestChanged{Actor: events.Actor{ID: manager1}, Know: append(all[0:2:2], is(executor2, events.RelationPreviousExecutor), is(manager1, events.RelationManager))},
			[]string{"request.assigned.applicant to 1", "request.assigned.executor to 2", "request.unassigned.executor to 3"},
		},
		"who takes a request is not told": {
			ofRequest(events.RequestTaken),
			events.RequestChanged{Actor: events.Actor{ID: executor1}, Know: all},
			[]string{"request.changed.manager to 8", "request.changed.manager to 9", "request.taken.applicant to 1"},
		},
		"a conversation is of those who work on it": {
			ofRequest(events.RequestCommented),
			events.RequestChanged{Actor: events.Actor{ID: resident}, Executor: &events.Named{ID: executor1}, Know: all},
			[]string{"request.commented to 2"},
		},
		"… and of the managers while nobody does": {
			ofRequest(events.RequestCommented),
			events.RequestChanged{Actor: events.Actor{ID: resident}, Know: []events.Knower{all[0], all[2]}},
			[]string{"request.commented to 8", "request.commented to 9"},
		},
		"a note is for staff": {
			ofRequest(events.RequestCommented),
			events.RequestChanged{Actor: events.Actor{ID: manager1}, Internal: true, Executor: &events.Named{ID: executor1}, Know: all[1:]},
			[]string{"request.noted to 2", "request.noted to 9"},
		},
		"the resident who returns work is heard by the managers": {
			ofRequest(events.RequestReturned),
			events.RequestChanged{Actor: events.Actor{ID: resident}, To: "returned", Know: all},
			[]string{"request.returned.executor to 2", "request.returned.manager to 8", "request.returned.manager to 9"},
		},
		"a manager who returns it is heard by the resident": {
			ofRequest(events.RequestReturned),
			events.RequestChanged{Actor: events.Actor{ID: manager1}, To: "in_progress", Know: all},
			[]string{"request.changed.applicant to 1", "request.changed.manager to 9", "request.returned.executor to 2"},
		},
		"a file is told to nobody": {ofRequest(events.RequestFile), events.RequestChanged{Know: all}, nil},
		"who is executor and applicant of a request reads one text": {
			ofRequest(events.RequestOverdue),
			events.RequestChanged{Know: []events.Knower{is(executor2, events.RelationApplicant), is(executor2, events.RelationExecutor)}},
			[]string{"request.overdue to 3"},
		},
		"a free shift goes to all executors": {
			ofShift(events.ShiftPlanned),
			events.ShiftChanged{Actor: events.Actor{ID: manager1}, Know: []events.Knower{is("", events.RelationExecutor)}},
			[]string{"shift.free to 2", "shift.free to 3"},
		},
		"a released shift is free, and the managers know why": {
			ofShift(events.ShiftReleased),
			events.ShiftChanged{Shift: events.ShiftBrief{Role: "executor"}, Actor: events.Actor{ID: executor1}, Know: []events.Knower{is(executor1, events.RelationSubject), is("", events.RelationExecutor), all[2]}},
			[]string{"shift.free to 3", "shift.released to 8", "shift.released to 9"},
		},
		"an offer is for whom it is made": {ofShift(events.ShiftHandoverOffered), handover(executor1), []string{"shift.handover.offered to 3"}},
		"who offered hears of the answer": {ofShift(events.ShiftHandoverDeclined), handover(executor2), []string{"shift.handover.declined to 2"}},
		"an accepted one is told to the managers too": {
			ofShift(events.ShiftHandoverAccepted), handover(executor2, all[2]),
			[]string{"shift.handover.accepted to 2", "shift.handover.accepted to 8", "shift.handover.accepted to 9"},
		},
		"who waits for approval is shown to who wants to know": {
			ofUser(events.UserRegistered),
			events.UserChanged{Actor: events.Actor{ID: resident}, Know: []events.Knower{all[2]}},
			[]string{"user.registered.manager to 8"},
		},
		"an old login in a stranger's hands is told at once": {
			ofUser(events.UserSessionReused),
			events.UserChanged{Actor: events.Actor{ID: "system", Role: "system"}, Know: []events.Knower{is(resident, events.RelationSubject)}},
			[]string{"user.session.reused to 1"},
		},
		"an old login that the bot itself showed is told to nobody": {
			ofUser(events.UserSessionReused), events.UserChanged{Actor: events.Actor{ID: "bot-x", Role: "key"}}, nil,
		},
		"a decision is for whom it is about": {
			ofUser(events.UserApproved),
			events.UserChanged{Know: []events.Knower{is(resident, events.RelationSubject)}},
			[]string{"user.approved to 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := d.toldOf(t, tc.event, tc.data); !slices.Equal(got, tc.want) {
				t.Errorf("told: %q, want %q", got, tc.want)
			}
		})
	}
}

// In which role somebody acts is no change of them: it must not become a dead letter.
func TestTheRoleSomebodyActsInIsNobodysToBeTold(t *testing.T) {
	data := mustJSON(auth.RoleSwitched{User: executor1, From: "manager", Role: "applicant"})
	f, err := readFact(events.Envelope{ID: "e", Type: ofUser("role"), Tenant: "demo", Data: data})
	if err != nil || len(f.rows) > 0 {
		t.Errorf("%d rows, %v", len(f.rows), err)
	}
}

// handover is a hand-over from the first executor to the second.
func handover(actor string, more ...events.Knower) events.ShiftChanged {
	return events.ShiftChanged{
		Actor:    events.Actor{ID: actor},
		Handover: &events.HandoverBrief{From: events.Named{ID: executor1}, To: events.Named{ID: executor2}},
		Know: append([]events.Knower{{Person: executor1, Relation: events.RelationSubject}, {Person: executor2, Relation: events.RelationSubject}},
			more...),
	}
}

// toldOf is "template to chat" of each notice, in order.
func (d directory) toldOf(t *testing.T, event string, data any) (told []string) {
	t.Helper()
	f, err := readFact(events.Envelope{ID: "e", Type: event, Tenant: "demo", Time: d.now, Data: mustJSON(data)})
	if err != nil {
		t.Fatal(err)
	}
	notices, err := d.notices(f, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range notices {
		told = append(told, n.Template+" to "+chatText(n.ChatID))
	}
	slices.Sort(told)
	return told
}

func TestWhoIsBlockedHearsOfThatAlone(t *testing.T) {
	d := directory{byID: map[string]db.AudienceRow{}, byRole: map[string][]db.AudienceRow{}, zone: time.UTC, now: time.Now()}
	d.add(db.AudienceRow{PersonID: resident, ChatID: 1, Role: "applicant", Language: "ru", Blocked: true})
	know := []events.Knower{{Person: resident, Relation: events.RelationSubject}}
	for event, want := range map[string]int{ofUser(events.UserBlocked): 1, ofUser(events.UserRoles): 0} {
		if got := d.toldOf(t, event, events.UserChanged{Know: know}); len(got) != want {
			t.Errorf("%s: told %q, want %d notices", event, got, want)
		}
	}
}

func TestAdminsStandInForManagersThatAreNotThere(t *testing.T) {
	d := directory{byID: map[string]db.AudienceRow{}, byRole: map[string][]db.AudienceRow{}, zone: time.UTC, now: time.Now()}
	d.add(db.AudienceRow{PersonID: "admin", ChatID: 5, Role: "admin", Language: "ru"})
	registered := events.UserChanged{Know: []events.Knower{{Relation: events.RelationManager}}}
	if got := d.toldOf(t, ofUser(events.UserRegistered), registered); !slices.Equal(got, []string{"user.registered.manager to 5"}) {
		t.Errorf("told %q, want the admin", got)
	}
	d.add(db.AudienceRow{PersonID: "manager", ChatID: 6, Role: "manager", Language: "ru"})
	if got := d.toldOf(t, ofUser(events.UserRegistered), registered); !slices.Equal(got, []string{"user.registered.manager to 6"}) {
		t.Errorf("told %q, want the manager", got)
	}
}

func TestQuietHoursEnd(t *testing.T) {
	tashkent, err := time.LoadLocation(zoneDefault)
	if err != nil {
		t.Fatal(err)
	}
	at := func(hour, minute int) time.Time { return time.Date(2026, 11, 22, hour, minute, 0, 0, tashkent) }
	for name, tc := range map[string]struct {
		from, to int16
		now      time.Time
		want     time.Time // zero: not quiet
	}{
		"in the evening, over midnight": {22 * 60, 8 * 60, at(23, 30), at(8, 0).AddDate(0, 0, 1)},
		"in the morning, after it":      {22 * 60, 8 * 60, at(7, 59), at(8, 0)},
		"when they are over":            {22 * 60, 8 * 60, at(8, 0), time.Time{}},
		"when they begin":               {22 * 60, 8 * 60, at(22, 0), at(8, 0).AddDate(0, 0, 1)},
		"before they begin":             {22 * 60, 8 * 60, at(21, 59), time.Time{}},
		"at noon":                       {13 * 60, 14*60 + 30, at(14, 0), at(14, 30)},
		"of no length":                  {60, 60, at(1, 0), time.Time{}},
		"until midnight":                {20 * 60, 0, at(21, 0), at(0, 0).AddDate(0, 0, 1)},
		"by another clock":              {22 * 60, 8 * 60, time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC), at(8, 0).AddDate(0, 0, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			l := listener{quiet: &quiet{tc.from, tc.to, tashkent}}
			if got := l.later(noticeRow{priority: normal}, tc.now); !got.Equal(tc.want) {
				t.Errorf("a notice of %s waits until %s, want %s", tc.now, got, tc.want)
			}
			if got := l.later(noticeRow{priority: urgent}, tc.now); !got.IsZero() {
				t.Errorf("an urgent notice waits until %s", got)
			}
		})
	}
}
