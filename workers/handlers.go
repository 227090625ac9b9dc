package workers

import (
	"path"

	"ukbot/events"
)

// Handlers is what every webhook means, read top to bottom. Stripe's rows are
// families: which of their events settle a payment stands in stripeEvents, all
// others are generic, so that chats can subscribe to them.
var Handlers = Table{
	{"stripe", "payment_intent.*", Stripe},
	{"stripe", "charge.*", Stripe},
	{"stripe", "refund.*", Stripe},
	{"stripe", "invoice.*", Stripe},
	{"google", "*", Sheet},
	{"yandex", "*", Address},
	{"*", "*", Generic},
}

// Table finds handlers; the first row that matches is the one.
type Table []Route

// Route is a row of a Table: a preset ("*": any) and a pattern of event types.
type Route struct {
	Preset, Events string
	Handle         Handler
}

// For is the handler of a webhook. Where no row names it, it is recorded and
// becomes nothing.
func (t Table) For(w events.Webhook) Handler {
	for _, route := range t {
		if route.takes(w) {
			return route.Handle
		}
	}
	return nothing
}

func (r Route) takes(w events.Webhook) bool {
	if r.Preset != "*" && r.Preset != w.Request.Preset {
		return false
	}
	if r.Events == "*" { // path.Match would stop at the slash of Shopify's "orders/create"
		return true
	}
	ok, _ := path.Match(r.Events, w.Type) // a malformed pattern matches nothing; a test reads them all
	return ok
}

func nothing(events.Webhook) (Effects, error) { return Effects{}, nil }
