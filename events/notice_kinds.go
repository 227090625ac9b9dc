package events

// Kinds of notices, as people switch them on and off: what bot_people.muted
// holds. A notice that belongs to none of them is always sent.
const (
	NoticePayments = "payments" // invoices, payments, refunds, disputes
	NoticeRequests = "requests" // what happens to one's own requests
	NoticeWork     = "work"     // for executors: assigned to them, returned to them, late
	NoticeQueue    = "queue"    // for managers: new, overdue, waiting for a word of theirs
	NoticeShifts   = "shifts"   // planned, changed, on offer
	NoticePeople   = "people"   // who waits for approval
	NoticeSystem   = "system"   // sheets and addresses
)

// NoticeKinds is every kind, in the order in which people see them.
var NoticeKinds = []string{NoticeRequests, NoticeWork, NoticeQueue, NoticeShifts, NoticePayments, NoticePeople, NoticeSystem}
