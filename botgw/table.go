package botgw

import "ukbot/events"

// audience is whom a row of the table tells: who has this relation to the thing
// that changed. Of a housing event those are in its Know.
type audience string

const (
	toPayer       audience = "payer"       // the person the payment's metadata names
	toSubscribers audience = "subscribers" // chats that asked for events by pattern
	toGiver       audience = "giver"       // who offers a shift
	toReceiver    audience = "receiver"    // to whom it is offered

	// Of a payment, a sheet or an address: everybody who has the role.
	toManagers audience = audience(events.RelationManager)

	toApplicant audience = audience(events.RelationApplicant)
	toExecutor  audience = audience(events.RelationExecutor)
	toPrevious  audience = audience(events.RelationPreviousExecutor)
	toSubject   audience = audience(events.RelationSubject)
)

// noticeRow is one line of the table.
type noticeRow struct {
	event    string // pattern of the occasion, as in path.Match
	facet    string // what the event must be besides (facetOf); empty for any
	to       audience
	template string
	kind     string // as people switch them off; empty: always told
	priority events.Priority
	way      events.NoticeWay
	keys     []noticeKey
	once     bool // per payment instead of per event: providers say this several times
}

// Short names keep the table readable.
const (
	normal = events.PriorityNormal
	urgent = events.PriorityUrgent

	fresh   = events.NoticeNew
	said    = events.NoticeTalk
	edit    = events.NoticeEdit
	refresh = events.NoticeRefresh
)

// The buttons of rows.
var (
	noKeys    []noticeKey
	openIt    = []noticeKey{keyRequest}
	rateIt    = []noticeKey{keyStars, keyRequest}
	answerIt  = []noticeKey{keyAnswer, keyRequest}
	takeShift = []noticeKey{keyTakeShift}
	openShift = []noticeKey{keyShift}
	// Shifts are planned by the week, and that is one message.
	freeShifts = []noticeKey{keyFreeShifts}
	approve    = []noticeKey{keyApprove, keyPerson}
	approveIn  = []noticeKey{keyApproveLink, keyPerson}
)

