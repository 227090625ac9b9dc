// Package workflow is the life of a repair request as one table: who may do
// what in which status, under which conditions, what they must give, and what
// becomes of the request. Everything that offers or performs an action asks
// here; nothing here reads a database or a clock.
//
// docs/workflow.md is made of the tables: go test ./housing/workflow -update.
package workflow

import (
	"errors"
	"slices"

	"ukbot/housing/access"
)

// Status is where a request stands.
type Status string

// The statuses.
const (
	New           Status = "new"
	InProgress    Status = "in_progress"
	Purchase      Status = "purchase"      // waits for materials
	Clarification Status = "clarification" // waits for the resident's answer
	Completed     Status = "completed"     // the executor reported it done
	Confirmed     Status = "confirmed"     // a manager has checked it; the resident is asked
	Returned      Status = "returned"      // the resident was not content
	Accepted      Status = "accepted"
	Cancelled     Status = "cancelled"
)

// Action is what somebody does to a request.
type Action string

// The actions.
const (
	Assign  Action = "assign"
	Take    Action = "take"
	Buy     Action = "purchase"
	Clarify Action = "clarify"
	Resume  Action = "resume"
	Answer  Action = "answer"
	Done    Action = "complete"
	Confirm Action = "confirm"
	Rework  Action = "rework"
	Accept  Action = "accept"
	Return  Action = "return"
	Cancel  Action = "cancel"
)

// Condition is what must be true besides role and status.
type Condition string

// The conditions.
const (
	Skilled Condition = "skilled"  // the category is among the executor's specialisations
	OnShift Condition = "on shift" // the executor has an open shift, or the company does not mind
	Waited  Condition = "waited"   // the resident has let the company's time for an answer pass
)

// Need is what must be given with an action.
type Need string

// The needs.
const (
	Reason      Need = "reason"
	Comment     Need = "comment"
	LongComment Need = "comment of 10 characters or more"
	Photo       Need = "photo"
	Executor    Need = "executor"
	Stars       Need = "stars"
)

// LongCommentMin is how many characters a LongComment has at least.
const LongCommentMin = 10

// Machine stands among the roles for an API key whose scopes allow the action.
const Machine access.Role = "key"

// Row is one thing that somebody may do.
type Row struct {
	From   []Status
	Action Action
	By     []access.Role
	Own    bool // only what is theirs: made for them (applicants), given to them (executors)
	If     []Condition
	To     Status
	Event  string // what the change is called in the subject of its event
	Needs  []Need
	Inside bool // the reason is for staff: residents do not read it
}

// Groups of people in the table.
var (
	residents = []access.Role{access.Applicant}
	executors = []access.Role{access.Executor}
	staff     = []access.Role{access.Manager, access.Admin, Machine}
)

