package seed

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/google/uuid"

	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/requests"
	"ukbot/housing/sla"
	"ukbot/housing/workflow"
	"ukbot/sql/db"
)

// story is a request with all that happened to it, as the program itself would
// have written it: every step is a row of the workflow's table.
type story struct {
	r        db.Request
	history  []db.SeedHistoryParams
	comments []db.SeedCommentsParams

	cast cast
	rng  *rand.Rand
}

// cast is who takes part, and in which language they write.
type cast struct {
	applicant, manager uuid.UUID
	executors          []uuid.UUID // the first takes it; a second gets it when it is given on
	uzbek              bool
}

// of is a person of the cast by role.
func (s *story) of(role access.Role) requests.Actor {
	switch role {
	case access.Executor:
		return requests.Actor{ID: s.executor().String(), Role: string(role)}
	case access.Manager:
		return requests.Actor{ID: s.cast.manager.String(), Role: string(role)}
	}
	return requests.Actor{ID: s.cast.applicant.String(), Role: string(access.Applicant)}
}

// executor is who has the request, or is to have it.
func (s *story) executor() uuid.UUID {
	if s.r.ExecutorID != nil {
		return *s.r.ExecutorID
	}
	return s.cast.executors[0]
}

// begin makes the request.
func (s *story) begin(d company.Deadlines, at time.Time) {
	s.r.Status, s.r.CreatedAt, s.r.UpdatedAt, s.r.StatusSince = string(workflow.New), at, at, at
	sla.Begin(&s.r, d, at)
	by := s.of(access.Applicant)
	s.r.CreatedBy = by.ID
	s.line(by, requests.ActionCreate, "", "", at, created(s.r))
}

// created is the fields of a new request, from nothing.
func created(r db.Request) json.RawMessage {
	changes, _ := json.Marshal(map[string][2]any{ // strings: cannot fail
		"category": {nil, r.Category}, "urgency": {nil, r.Urgency}, "description": {nil, r.Description},
	})
	return changes
}

// line adds a change to the history. What changed of the row is there already.
func (s *story) line(by requests.Actor, action, reason, from string, at time.Time, changes json.RawMessage) {
	s.r.Version++
	line := db.SeedHistoryParams{
		TenantID: s.r.TenantID, RequestID: s.r.ID, Seq: s.r.Version, At: at, ActorID: by.ID, ActorRole: by.Role,
		Action: action, FromStatus: from, ToStatus: s.r.Status, ExecutorID: s.r.ExecutorID, Changes: changes,
	}
	if reason != "" {
		line.Reason = &reason
	}
	if from != "" && from != s.r.Status {
		line.Seconds = int64(at.Sub(s.r.StatusSince) / time.Second)
		s.r.StatusSince = at
	}
	s.r.UpdatedAt = at
	s.history = append(s.history, line)
}

// nothing changed but what history has columns for.
var nothing = json.RawMessage("{}")

// live takes the steps of a life at their times. Deadlines that pass in between are noted.
func (s *story) live(steps []step, times []time.Time) error {
	for i, step := range steps {
		s.clock(times[i])
		if err := s.take(step, times[i]); err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, step.action, err)
		}
	}
	return nil
}

// clock notes the deadlines that pass until a time, as package clocks would.
func (s *story) clock(until time.Time) {
	for {
		at, left := sla.Next(s.r)
		if !left || at.After(until) {
			return
		}
		for _, deadline := range sla.Passed(s.r, at) {
			deadline.Mark(&s.r, at)
			s.line(requests.ByClock(), requests.ActionSLA, "", s.r.Status, at, nothing)
		}
	}
}

// take takes one step, if the workflow's table has it.
func (s *story) take(step step, at time.Time) error {
	from := workflow.Status(s.r.Status)
	row, err := workflow.Find(from, step.action, step.role, true)
	if err != nil {
		return err
	}
	by, changes := s.of(step.role), nothing
	reason := s.words(row)
	s.give(step.action)
	if row.Wants(workflow.Stars) {
		changes = s.rate(reason)
	}
	s.r.Status = string(row.To)
	if workflow.ClockOf(row.To) == workflow.Stopped {
		s.r.ClosedAt = &at
	}
	sla.Moved(&s.r, from, row.To, at)
	s.line(by, string(step.action), reason, string(from), at, changes)
	return nil
}

// give hands the request to an executor, where the action does that.
func (s *story) give(action workflow.Action) {
	switch {
	case action != workflow.Assign && action != workflow.Take:
	case s.r.ExecutorID == nil:
		s.r.ExecutorID = &s.cast.executors[0]
	default:
		s.r.ExecutorID = &s.cast.executors[len(s.cast.executors)-1]
	}
}

// words are what must be said with an action.
func (s *story) words(row workflow.Row) string {
	switch {
	case row.Wants(workflow.LongComment):
		return forced
	case row.Wants(workflow.Reason), row.Wants(workflow.Comment), row.Wants(workflow.Stars):
		said := remarks[row.Action]
		return pick(s.rng, s.tongue(said.ru, said.uz))
	}
	return ""
}

func (s *story) tongue(ru, uz []string) []string {
	if s.cast.uzbek {
		return uz
	}
	return ru
}

// rate gives stars, mostly good ones, and says how the row changes by it.
func (s *story) rate(review string) json.RawMessage {
	stars := pick(s.rng, []int16{5, 5, 5, 5, 5, 4, 4, 4, 3, 2, 1})
	s.r.Stars = &stars
	changes := map[string][2]any{"stars": {nil, stars}}
	if review != "" {
		s.r.Review = &review
		changes["review"] = [2]any{nil, review}
	}
	raw, _ := json.Marshal(changes) // cannot fail
	return raw
}

// say writes a comment below the request.
func (s *story) say(n int, at time.Time) {
	said := talk[n]
	by, body := s.of(access.Role(said.role)), pick(s.rng, s.tongue([]string{said.ru}, []string{said.uz}))
	action, visibility := requests.ActionComment, "public"
	if said.inside {
		action, visibility = requests.ActionNote, "internal"
	}
	id := uuid.MustParse(events.DeriveID(s.r.ID.String(), "comment-"+strconv.Itoa(len(s.comments))))
	s.comments = append(s.comments, db.SeedCommentsParams{
		TenantID: s.r.TenantID, ID: id, RequestID: s.r.ID, AuthorID: by.ID, AuthorRole: by.Role,
		Visibility: visibility, Body: body, CreatedAt: at,
	})
	s.line(by, action, "", s.r.Status, at, nothing)
}

// pick is any of several.
func pick[T any](rng *rand.Rand, of []T) T { return of[rng.IntN(len(of))] }