// noticeRows is who is told of what, how pressing it is, and whether it changes
// the message that is there. The first row that reaches a chat decides, so a
// payer who is also a manager reads the payer's text; nobody is told of what
// they did themselves. Residents and executors hear what asks something of them,
// or changes who does the work, in a new message; progress edits the last one.
// Managers hear of what waits for them; the rest refreshes what they have.
// Adding a row: a template of that name in notices/ for each language, then
// `go test ./botgw -run Notice -update` and a look at the golden files.
//
// Not told, on purpose, of payments: payment.processing and payment.canceled
// (nothing to do), payment.refunded (refund.* says it, with its own amount),
// refund.* on its way (its end is told), dispute.updated (evidence is the
// managers' own), invoice.payment_failed (payment.failed says it). Of the
// company: see untold.
var noticeRows = []noticeRow{
	{"payment.succeeded", "", toPayer, "payment.succeeded.payer", events.NoticePayments, normal, fresh, noKeys, false},
	{"payment.succeeded", "", toManagers, "payment.succeeded.manager", events.NoticePayments, normal, fresh, noKeys, false},
	{"payment.*failed", "", toPayer, "payment.failed.payer", events.NoticePayments, normal, fresh, noKeys, false},
	{"payment.*failed", "", toManagers, "payment.failed.manager", events.NoticePayments, normal, fresh, noKeys, false},

	{"refund.*", "succeeded", toPayer, "refund.succeeded.payer", events.NoticePayments, normal, fresh, noKeys, true},
	{"refund.*", "succeeded", toManagers, "refund.succeeded.manager", events.NoticePayments, normal, fresh, noKeys, true},
	{"refund.*", "failed", toManagers, "refund.failed.manager", events.NoticePayments, urgent, fresh, noKeys, true},

	{"dispute.created", "", toManagers, "dispute.created.manager", events.NoticePayments, urgent, fresh, noKeys, true},
	{"dispute.*", "won", toManagers, "dispute.won.manager", events.NoticePayments, normal, fresh, noKeys, true},
	{"dispute.*", "lost", toManagers, "dispute.lost.manager", events.NoticePayments, normal, fresh, noKeys, true},

	{"invoice.created", "", toPayer, "invoice.created.payer", events.NoticePayments, normal, fresh, noKeys, true},
	{"invoice.finalized", "", toPayer, "invoice.created.payer", events.NoticePayments, normal, fresh, noKeys, true},
	{"invoice.*", "paid", toPayer, "invoice.paid.payer", events.NoticePayments, normal, fresh, noKeys, true},

	{events.TypeSheetUpdated, "", toManagers, "sheet.updated.manager", events.NoticeSystem, normal, fresh, noKeys, false},
	{events.TypeAddressResolved, "", toManagers, "address.resolved.manager", events.NoticeSystem, normal, fresh, noKeys, false},
	{events.TypeGeneric, "", toSubscribers, "generic.received.subscriber", "", normal, fresh, noKeys, false},

	{ofRequest(events.RequestCreated), "critical", toManagers, "request.created.manager", events.NoticeQueue, urgent, fresh, openIt, false},
	{ofRequest(events.RequestCreated), "", toManagers, "request.created.manager", events.NoticeQueue, normal, fresh, openIt, false},
	{ofRequest(events.RequestCreated), "", toApplicant, "request.created.applicant", events.NoticeRequests, normal, fresh, openIt, false},

	{ofRequest(events.RequestAssigned), "critical", toExecutor, "request.assigned.executor", events.NoticeWork, urgent, fresh, openIt, false},
	{ofRequest(events.RequestAssigned), "", toExecutor, "request.assigned.executor", events.NoticeWork, normal, fresh, openIt, false},
	{ofRequest(events.RequestAssigned), "", toPrevious, "request.unassigned.executor", events.NoticeWork, normal, fresh, noKeys, false},
	{ofRequest(events.RequestAssigned), "", toApplicant, "request.assigned.applicant", events.NoticeRequests, normal, fresh, openIt, false},
	{ofRequest(events.RequestAssigned), "", toManagers, "request.changed.manager", events.NoticeQueue, normal, refresh, openIt, false},

	{ofRequest(events.RequestTaken), "", toApplicant, "request.taken.applicant", events.NoticeRequests, normal, fresh, openIt, false},
	{ofRequest(events.RequestTaken), "", toPrevious, "request.unassigned.executor", events.NoticeWork, normal, fresh, noKeys, false},
	{ofRequest(events.RequestTaken), "", toManagers, "request.changed.manager", events.NoticeQueue, normal, refresh, openIt, false},

	{ofRequest(events.RequestStatus), "clarification", toApplicant, "request.clarification.applicant", events.NoticeRequests, normal, fresh, answerIt, false},
	{ofRequest(events.RequestStatus), "", toApplicant, "request.changed.applicant", events.NoticeRequests, normal, edit, openIt, false},
	{ofRequest(events.RequestStatus), "", toExecutor, "request.changed.executor", events.NoticeWork, normal, fresh, openIt, false},
	{ofRequest(events.RequestStatus), "", toManagers, "request.changed.manager", events.NoticeQueue, normal, refresh, openIt, false},

	{ofRequest(events.RequestEdited), "", toExecutor, "request.edited", events.NoticeWork, normal, fresh, openIt, false},
	{ofRequest(events.RequestEdited), "", toApplicant, "request.edited", events.NoticeRequests, normal, refresh, openIt, false},
	{ofRequest(events.RequestEdited), "", toManagers, "request.edited", events.NoticeQueue, normal, refresh, openIt, false},

	{ofRequest(events.RequestCommented), "internal", toExecutor, "request.noted", events.NoticeWork, normal, said, openIt, false},
	{ofRequest(events.RequestCommented), "internal", toManagers, "request.noted", events.NoticeQueue, normal, said, openIt, false},
	{ofRequest(events.RequestCommented), "", toApplicant, "request.commented", events.NoticeRequests, normal, said, openIt, false},
	{ofRequest(events.RequestCommented), "", toExecutor, "request.commented", events.NoticeWork, normal, said, openIt, false},
	// Where somebody works on it, the conversation is theirs.
	{ofRequest(events.RequestCommented), "nobody's", toManagers, "request.commented", events.NoticeQueue, normal, said, openIt, false},

	{ofRequest(events.RequestCompleted), "", toManagers, "request.completed.manager", events.NoticeQueue, normal, fresh, openIt, false},
	{ofRequest(events.RequestCompleted), "", toApplicant, "request.changed.applicant", events.NoticeRequests, normal, edit, openIt, false},
	{ofRequest(events.RequestCompleted), "", toExecutor, "request.changed.executor", events.NoticeWork, normal, edit, openIt, false},

	{ofRequest(events.RequestConfirmed), "", toApplicant, "request.confirmed.applicant", events.NoticeRequests, normal, fresh, rateIt, false},
	{ofRequest(events.RequestConfirmed), "", toExecutor, "request.changed.executor", events.NoticeWork, normal, edit, openIt, false},
	{ofRequest(events.RequestConfirmed), "", toManagers, "request.changed.manager", events.NoticeQueue, normal, refresh, openIt, false},

	{ofRequest(events.RequestReturned), "", toExecutor, "request.returned.executor", events.NoticeWork, normal, fresh, openIt, false},
	{ofRequest(events.RequestReturned), "returned", toManagers, "request.returned.manager", events.NoticeQueue, normal, fresh, openIt, false}, // by the resident
	{ofRequest(events.RequestReturned), "", toManagers, "request.changed.manager", events.NoticeQueue, normal, refresh, openIt, false},
	{ofRequest(events.RequestReturned), "", toApplicant, "request.changed.applicant", events.NoticeRequests, normal, edit, openIt, false},

	{ofRequest(events.RequestAccepted), "", toExecutor, "request.accepted.executor", events.NoticeWork, normal, fresh, openIt, false},
	{ofRequest(events.RequestAccepted), "", toApplicant, "request.accepted.applicant", events.NoticeRequests, normal, fresh, openIt, false}, // by a manager
	{ofRequest(events.RequestAccepted), "", toManagers, "request.changed.manager", events.NoticeQueue, normal, refresh, openIt, false},

	{ofRequest(events.RequestCancelled), "", toApplicant, "request.cancelled", events.NoticeRequests, normal, fresh, openIt, false},
	{ofRequest(events.RequestCancelled), "", toExecutor, "request.cancelled", events.NoticeWork, normal, fresh, openIt, false},
	{ofRequest(events.RequestCancelled), "", toManagers, "request.changed.manager", events.NoticeQueue, normal, refresh, openIt, false},

	{ofRequest(events.RequestHandedOver), "", toExecutor, "request.assigned.executor", events.NoticeWork, normal, fresh, openIt, false},
	{ofRequest(events.RequestHandedOver), "", toApplicant, "request.changed.applicant", events.NoticeRequests, normal, edit, openIt, false},
	{ofRequest(events.RequestHandedOver), "", toManagers, "request.changed.manager", events.NoticeQueue, normal, refresh, openIt, false},

	{ofRequest(events.RequestWarned), "", toExecutor, "request.warned", events.NoticeWork, normal, fresh, openIt, false},
	{ofRequest(events.RequestWarned), "", toManagers, "request.warned", events.NoticeQueue, normal, fresh, openIt, false},
	{ofRequest(events.RequestOverdue), "", toExecutor, "request.overdue", events.NoticeWork, urgent, fresh, openIt, false},
	{ofRequest(events.RequestOverdue), "", toManagers, "request.overdue", events.NoticeQueue, urgent, fresh, openIt, false},

	{ofShift(events.ShiftPlanned), "", toSubject, "shift.planned", events.NoticeShifts, normal, fresh, []noticeKey{keyMyShifts}, false},
	{ofShift(events.ShiftPlanned), "free", toExecutor, "shift.free", events.NoticeShifts, normal, fresh, freeShifts, false},
	{ofShift(events.ShiftPlanned), "free", toManagers, "shift.free", events.NoticeShifts, normal, fresh, freeShifts, false}, // a manager's own
	{ofShift(events.ShiftEdited), "", toSubject, "shift.changed", events.NoticeShifts, normal, fresh, openShift, false},
	{ofShift(events.ShiftCancelled), "", toSubject, "shift.cancelled", events.NoticeShifts, normal, fresh, noKeys, false},
	{ofShift(events.ShiftClosed), "", toSubject, "shift.closed", events.NoticeShifts, normal, fresh, openShift, false}, // by the clock
	{ofShift(events.ShiftTaken), "", toManagers, "shift.taken.manager", events.NoticeShifts, normal, fresh, openShift, false},
	{ofShift(events.ShiftReleased), "", toSubject, "shift.released", events.NoticeShifts, normal, fresh, noKeys, false},
	{ofShift(events.ShiftReleased), "", toExecutor, "shift.free", events.NoticeShifts, normal, fresh, takeShift, false},
	{ofShift(events.ShiftReleased), "free manager", toManagers, "shift.free", events.NoticeShifts, normal, fresh, takeShift, false},
	{ofShift(events.ShiftReleased), "", toManagers, "shift.released", events.NoticeShifts, normal, fresh, openShift, false},
	{ofShift(events.ShiftHandoverOffered), "", toReceiver, "shift.handover.offered", events.NoticeShifts, urgent, fresh, openShift, false},
	{ofShift(events.ShiftHandoverAccepted), "", toGiver, "shift.handover.accepted", events.NoticeShifts, normal, fresh, openShift, false},
	{ofShift(events.ShiftHandoverAccepted), "", toManagers, "shift.handover.accepted", events.NoticeShifts, normal, fresh, openShift, false},
	{ofShift(events.ShiftHandoverDeclined), "", toGiver, "shift.handover.declined", events.NoticeShifts, urgent, fresh, openShift, false},
	{ofShift(events.ShiftHandoverWithdrawn), "", toReceiver, "shift.handover.withdrawn", events.NoticeShifts, normal, fresh, noKeys, false},

	{ofUser(events.UserRegistered), "", toManagers, "user.registered.manager", events.NoticePeople, normal, fresh, approve, false},
	{ofUser(events.UserApproved), "", toSubject, "user.approved", "", normal, fresh, noKeys, false},
	{ofUser(events.UserBlocked), "", toSubject, "user.blocked", "", normal, fresh, noKeys, false},
	{ofUser(events.UserUnblocked), "", toSubject, "user.unblocked", "", normal, fresh, noKeys, false},
	{ofUser(events.UserRoles), "", toSubject, "user.roles", "", normal, fresh, noKeys, false},
	{ofUser(events.UserSessionReused), "", toSubject, "user.session.reused", "", urgent, fresh, noKeys, false},
	{ofUser(events.UserApartmentAsked), "", toManagers, "user.apartment.asked.manager", events.NoticePeople, normal, fresh, approveIn, false},
	{ofUser(events.UserApartmentApproved), "", toSubject, "user.apartment.approved", "", normal, fresh, noKeys, false},
	{ofUser(events.UserApartmentRejected), "", toSubject, "user.apartment.rejected", "", normal, fresh, noKeys, false},
	{ofUser(events.UserApartmentRemoved), "", toSubject, "user.apartment.removed", "", normal, fresh, noKeys, false},
	{ofUser(events.UserInvitedUsed), "", toManagers, "user.invited.manager", events.NoticePeople, normal, fresh, []noticeKey{keyPerson}, false},
}

// untold is the changes in the company that nobody is told of, each with its reason.
var untold = map[string]string{
	ofRequest(events.RequestFile): "what it is about comes with a comment or a report, and the card shows it",
	ofShift(events.ShiftOpened):   "who opened it knows, and managers see who is on shift",
	ofUser(events.UserEdited):     "mostly by the person; a new name or language asks nothing of anybody",
}

func ofRequest(change string) string { return events.TypeRequestPrefix + change }
func ofShift(change string) string   { return events.TypeShiftPrefix + change }
func ofUser(change string) string    { return events.TypeUserPrefix + change }

// evenBlocked is the one thing that a person whom the company blocked is told.
var evenBlocked = ofUser(events.UserBlocked)