// Table is everything that can be done to a request. What is not here is refused.
var Table = []Row{
	{From: in(New), Action: Assign, By: staff, To: InProgress, Event: "assigned", Needs: give(Executor)},
	{From: in(New), Action: Take, By: executors, If: when(Skilled, OnShift), To: InProgress, Event: "taken"},
	{From: in(InProgress, Purchase, Clarification, Returned), Action: Assign, By: staff, To: InProgress, Event: "assigned", Needs: give(Executor, Reason), Inside: true},

	{From: in(InProgress, Clarification), Action: Buy, By: executors, Own: true, If: when(OnShift), To: Purchase, Event: "status", Needs: give(Comment)},
	{From: in(InProgress, Clarification), Action: Buy, By: staff, To: Purchase, Event: "status", Needs: give(Comment)},
	{From: in(InProgress, Purchase), Action: Clarify, By: executors, Own: true, If: when(OnShift), To: Clarification, Event: "status", Needs: give(Comment)},
	{From: in(InProgress, Purchase), Action: Clarify, By: staff, To: Clarification, Event: "status", Needs: give(Comment)},
	{From: in(Clarification), Action: Answer, By: residents, Own: true, To: InProgress, Event: "status", Needs: give(Comment)},
	{From: in(Clarification), Action: Answer, By: staff, To: InProgress, Event: "status", Needs: give(Comment)},
	{From: in(Purchase, Clarification, Returned), Action: Resume, By: executors, Own: true, If: when(OnShift), To: InProgress, Event: "status"},
	{From: in(Purchase, Clarification, Returned), Action: Resume, By: staff, To: InProgress, Event: "status"},

	{From: in(InProgress), Action: Done, By: executors, Own: true, If: when(OnShift), To: Completed, Event: "completed", Needs: give(Comment, Photo)},
	{From: in(InProgress), Action: Done, By: staff, To: Completed, Event: "completed", Needs: give(Comment, Photo)},
	{From: in(Completed), Action: Confirm, By: staff, To: Confirmed, Event: "confirmed"},
	{From: in(Completed), Action: Rework, By: staff, To: InProgress, Event: "returned", Needs: give(Reason)},

	{From: in(Confirmed), Action: Accept, By: residents, Own: true, To: Accepted, Event: "accepted", Needs: give(Stars)},
	{From: in(Confirmed), Action: Accept, By: staff, If: when(Waited), To: Accepted, Event: "accepted", Needs: give(LongComment)},
	{From: in(Confirmed), Action: Return, By: residents, Own: true, To: Returned, Event: "returned", Needs: give(Reason, Photo)},
	{From: in(New), Action: Cancel, By: residents, Own: true, To: Cancelled, Event: "cancelled", Needs: give(Reason)},
	{From: in(New), Action: Cancel, By: staff, To: Cancelled, Event: "cancelled", Needs: give(Reason)},
}

func in(s ...Status) []Status         { return s }
func when(c ...Condition) []Condition { return c }
func give(n ...Need) []Need           { return n }

// Permissions is which permission an action takes.
var Permissions = map[Action]access.Action{
	Assign:  access.RequestsAssign,
	Take:    access.RequestsTake,
	Buy:     access.RequestsWork,
	Clarify: access.RequestsWork,
	Resume:  access.RequestsWork,
	Done:    access.RequestsWork,
	Answer:  access.RequestsAnswer,
	Confirm: access.RequestsConfirm,
	Rework:  access.RequestsConfirm,
	Accept:  access.RequestsAccept,
	Return:  access.RequestsReturn,
	Cancel:  access.RequestsCancel,
}

// What Find refuses with.
var (
	ErrStatus = errors.New("the request's status does not allow it")
	ErrRole   = errors.New("not with this role, or not with what is another's")
)

// Find is the row by which somebody may act; own says whether the request is
// theirs. Its conditions and needs are for the caller to check.
func Find(status Status, action Action, role access.Role, own bool) (Row, error) {
	err := ErrRole
	for _, row := range Table {
		if row.Action != action || !slices.Contains(row.By, role) || row.Own && !own {
			continue
		}
		if slices.Contains(row.From, status) {
			return row, nil
		}
		err = ErrStatus
	}
	return Row{}, err
}

// Facts are what the table asks of one request and one person.
type Facts struct {
	Own  bool                     // the request is theirs: see Row.Own
	Meet func(Condition) bool     // whether a condition holds
	May  func(access.Action) bool // whether their permissions reach the request
}

// Actions is what somebody may do to a request now, in the table's order.
func Actions(status Status, role access.Role, f Facts) []Action {
	can := []Action{}
	for _, row := range Table {
		if !slices.Contains(row.From, status) || !slices.Contains(row.By, role) || row.Own && !f.Own {
			continue
		}
		fails := func(c Condition) bool { return !f.Meet(c) }
		if !slices.ContainsFunc(row.If, fails) && f.May(Permissions[row.Action]) {
			can = append(can, row.Action)
		}
	}
	return can
}

// Wants says whether something must be given.
func (r Row) Wants(n Need) bool { return slices.Contains(r.Needs, n) }

// InsideReason says whether the reason of an action in a status is for staff alone.
func InsideReason(status Status, action Action) bool {
	return slices.ContainsFunc(Table, func(row Row) bool {
		return row.Inside && row.Action == action && slices.Contains(row.From, status)
	})
}
