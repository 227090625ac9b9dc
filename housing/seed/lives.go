package seed

import (
	"time"

	"ukbot/housing/access"
	"ukbot/housing/workflow"
)

// step is one action of a life. The workflow's table says what becomes of it.
type step struct {
	action workflow.Action
	role   access.Role
}

// The steps, by who takes them.
var (
	assign  = step{workflow.Assign, access.Manager}
	take    = step{workflow.Take, access.Executor}
	buy     = step{workflow.Buy, access.Executor}
	clarify = step{workflow.Clarify, access.Executor}
	resume  = step{workflow.Resume, access.Executor}
	done    = step{workflow.Done, access.Executor}
	answer  = step{workflow.Answer, access.Applicant}
	accept  = step{workflow.Accept, access.Applicant}
	giveUp  = step{workflow.Accept, access.Manager} // the resident does not answer
	refuse  = step{workflow.Return, access.Applicant}
	cancel  = step{workflow.Cancel, access.Applicant}
	confirm = step{workflow.Confirm, access.Manager}
	rework  = step{workflow.Rework, access.Manager}
)

// life is a way through the workflow, and how many of the demo's 200 requests go it.
type life struct {
	n     int
	steps []step
}

// lives end in every status.
var lives = []life{
	{12, nil},
	{8, []step{assign}},
	{4, []step{take}},
	{2, []step{assign, assign}},
	{4, []step{assign, buy}},
	{2, []step{take, clarify, answer, buy}},
	{6, []step{take, clarify}},
	{6, []step{assign, done}},
	{8, []step{take, done, confirm}},
	{4, []step{assign, done, confirm, refuse}},
	{14, []step{cancel}},

	{46, []step{assign, done, confirm, accept}},
	{34, []step{take, done, confirm, accept}},
	{16, []step{assign, buy, resume, done, confirm, accept}},
	{12, []step{take, clarify, answer, done, confirm, accept}},
	{8, []step{assign, done, rework, done, confirm, accept}},
	{6, []step{assign, done, confirm, refuse, resume, done, confirm, accept}},
	{4, []step{assign, assign, done, confirm, accept}},
	{4, []step{take, done, confirm, giveUp}},
}

// loaded is how the lives of a loaded company are spread, of 1,000: 95 % are closed.
var loaded = []life{
	{12, nil},
	{14, []step{assign}},
	{4, []step{assign, buy}},
	{3, []step{take, clarify}},
	{7, []step{assign, done}},
	{7, []step{take, done, confirm}},
	{3, []step{assign, done, confirm, refuse}},
	{150, []step{cancel}},
	{400, []step{assign, done, confirm, accept}},
	{340, []step{take, done, confirm, accept}},
	{30, []step{assign, buy, resume, done, confirm, accept}},
	{20, []step{take, clarify, answer, done, confirm, accept}},
	{10, []step{assign, done, rework, done, confirm, accept}},
}

// open says whether the life ends before the request is closed.
func (l life) open() bool {
	if len(l.steps) == 0 {
		return true
	}
	last := l.steps[len(l.steps)-1].action
	return last != workflow.Accept && last != workflow.Cancel
}

// waits are how long people take before an action, in minutes, for normal urgency.
var waits = map[workflow.Action]struct{ min, max int }{
	workflow.Assign:  {5, 300},
	workflow.Take:    {3, 240},
	workflow.Buy:     {30, 300},
	workflow.Clarify: {20, 200},
	workflow.Answer:  {15, 700},
	workflow.Resume:  {120, 2400},
	workflow.Done:    {40, 1800},
	workflow.Confirm: {20, 400},
	workflow.Rework:  {20, 300},
	workflow.Accept:  {30, 1600},
	workflow.Return:  {60, 900},
	workflow.Cancel:  {10, 400},
}

// pace is how much faster the more urgent goes.
var pace = map[string]float64{"normal": 1, "medium": 0.7, "urgent": 0.35, "critical": 0.1}

// forcedAfter is how long a manager lets pass before accepting for a resident:
// what companies have by default.
const forcedAfter = 72 * time.Hour
