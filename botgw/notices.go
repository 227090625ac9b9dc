package botgw

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"path"
	"slices"
	"strings"

	"ukbot/botgw/telegram"
	"ukbot/events"
)

// audience is whom a row of the table tells.
type audience string

const (
	toPayer       audience = "payer"       // the person the payment's metadata names
	toManagers    audience = "manager"     // a role: everybody of the tenant who has it
	toSubscribers audience = "subscribers" // chats that asked for events by pattern
)

// noticeRow is one line of the table.
type noticeRow struct {
	event    string // pattern of the occasion, as in path.Match
	status   string // the payment's status by its provider; empty for any
	to       audience
	template string
	priority events.Priority
	once     bool // per payment instead of per event: providers say this several times
}

// noticeRows is who is told of what. A chat is told of an event once: the first
// row that reaches it decides, so a payer who is also a manager reads the payer's
// text. Adding a row: a template of that name in each file of notices/, then
// `go test ./botgw -run Notice -update` and a look at the golden files.
//
// Not told, on purpose: payment.processing and payment.canceled (nothing to do),
// payment.refunded (refund.* says it, with its own amount), refund.* on its way (its
// end is told), dispute.updated (evidence is the managers' own),
// invoice.payment_failed (payment.failed says it).
var noticeRows = []noticeRow{
	{"payment.succeeded", "", toPayer, "payment.succeeded.payer", events.PriorityNormal, false},
	{"payment.succeeded", "", toManagers, "payment.succeeded.manager", events.PriorityNormal, false},
	{"payment.*failed", "", toPayer, "payment.failed.payer", events.PriorityNormal, false},
	{"payment.*failed", "", toManagers, "payment.failed.manager", events.PriorityNormal, false},

	{"refund.*", "succeeded", toPayer, "refund.succeeded.payer", events.PriorityNormal, true},
	{"refund.*", "succeeded", toManagers, "refund.succeeded.manager", events.PriorityNormal, true},
	{"refund.*", "failed", toManagers, "refund.failed.manager", events.PriorityUrgent, true},

	{"dispute.created", "", toManagers, "dispute.created.manager", events.PriorityUrgent, true},
	{"dispute.*", "won", toManagers, "dispute.won.manager", events.PriorityNormal, true},
	{"dispute.*", "lost", toManagers, "dispute.lost.manager", events.PriorityNormal, true},

	{"invoice.created", "", toPayer, "invoice.created.payer", events.PriorityNormal, true},
	{"invoice.finalized", "", toPayer, "invoice.created.payer", events.PriorityNormal, true},
	{"invoice.*", "paid", toPayer, "invoice.paid.payer", events.PriorityNormal, true},

	{events.TypeSheetUpdated, "", toManagers, "sheet.updated.manager", events.PriorityNormal, false},
	{events.TypeAddressResolved, "", toManagers, "address.resolved.manager", events.PriorityNormal, false},
	{events.TypeGeneric, "", toSubscribers, "generic.received.subscriber", events.PriorityNormal, false},
}

// languages is what the bot can write in.
var languages = []string{"ru", "uz", "en"}

//go:embed notices/*.tmpl
var noticeFiles embed.FS

// noticeTexts is the templates by language.
var noticeTexts = parseNotices()

func parseNotices() map[string]*template.Template {
	texts := map[string]*template.Template{}
	for _, language := range languages {
		funcs := template.FuncMap{
			"text":  telegram.Line,
			"money": func(minor int64, code string) string { return money(language, minor, code) },
		}
		file := language + ".tmpl"
		texts[language] = template.Must(template.New(file).Funcs(funcs).ParseFS(noticeFiles, "notices/"+file))
	}
	return texts
}

// render writes a notice, within Telegram's limit.
func render(name, language string, view any) (string, error) {
	texts, known := noticeTexts[language]
	if !known {
		return "", fmt.Errorf("notice %s: no language %q", name, language)
	}
	var b strings.Builder
	if err := texts.ExecuteTemplate(&b, name, view); err != nil {
		return "", fmt.Errorf("notice %s in %s: %w", name, language, err)
	}
	return telegram.Fit(strings.TrimSpace(b.String()), telegram.TextMax), nil
}

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
)

// fact is an event as the table sees it.
type fact struct {
	events.Envelope
	occasion string // what the rows' patterns are matched with
	payment  events.PaymentChanged
	topic    string // "<source>.<type>" of a generic event: what subscriptions are matched with
	view     any    // for the template; of a payment the directory makes it
	rows     []noticeRow
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
	var err error
	kind, _, _ := strings.Cut(f.occasion, ".")
	switch {
	case slices.Contains(paymentKinds, kind):
		err = json.Unmarshal(e.Data, &f.payment)
	case f.occasion == events.TypeSheetUpdated:
		var v events.SheetUpdated
		err, f.view = json.Unmarshal(e.Data, &v), &v
	case f.occasion == events.TypeAddressResolved:
		var a events.Address
		err = json.Unmarshal(e.Data, &a)
		f.view = addressView{Address: a.Address, Building: a.Building, Place: place(a)}
	case f.occasion == events.TypeGeneric:
		var v genericView
		err, f.view = json.Unmarshal(e.Data, &v.Generic), &v
		v.Raw, f.topic = string(v.Body), v.Source+"."+v.Type
	}
	if err != nil {
		return f, fmt.Errorf("%w: data of %s: %w", events.ErrMalformed, e.Type, err)
	}
	for _, row := range noticeRows {
		if matches(row.event, f.occasion) && (row.status == "" || row.status == f.payment.Status) {
			f.rows = append(f.rows, row)
		}
	}
	return f, nil
}

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
