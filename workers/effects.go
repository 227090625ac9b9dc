package workers

import (
	"ukbot/events"
	"ukbot/sql/db"
)

// Handler says what an event means. An error is final for nats.Permanent, else
// the event is handled again later; it must not depend on the time or on chance.
type Handler func(w events.Webhook) (Effects, error)

// Effects is what an event becomes: all of it is committed at once, or none.
type Effects struct {
	Payments []Payment
	Derived  []Derived
}

// Payment is the new state of one payment. Of two states of one payment the
// later stays: by the provider's time, then by rank.
type Payment = db.SettlePayment

// Derived is an event to announce.
type Derived struct {
	Name    string // what distinguishes it among the events of one cause; part of its id
	Type    string // events.Type…
	Subject string
	Data    any // encoded as JSON
}
