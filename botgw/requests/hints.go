package requests

import (
	"slices"

	"ukbot/api"
	"ukbot/botgw/talk"
)

// hints is what comes next, for whom a card is shown: by role and status. What
// is not here needs no word, or the buttons say it.
var hints = map[api.Role]map[api.RequestStatus]string{
	api.RoleApplicant: {
		api.RequestStatusNew:           "requests.next_new",
		api.RequestStatusInProgress:    "requests.next_in_progress",
		api.RequestStatusPurchase:      "requests.next_purchase",
		api.RequestStatusClarification: "requests.next_clarification",
		api.RequestStatusCompleted:     "requests.next_completed",
		api.RequestStatusConfirmed:     "requests.next_confirmed",
		api.RequestStatusReturned:      "requests.next_returned",
	},
	api.RoleExecutor: {
		api.RequestStatusClarification: "requests.next_answer",
		api.RequestStatusCompleted:     "requests.next_check",
		api.RequestStatusConfirmed:     "requests.next_rating",
		api.RequestStatusReturned:      "requests.next_resume",
	},
	api.RoleManager: onDesk,
	api.RoleAdmin:   onDesk,
}

var onDesk = map[api.RequestStatus]string{
	api.RequestStatusNew:           "requests.next_assign",
	api.RequestStatusClarification: "requests.next_answer",
	api.RequestStatusCompleted:     "requests.next_confirm",
	api.RequestStatusConfirmed:     "requests.next_rating",
}

// hint is the key of what comes next; "" for nothing.
func (f folder) hint(t *talk.Turn) string {
	if f.offShift(t) {
		return "requests.off_shift"
	}
	return hints[t.Person.Role][f.Status]
}

// held is the statuses in which a request is its executor's to work on.
var held = []api.RequestStatus{
	api.RequestStatusInProgress, api.RequestStatusPurchase, api.RequestStatusClarification, api.RequestStatusReturned,
}

// offShift says whether an executor may do nothing only because no shift of
// theirs is open: the housing services do not offer what they would refuse, and
// in these statuses they offer something to whoever is on shift.
func (f folder) offShift(t *talk.Turn) bool {
	if !t.Person.Is(api.RoleExecutor) || len(f.Actions) > 0 {
		return false
	}
	if f.Executor == nil {
		return f.Status == api.RequestStatusNew && f.Applicant.Id.String() != t.Person.ID
	}
	return f.Executor.Id == t.Person.ID && slices.Contains(held, f.Status)
}
