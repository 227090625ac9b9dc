package events

import "encoding/json"

// Types of ukbot's own events. The subject's tokens after the tenant spell the
// same; each names its payload.
const (
	TypePaymentPrefix   = "payment." // + PaymentChanged.Change
	TypeSheetUpdated    = "sheets.data.updated"
	TypeAddressResolved = "geocoding.address.resolved"
	TypeAddressChanged  = "geocoding.address.changed"
	TypeGeneric         = "generic.received"
)

// TypeRepeats is the type of the counts that the ingress keeps of repeated
// events; the data is Repeats.
const TypeRepeats = "webhook.repeats"

// Repeats counts, by event id, the requests answered as duplicates.
type Repeats map[string]int

// PaymentChanged is the data of integration.payment.<tenant>.<change>.
type PaymentChanged struct {
	Change      string `json:"change"`      // "succeeded" of a payment; "refund.updated", "dispute.created", "invoice.paid"…
	Kind        string `json:"kind"`        // payment, refund, dispute, invoice
	ExternalID  string `json:"external_id"` // the provider's
	ParentID    string `json:"parent_id,omitempty"`
	Status      string `json:"status"`
	AmountMinor int64  `json:"amount_minor"` // in the currency's smallest unit
	Currency    string `json:"currency"`     // ISO 4217, upper case
	Payer       string `json:"payer,omitempty"`
	Description string `json:"description,omitempty"`
	Source      string `json:"source"`
}

// SheetUpdated is the data of integration.sheets.<tenant>.data.updated.
type SheetUpdated struct {
	Spreadsheet string `json:"spreadsheet"`
	Sheet       string `json:"sheet,omitempty"`
	Range       string `json:"range,omitempty"`
	State       string `json:"state"`
	Channel     string `json:"channel,omitempty"`
	Source      string `json:"source"`
}

// Address is the data of integration.geocoding.<tenant>.address.<change>.
type Address struct {
	Address  string   `json:"address"`
	Building string   `json:"building,omitempty"` // id in the sender's directory
	Lat      *float64 `json:"lat,omitempty"`      // degrees, WGS 84
	Lon      *float64 `json:"lon,omitempty"`
	Source   string   `json:"source"`
}

// Generic is the data of integration.generic.<tenant>.<source>.<type>.
type Generic struct {
	Source  string          `json:"source"`
	Type    string          `json:"type"`
	EventID string          `json:"event_id"`
	Summary string          `json:"summary,omitempty"` // a line for people, if the body offers one
	Body    json.RawMessage `json:"body,omitempty"`    // when it is JSON and small
}
