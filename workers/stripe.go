package workers

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"ukbot/events"
	"ukbot/nats"
)

// stripeObject is how the row is read from an object; of several fields the
// first that holds something counts.
type stripeObject struct {
	kind    string // of the row
	id      []string
	parent  []string // the payment it is about
	amount  []string
	settled []string // the amount once it is paid, where that is another
	text    []string
}

var stripeObjects = map[string]stripeObject{
	"payment_intent": {kind: "payment", id: []string{"id"}, amount: []string{"amount"}, settled: []string{"amount_received", "amount"}, text: []string{"description"}},
	// A charge changes the row of its payment; one made without stands for itself.
	"charge":  {kind: "payment", id: []string{"payment_intent", "id"}, amount: []string{"amount_captured", "amount"}, text: []string{"description"}},
	"refund":  {kind: "refund", id: []string{"id"}, parent: []string{"payment_intent", "charge"}, amount: []string{"amount"}, text: []string{"description", "reason"}},
	"dispute": {kind: "dispute", id: []string{"id"}, parent: []string{"payment_intent", "charge"}, amount: []string{"amount"}, text: []string{"reason"}},
	"invoice": {kind: "invoice", id: []string{"id"}, amount: []string{"amount_due"}, settled: []string{"amount_paid", "amount_due"}, text: []string{"description", "number"}},
}

// stripeEvent is what an event does to the row of its object.
type stripeEvent struct {
	object string // what data.object must be: a key of stripeObjects
	status string // of the row; ownStatus: what the object says
	rank   int16  // orders a row's events of one second: Stripe counts in seconds and keeps no order
	change string // announced; ownStatus: the row's status
	// twin is the API version from which Stripe sends another event of this
	// table about the same change. From then on this one settles the row and
	// announces nothing: nobody is told twice.
	twin string
}

const (
	ownStatus    = ""
	everyVersion = "every version"
)

// announced is false where the twin tells. Versions begin with their date; an
// event that names none is taken for an old one.
func (e stripeEvent) announced(version string) bool {
	return e.twin == "" || e.twin != everyVersion && version < e.twin
}

// stripeEvents is docs.stripe.com/api/events/types as far as it moves money.
// charge.succeeded and charge.failed are not in it: payment_intent.* says the same.
var stripeEvents = map[string]stripeEvent{
	"payment_intent.created":                   {"payment_intent", "created", 1, ownStatus, ""},
	"payment_intent.processing":                {"payment_intent", "processing", 2, ownStatus, ""},
	"payment_intent.requires_action":           {"payment_intent", "requires_action", 3, ownStatus, ""},
	"payment_intent.amount_capturable_updated": {"payment_intent", "requires_capture", 4, ownStatus, ""},
	"payment_intent.payment_failed":            {"payment_intent", "failed", 5, ownStatus, ""},
	"payment_intent.canceled":                  {"payment_intent", "canceled", 6, ownStatus, ""},
	"payment_intent.succeeded":                 {"payment_intent", "succeeded", 7, ownStatus, ""},
	"charge.refunded":                          {"charge", ownStatus, 8, ownStatus, ""}, // refunded or partially_refunded

	"refund.created":        {"refund", ownStatus, 1, "refund.created", ""},
	"refund.updated":        {"refund", ownStatus, 2, "refund.updated", ""},
	"charge.refund.updated": {"refund", ownStatus, 2, "refund.updated", "2024-10-28"}, // refund.updated tells of every refund since
	"refund.failed":         {"refund", "failed", 3, "refund.failed", ""},

	"charge.dispute.created":          {"dispute", ownStatus, 1, "dispute.created", ""},
	"charge.dispute.funds_withdrawn":  {"dispute", ownStatus, 2, "dispute.funds_withdrawn", ""},
	"charge.dispute.updated":          {"dispute", ownStatus, 3, "dispute.updated", ""},
	"charge.dispute.funds_reinstated": {"dispute", ownStatus, 4, "dispute.funds_reinstated", ""},
	"charge.dispute.closed":           {"dispute", ownStatus, 5, "dispute.closed", ""},

	"invoice.created":              {"invoice", ownStatus, 1, "invoice.created", ""},
	"invoice.finalized":            {"invoice", "open", 2, "invoice.finalized", ""},
	"invoice.payment_failed":       {"invoice", "payment_failed", 3, "invoice.payment_failed", ""},
	"invoice.marked_uncollectible": {"invoice", "uncollectible", 4, "invoice.marked_uncollectible", ""},
	"invoice.voided":               {"invoice", "void", 5, "invoice.voided", ""},
	"invoice.payment_succeeded":    {"invoice", "paid", 6, "invoice.paid", everyVersion}, // invoice.paid tells of payments elsewhere too
	"invoice.paid":                 {"invoice", "paid", 6, "invoice.paid", ""},
}

// stripePayers are the metadata keys that name the person who pays, by
// precedence; then client_reference_id. "customer" is no person of ours.
var stripePayers = []string{"resident_id", "person_id", "payer", "payer_id"}

// stripeMetadata is where an object keeps metadata, by precedence: an invoice
// of a subscription has the subscription's in a place that moved in 2025.
var stripeMetadata = [][]string{
	{"metadata"},
	{"subscription_details", "metadata"},
	{"parent", "subscription_details", "metadata"},
}

// Stripe settles the row of a payment, refund, dispute or invoice and announces
// the change. Amounts stay in the minor units that Stripe counts in, so
// currencies without decimals need no rule of their own.
func Stripe(w events.Webhook) (Effects, error) {
	event, known := stripeEvents[w.Type]
	if !known {
		return Generic(w)
	}
	body := readFields(w.Data)
	data := body.object("data")
	object := data.object("object")
	if data.raw("object") == nil {
		data.fail("object", "is missing")
	} else if object.text(textMax, "object") != event.object {
		object.fail("object", "is not "+event.object)
	}
	row := stripeRow(w, event, object)
	row.ProviderTime = stripeTime(body)
	version := body.text(textMax, "api_version")
	if err := body.err(); err != nil {
		return Effects{}, nats.Permanent(fmt.Errorf("%s: %w", w.Type, err))
	}
	effects := Effects{Payments: []Payment{row}}
	if event.announced(version) {
		effects.Derived = []Derived{paymentChanged(row, event.change)}
	}
	return effects, nil
}

// stripeRow is the state that an event's object describes.
func stripeRow(w events.Webhook, event stripeEvent, object fields) Payment {
	shape := stripeObjects[event.object]
	amount := shape.amount
	if shape.settled != nil && (event.status == "succeeded" || event.status == "paid") {
		amount = shape.settled
	}
	row := Payment{
		Tenant: w.Tenant, Source: w.Source, Webhook: uuid.MustParse(w.Row()), // Row is always a UUID
		ExternalID: object.need("id", object.id(shape.id...)), ParentID: object.id(shape.parent...),
		Kind: shape.kind, Status: event.status, ProviderRank: event.rank,
		AmountMinor: object.amount(amount...), Currency: stripeCurrency(object),
		Payer: stripePayer(object), Description: object.text(textMax, shape.text...),
	}
	if row.Status == ownStatus {
		row.Status = stripeStatus(object, event)
	}
	return row
}

// stripeStatus is what the object says of itself. Stripe's schema lets a
// refund or an invoice have none.
func stripeStatus(object fields, event stripeEvent) string {
	switch status := object.text(idMax, "status"); {
	case event.object == "charge" && object.flag("refunded"):
		return "refunded"
	case event.object == "charge":
		return "partially_refunded"
	case status != "":
		return status
	}
	return "unknown"
}

// stripeCurrency is three letters of ISO 4217, or what Stripe adds ("usdc").
func stripeCurrency(object fields) string {
	currency := object.need("currency", object.text(textMax, "currency"))
	letters := strings.Trim(currency, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	if !letters || len(currency) < 3 || len(currency) > 5 {
		object.fail("currency", "is no currency code")
	}
	return strings.ToUpper(currency)
}

// stripePayer is the person that the metadata name. What is too long to be one
// is passed over: the payment counts, whoever made it.
func stripePayer(object fields) string {
	for _, path := range stripeMetadata {
		metadata := object
		for _, name := range path {
			metadata = metadata.object(name)
		}
		for _, key := range stripePayers {
			if person := metadata.text(textMax, key); person != "" && utf8.RuneCountInString(person) <= idMax {
				return person
			}
		}
	}
	if person := object.text(textMax, "client_reference_id"); utf8.RuneCountInString(person) <= idMax {
		return person
	}
	return ""
}

// stripeTime is when the event happened. Without it, or with one in other units
// than seconds, the row could never again be ordered: refused.
func stripeTime(body fields) time.Time {
	const year9999 = 253402300799
	seconds, err := strconv.ParseInt(string(body.raw("created")), 10, 64)
	if err != nil || seconds <= 0 || seconds > year9999 {
		body.fail("created", "is no time in Unix seconds")
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// paymentChanged announces a row's new state.
func paymentChanged(row Payment, change string) Derived {
	if change == ownStatus {
		change = row.Status
	}
	return Derived{
		Name: change, Type: events.TypePaymentPrefix + change, Subject: events.PaymentSubject(row.Tenant, change),
		Data: events.PaymentChanged{
			Change: change, Kind: row.Kind, ExternalID: row.ExternalID, ParentID: row.ParentID, Status: row.Status,
			AmountMinor: row.AmountMinor, Currency: row.Currency, Payer: row.Payer, Description: row.Description, Source: row.Source,
		},
	}
}
