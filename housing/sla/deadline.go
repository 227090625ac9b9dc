package sla

import (
	"time"

	"ukbot/housing/workflow"
	"ukbot/sql/db"
)

// Names of the clocks.
const (
	Reaction   = "reaction"
	Completion = "completion"
)

// Deadline is a point of a clock that is announced when it passes.
type Deadline struct {
	Clock   string // Reaction or Completion
	Percent int    // of the clock's time: 80 warns, 100 is overdue
}

// deadlines is all that is announced, and the column that says it was.
var deadlines = []struct {
	Deadline
	mark func(*db.Request) **time.Time
}{
	{Deadline{Reaction, 80}, func(r *db.Request) **time.Time { return &r.ReactionWarnedAt }},
	{Deadline{Reaction, 100}, func(r *db.Request) **time.Time { return &r.ReactionOverdueAt }},
	{Deadline{Completion, 80}, func(r *db.Request) **time.Time { return &r.CompletionWarnedAt }},
	{Deadline{Completion, 100}, func(r *db.Request) **time.Time { return &r.CompletionOverdueAt }},
}

// Overdue says whether all of the clock's time has passed, not only most of it.
func (d Deadline) Overdue() bool { return d.Percent == 100 }

// point is when the deadline passes if the clock does not stand before.
func (d Deadline) point(r *db.Request) time.Time {
	due, length := r.CompletionDue, r.CompletionSeconds
	if d.Clock == Reaction {
		due, length = r.ReactionDue, r.ReactionSeconds
	}
	return due.Add(-seconds(length) * time.Duration(100-d.Percent) / 100)
}

// stood is since when the deadline's clock stands; nil while it runs.
func (d Deadline) stood(r *db.Request) *time.Time {
	if d.Clock == Reaction {
		return r.ReactedAt
	}
	return r.PausedAt
}

// reading is how far the deadline's clock has come by now.
func (d Deadline) reading(r *db.Request, now time.Time) time.Time {
	if stood := d.stood(r); stood != nil && stood.Before(now) {
		return *stood
	}
	return now
}

// Passed is the deadlines that have passed and were not marked yet, in the order
// they pass. One that passed before its clock stood is announced late rather
// than never; of a closed request none is any more.
func Passed(r db.Request, now time.Time) []Deadline {
	var passed []Deadline
	if workflow.ClockOf(workflow.Status(r.Status)) == workflow.Stopped {
		return nil
	}
	for _, deadline := range deadlines {
		if *deadline.mark(&r) == nil && !deadline.point(&r).After(deadline.reading(&r, now)) {
			passed = append(passed, deadline.Deadline)
		}
	}
	return passed
}

// Mark notes that the deadline was announced.
func (d Deadline) Mark(r *db.Request, now time.Time) {
	for _, deadline := range deadlines {
		if deadline.Deadline == d {
			*deadline.mark(r) = &now
		}
	}
}

// Next is when the next deadline passes that was not announced yet, as far as
// its clock runs or has come; false where there is none.
func Next(r db.Request) (at time.Time, ok bool) {
	if workflow.ClockOf(workflow.Status(r.Status)) == workflow.Stopped {
		return at, false
	}
	for _, deadline := range deadlines {
		point, stood := deadline.point(&r), deadline.stood(&r)
		if *deadline.mark(&r) != nil || stood != nil && point.After(*stood) {
			continue
		}
		if !ok || point.Before(at) {
			at, ok = point, true
		}
	}
	return at, ok
}
