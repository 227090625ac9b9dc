// Package sla keeps the two clocks of a repair request: reaction, from made
// until somebody has it, and completion, from made until it is reported done,
// pauses not counted. It sets columns of the row and writes the schedule of the
// next deadline; package clocks hears when one passes. Nothing here reads a
// clock or polls a table.
//
//	sla.Begin(&r, settings.Deadlines[r.Urgency], w.Now)   // made
//	sla.Moved(&r, from, to, w.Now)                         // each change of status
//	sla.Replan(&r, settings.Deadlines[urgency], w.Now)     // another urgency
//	sla.Arm(w, r)                                          // last, after any of them
//
// A request is late while completion_due < coalesce(paused_at, now): a clock
// that stands, for a pause or for good, has paused_at.
package sla

import (
	"time"

	"ukbot/housing/company"
	"ukbot/housing/workflow"
	"ukbot/sql/db"
)

// Begin starts both clocks of a request that is made now.
func Begin(r *db.Request, d company.Deadlines, now time.Time) {
	reaction, completion := lengths(d)
	r.ReactionSeconds, r.CompletionSeconds = int32(reaction/time.Second), int32(completion/time.Second)
	r.ReactionDue, r.CompletionDue = now.Add(reaction), now.Add(completion)
}

// lengths of the clocks. Company settings bound them to 90 days: seconds fit 32 bits.
func lengths(d company.Deadlines) (reaction, completion time.Duration) {
	return time.Duration(d.ReactionMinutes) * time.Minute, time.Duration(d.CompletionMinutes) * time.Minute
}

// Moved follows a change of status: the reaction clock ends when "new" is left,
// the completion clock stands and runs as the workflow's table says, and what a
// pause took moves its deadline on.
func Moved(r *db.Request, from, to workflow.Status, now time.Time) {
	if from == to {
		return
	}
	if from == workflow.New && r.ReactedAt == nil {
		r.ReactedAt = &now
	}
	if to == workflow.Completed {
		r.CompletedAt = &now
	}
	switch runs := workflow.ClockOf(to) == workflow.Runs; {
	case runs && r.PausedAt != nil:
		r.CompletionDue = r.CompletionDue.Add(now.Sub(*r.PausedAt))
		r.PausedAt = nil
	case !runs && r.PausedAt == nil:
		r.PausedAt = &now
	}
}

// Replan gives a request other deadlines, counted from when it was made as if
// it had had them from the beginning. What has not passed by the new ones is
// announced again when it does. How fast somebody reacted is judged by what was
// planned then.
func Replan(r *db.Request, d company.Deadlines, now time.Time) {
	reaction, completion := lengths(d)
	if r.ReactedAt == nil {
		r.ReactionDue = r.ReactionDue.Add(reaction - seconds(r.ReactionSeconds))
		r.ReactionSeconds = int32(reaction / time.Second)
	}
	r.CompletionDue = r.CompletionDue.Add(completion - seconds(r.CompletionSeconds))
	r.CompletionSeconds = int32(completion / time.Second)
	for _, deadline := range deadlines {
		if deadline.point(r).After(deadline.reading(r, now)) {
			*deadline.mark(r) = nil
		}
	}
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }
