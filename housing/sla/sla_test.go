package sla_test

import (
	"slices"
	"testing"
	"time"

	"ukbot/housing/company"
	"ukbot/housing/sla"
	"ukbot/housing/workflow"
	"ukbot/sql/db"
)

// made is when the requests of these tests are made; their reaction takes 10
// minutes and their completion 100.
var made = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

var planned = company.Deadlines{ReactionMinutes: 10, CompletionMinutes: 100}

// life is a request whose clocks are kept as its status changes.
type life struct{ r db.Request }

func begin() *life {
	l := &life{db.Request{Status: string(workflow.New)}}
	sla.Begin(&l.r, planned, made)
	return l
}

// at is minutes after it was made.
func at(minutes int) time.Time { return made.Add(time.Duration(minutes) * time.Minute) }

func (l *life) move(minute int, to workflow.Status) *life {
	from := workflow.Status(l.r.Status)
	l.r.Status = string(to)
	sla.Moved(&l.r, from, to, at(minute))
	return l
}

// pass announces what has passed by a minute.
func (l *life) pass(minute int) *life {
	for _, deadline := range sla.Passed(l.r, at(minute)) {
		deadline.Mark(&l.r, at(minute))
	}
	return l
}

func (l *life) replan(minute int, d company.Deadlines) *life {
	sla.Replan(&l.r, d, at(minute))
	return l
}

const never = -1

func TestNextDeadline(t *testing.T) {
	for name, tc := range map[string]struct {
		life *life
		want int // minutes after it was made
	}{
		"a new request is to be taken":                   {begin(), 8},
		"after the warning comes the reaction's end":     {begin().pass(8), 10},
		"nobody takes it: then the completion's warning": {begin().pass(10), 80},
		"taken: the completion's warning":                {begin().move(5, workflow.InProgress), 80},
		"then the completion's end":                      {begin().move(5, workflow.InProgress).pass(80), 100},
		"all was announced":                              {begin().pass(100), never},
		"a pause stops the clock":                        {begin().move(5, workflow.InProgress).move(20, workflow.Purchase), never},
		"a second kind of pause does not begin it anew":  {begin().move(5, workflow.InProgress).move(20, workflow.Purchase).move(50, workflow.Clarification).move(60, workflow.InProgress), 120},
		"what a pause took moves the deadline on":        {begin().move(5, workflow.InProgress).move(20, workflow.Purchase).move(50, workflow.InProgress), 110},
		"two pauses add up":                              {begin().move(5, workflow.InProgress).move(20, workflow.Purchase).move(50, workflow.InProgress).move(60, workflow.Clarification).move(65, workflow.InProgress), 115},
		"reported done, the clock stands":                {begin().move(5, workflow.InProgress).move(20, workflow.Completed).move(40, workflow.Confirmed), never},
		"a returned one runs on":                         {begin().move(5, workflow.InProgress).move(20, workflow.Completed).move(40, workflow.Confirmed).move(100, workflow.Returned), 160},
		"an accepted one has none":                       {begin().move(5, workflow.InProgress).move(20, workflow.Completed).move(40, workflow.Accepted), never},
		"a cancelled one has none":                       {begin().move(3, workflow.Cancelled), never},
		"one missed before the pause is still due":       {begin().move(5, workflow.InProgress).move(85, workflow.Purchase), 80},
		"one missed before it was taken is still due":    {begin().move(9, workflow.InProgress), 8},
		"shorter deadlines count from the beginning":     {begin().move(5, workflow.InProgress).replan(6, company.Deadlines{ReactionMinutes: 1, CompletionMinutes: 50}), 40},
		"longer deadlines move":                          {begin().move(5, workflow.InProgress).replan(6, company.Deadlines{ReactionMinutes: 10, CompletionMinutes: 200}), 160},
		"what no longer has passed is announced again":   {begin().pass(9).replan(9, company.Deadlines{ReactionMinutes: 20, CompletionMinutes: 100}), 16},
		"what has passed by the new ones stays":          {begin().pass(9).replan(9, company.Deadlines{ReactionMinutes: 11, CompletionMinutes: 100}), 11},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := sla.Next(tc.life.r)
			switch {
			case !ok && tc.want == never:
			case !ok, tc.want == never, !got.Equal(at(tc.want)):
				t.Errorf("next at %s (%t), want minute %d", got.Sub(made), ok, tc.want)
			}
		})
	}
}

func TestEachDeadlinePassesOnce(t *testing.T) {
	reaction80, reaction100 := sla.Deadline{Clock: sla.Reaction, Percent: 80}, sla.Deadline{Clock: sla.Reaction, Percent: 100}
	completion80, completion100 := sla.Deadline{Clock: sla.Completion, Percent: 80}, sla.Deadline{Clock: sla.Completion, Percent: 100}
	for name, tc := range map[string]struct {
		life   *life
		minute int
		want   []sla.Deadline
	}{
		"too early":                         {begin(), 7, nil},
		"on the point":                      {begin(), 8, []sla.Deadline{reaction80}},
		"each once":                         {begin().pass(8), 9, nil},
		"several at once, after an outage":  {begin(), 500, []sla.Deadline{reaction80, reaction100, completion80, completion100}},
		"taken in time":                     {begin().move(5, workflow.InProgress), 50, nil},
		"taken late, found late":            {begin().move(11, workflow.InProgress), 50, []sla.Deadline{reaction80, reaction100}},
		"a pause holds it":                  {begin().move(5, workflow.InProgress).move(20, workflow.Purchase), 500, nil},
		"passed before the pause":           {begin().move(5, workflow.InProgress).move(90, workflow.Purchase), 500, []sla.Deadline{completion80}},
		"reported done in time":             {begin().move(5, workflow.InProgress).move(70, workflow.Completed), 500, nil},
		"a closed one tells nobody":         {begin().move(50, workflow.Cancelled), 500, nil},
		"after a pause, by what is left":    {begin().move(5, workflow.InProgress).move(20, workflow.Purchase).move(320, workflow.InProgress), 399, []sla.Deadline{completion80}},
		"after a pause, the end comes last": {begin().move(5, workflow.InProgress).move(20, workflow.Purchase).move(320, workflow.InProgress), 400, []sla.Deadline{completion80, completion100}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sla.Passed(tc.life.r, at(tc.minute)); !slices.Equal(got, tc.want) {
				t.Errorf("passed at minute %d: %v, want %v", tc.minute, got, tc.want)
			}
			if got := sla.Passed(tc.life.pass(tc.minute).r, at(tc.minute)); got != nil {
				t.Errorf("and again %v", got)
			}
		})
	}
}

func TestTheRowSaysWhenThingsHappened(t *testing.T) {
	r := begin().move(5, workflow.InProgress).move(20, workflow.Completed).move(30, workflow.InProgress).move(40, workflow.Completed).r
	if !r.ReactedAt.Equal(at(5)) || !r.CompletedAt.Equal(at(40)) || !r.PausedAt.Equal(at(40)) || !r.CompletionDue.Equal(at(110)) || !r.ReactionDue.Equal(at(10)) {
		t.Errorf("reacted %s, completed %s, stands since %s, due %s and %s", r.ReactedAt, r.CompletedAt, r.PausedAt, r.ReactionDue, r.CompletionDue)
	}
	if r.ReactionSeconds != 600 || r.CompletionSeconds != 6000 {
		t.Errorf("lengths %d and %d seconds", r.ReactionSeconds, r.CompletionSeconds)
	}
}
