package botgw

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"ukbot/events"
)

// What templates are given: the event's data and what it takes a rule to say.
type (
	paymentView struct {
		events.PaymentChanged
		Name string // of the payer; the id while the person is unknown
	}
	addressView struct {
		Address, Building string
		Place             string // "41.31108, 69.24056"
	}
	genericView struct {
		events.Generic
		Raw string
	}
	requestView struct {
		events.RequestChanged
		Who string // the name of who did it, where the event knows it
	}
	shiftView struct {
		events.ShiftChanged
		Starts, Ends time.Time // by the company's clock
	}
)

// fact is an event as the table sees it.
type fact struct {
	events.Envelope
	occasion string // what the rows' patterns are matched with
	facet    string // … and their facets
	topic    string // "<source>.<type>" of a generic event: what subscriptions are matched with
	rows     []noticeRow
	view     any // for the template; of payments and shifts the directory makes it

	payment events.PaymentChanged
	request *events.RequestChanged
	shift   *events.ShiftChanged
	user    *events.UserChanged
	housing
}

// housing is what events about the company have in common.
type housing struct {
	know    []events.Knower
	actor   events.Actor
	card    string // what notices may share a message about
	version int64
}

// paymentKinds is the kinds of payments that stand in an occasion.
var paymentKinds = []string{"payment", "refund", "dispute", "invoice"}

// occasionOf is an event's type; that of a payment begins with its kind, whether
// it is "payment.succeeded" or "payment.refund.updated".
func occasionOf(eventType string) string {
	rest, _ := strings.CutPrefix(eventType, events.TypePaymentPrefix)
	if kind, _, found := strings.Cut(rest, "."); found && slices.Contains(paymentKinds, kind) {
		return rest
	}
	return eventType
}

// readFact reads an event's data and finds its rows; none for an event nobody is told of.
func readFact(e events.Envelope) (fact, error) {
	f := fact{Envelope: e, occasion: occasionOf(e.Type)}
	if err := f.read(); err != nil {
		return f, fmt.Errorf("%w: data of %s: %w", events.ErrMalformed, e.Type, err)
	}
	for _, row := range noticeRows {
		if matches(row.event, f.occasion) && (row.facet == "" || row.facet == f.facet) {
			f.rows = append(f.rows, row)
		}
	}
	return f, nil
}

func (f *fact) read() error {
	kind, _, _ := strings.Cut(f.occasion, ".")
	switch {
	case slices.Contains(paymentKinds, kind):
		err := json.Unmarshal(f.Data, &f.payment)
		f.facet = f.payment.Status
		return err
	case strings.HasPrefix(f.Type, events.TypeRequestPrefix):
		return f.readRequest()
	case strings.HasPrefix(f.Type, events.TypeShiftPrefix):
		return f.readShift()
	case strings.HasPrefix(f.Type, events.TypeUserPrefix) && weighed(f.Type):
		return f.readUser()
	case f.occasion == events.TypeSheetUpdated:
		var v events.SheetUpdated
		f.view = &v
		return json.Unmarshal(f.Data, &v)
	case f.occasion == events.TypeAddressResolved:
		var a events.Address
		err := json.Unmarshal(f.Data, &a)
		f.view = addressView{Address: a.Address, Building: a.Building, Place: place(a)}
		return err
	case f.occasion == events.TypeGeneric:
		var v genericView
		err := json.Unmarshal(f.Data, &v.Generic)
		v.Raw, f.topic = string(v.Body), v.Source+"."+v.Type
		f.view = &v
		return err
	}
	return nil
}

func (f *fact) readRequest() error {
	f.request = &events.RequestChanged{}
	if err := json.Unmarshal(f.Data, f.request); err != nil {
		return err
	}
	r := f.request
	v := requestView{RequestChanged: *r}
	if r.Executor != nil && r.Executor.ID == r.Actor.ID {
		v.Who = r.Executor.Name
	}
	f.view = v
	f.housing = housing{r.Know, r.Actor, "request-" + r.Request.ID, r.Request.Version}
	switch strings.TrimPrefix(f.Type, events.TypeRequestPrefix) {
	case events.RequestCreated, events.RequestAssigned:
		f.facet = r.Request.Urgency
	case events.RequestCommented:
		switch {
		case r.Internal:
			f.facet = "internal"
		case r.Executor == nil:
			f.facet = "nobody's"
		}
	default:
		f.facet = r.To
	}
	return nil
}

// planned is the one card of a person's new shifts: a week of them is planned at
// once, and is one message.
const planned = "shifts-planned"

func (f *fact) readShift() error {
	f.shift = &events.ShiftChanged{}
	if err := json.Unmarshal(f.Data, f.shift); err != nil {
		return err
	}
	s := f.shift
	f.housing = housing{s.Know, s.Actor, "shift-" + s.Shift.ID, s.Shift.Version}
	if f.Type == ofShift(events.ShiftPlanned) {
		f.card, f.version = planned, 0
	}
	if s.Shift.Person == nil {
		f.facet = "free"
		if s.Shift.Role == string(events.RelationManager) && f.Type == ofShift(events.ShiftReleased) {
			f.facet = "free manager"
		}
	}
	return nil
}

// weighed says whether an event is in the table or among the untold. What else is
// said of a person is about how they are logged in, has data of other forms, and
// is nobody's to be told.
func weighed(event string) bool {
	_, left := untold[event]
	return left || slices.ContainsFunc(noticeRows, func(row noticeRow) bool { return row.event == event })
}

func (f *fact) readUser() error {
	f.user = &events.UserChanged{}
	if err := json.Unmarshal(f.Data, f.user); err != nil {
		return err
	}
	u := f.user
	f.view = *u
	f.housing = housing{u.Know, u.Actor, "user-" + u.User.ID, u.User.Version}
	return nil
}

// ofCompany says whether the event is about requests, shifts or people.
func (f fact) ofCompany() bool { return f.request != nil || f.shift != nil || f.user != nil }

// place is an address's coordinates, in the order people give them.
func place(a events.Address) string {
	if a.Lat == nil || a.Lon == nil {
		return ""
	}
	return fmt.Sprintf("%.5f, %.5f", *a.Lat, *a.Lon)
}

// noticeID is the same however often the event is delivered. A replay that is to
// notify again says so by its name.
func (f fact) noticeID(row noticeRow, chatID int64) string {
	cause := f.ID
	if row.once {
		cause = f.Tenant + "/" + f.payment.Source + "/" + f.payment.ExternalID
	}
	return events.DeriveID(cause, fmt.Sprintf("%s/%d/%s", row.template, chatID, f.Replay))
}

// matches says whether a name fits a pattern of path.Match whose "*" takes in
// dots and slashes too; a pattern that is none fits nothing.
func matches(pattern, name string) bool {
	const slash = "\x00" // path.Match stops at the real one
	fits, err := path.Match(strings.ReplaceAll(pattern, "/", slash), strings.ReplaceAll(name, "/", slash))
	return fits && err == nil
}
