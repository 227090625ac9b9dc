package events

import (
	"fmt"
	"strings"
)

// Subjects are <family>.<kind>.<tenant>.<…>: the third token is always the
// tenant, so one wildcard filters, permits, purges or replays a tenant.
//
//	integration.webhook.<tenant>.<source>.<event type…>   WEBHOOKS  what providers sent
//	integration.retry.<tenant>.<source>.<slot>            WEBHOOKS  parked retries: schedules that fire back onto the above
//	integration.repeat.<tenant>.<source>                  WEBHOOKS  how often which events were sent again
//	integration.payment.<tenant>.<change>                 EVENTS    payments, refunds, disputes, invoices
//	integration.sheets.<tenant>.data.updated              EVENTS    a spreadsheet changed
//	integration.geocoding.<tenant>.address.<change>       EVENTS    an address was resolved or changed
//	integration.generic.<tenant>.<source>.<event type…>   EVENTS    everything else, for whoever subscribed
//	housing.request.<tenant>.<change>                     EVENTS    repair requests: created, assigned, taken, status, commented…
//	housing.shift.<tenant>.<change>                       EVENTS    shifts: planned, opened, closed, handed over…
//	housing.user.<tenant>.<change>                        EVENTS    people: registered, approved, blocked…
//	clock.request.<tenant>.<request>                      CLOCKS    schedules: when a request's next deadline passes
//	clock.due.<tenant>                                    CLOCKS    what the schedules fire
//	bot.update.<tenant>.<lane>                            UPDATES   what people did in Telegram, as it came
//	bot.notice.<tenant>.<priority>.<lane>                 NOTICES   what a person is to be told
//	dead.<stream>.<tenant>.<consumer>                     DEAD      what could not be handled, with its cause
const (
	WebhookSubjects = "integration.webhook.>"
	RetrySubjects   = "integration.retry.>"
	RepeatSubjects  = "integration.repeat.>"
	UpdateSubjects  = "bot.update.>"
	NoticeSubjects  = "bot.notice.>"
	DeadSubjects    = "dead.>"
	// EventSubjects of EVENTS are listed one by one: "integration.>" would take
	// the webhooks too.
	PaymentSubjects   = "integration.payment.>"
	SheetsSubjects    = "integration.sheets.>"
	GeocodingSubjects = "integration.geocoding.>"
	GenericSubjects   = "integration.generic.>"
	HousingSubjects   = "housing.>"

	ClockSubjects    = "clock.request.>"
	ClockDueSubjects = "clock.due.>"
)

// Limits of what comes from outside, in bytes. A subject near 4096 bytes closes
// the connection; these keep every subject below 480.
const (
	tokenMax      = 64
	typeTokensMax = 5
)

// Token makes one subject token of anything: lower-case letters, digits, dash
// and underscore stay, every other byte becomes =XX (hex), and what would be
// longer than 64 bytes is cut and ends in "=-" and a hash. Empty gives "_".
// Different inputs give different tokens but for letter case (A to Z).
func Token(s string) string {
	if s == "" {
		return "_"
	}
	if len(s) <= tokenMax && plainToken(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			b.WriteByte(c + 'a' - 'A')
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' && len(s) > 1:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	escaped := b.String()
	if len(escaped) > tokenMax {
		// "=-" is in no escaped text, so no short input can pass for a cut one.
		const hash = 12
		return escaped[:tokenMax-len("=-")-hash] + "=-" + HashID([]byte(escaped))[len("sha256:"):][:hash]
	}
	return escaped
}

// plainToken says whether s is its own token: nearly all are.
func plainToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && (c != '_' || len(s) == 1) {
			return false
		}
	}
	return true
}

// typeTokens keeps the dots of a provider's own event type as tokens; what is
// deeper than five goes into the fifth.
func typeTokens(eventType string) string {
	if plainType(eventType) {
		return eventType
	}
	parts := strings.SplitN(eventType, ".", typeTokensMax)
	for i, part := range parts {
		parts[i] = Token(part)
	}
	return strings.Join(parts, ".")
}

// plainType says whether a type's tokens are what stands in it.
func plainType(eventType string) bool {
	rest, more := eventType, true
	for tokens := 0; more; tokens++ {
		var part string
		part, rest, more = strings.Cut(rest, ".")
		if tokens == typeTokensMax || part == "" || len(part) > tokenMax || !plainToken(part) {
			return false
		}
	}
	return true
}

// WebhookSubject is where a provider's event is stored.
func WebhookSubject(tenant, source, eventType string) string {
	return "integration.webhook." + Token(tenant) + "." + Token(source) + "." + typeTokens(eventType)
}

// WebhookFilter is every event of one webhook configuration.
func WebhookFilter(tenant, source string) string {
	return "integration.webhook." + Token(tenant) + "." + Token(source) + ".>"
}

// RetrySubject holds the schedule of a parked retry; one schedule per subject,
// so slot must differ per event.
func RetrySubject(tenant, source, slot string) string {
	return "integration.retry." + Token(tenant) + "." + Token(source) + "." + Token(slot)
}

// RepeatSubject carries counts of repeated events to the consumer of the configuration.
func RepeatSubject(tenant, source string) string {
	return "integration.repeat." + Token(tenant) + "." + Token(source)
}

// PaymentSubject announces a change of a payment: "succeeded", "refund.updated".
func PaymentSubject(tenant, change string) string {
	return "integration.payment." + Token(tenant) + "." + typeTokens(change)
}

// SheetsSubject announces changed data of a spreadsheet.
func SheetsSubject(tenant string) string {
	return "integration.sheets." + Token(tenant) + ".data.updated"
}

// GeocodingSubject announces an address: change is "resolved" or "changed".
func GeocodingSubject(tenant, change string) string {
	return "integration.geocoding." + Token(tenant) + ".address." + Token(change)
}

// GenericSubject announces any other recorded webhook.
func GenericSubject(tenant, source, eventType string) string {
	return "integration.generic." + Token(tenant) + "." + Token(source) + "." + typeTokens(eventType)
}

// RequestSubject announces a change of a repair request: "created", "assigned".
func RequestSubject(tenant, change string) string {
	return "housing.request." + Token(tenant) + "." + typeTokens(change)
}

// ShiftSubject announces a change of a shift: "opened", "handover.offered".
func ShiftSubject(tenant, change string) string {
	return "housing.shift." + Token(tenant) + "." + typeTokens(change)
}

// UserSubject announces a change of a person: "registered", "approved".
func UserSubject(tenant, change string) string {
	return "housing.user." + Token(tenant) + "." + typeTokens(change)
}

// ClockSubject holds the schedule of a request's next deadline. One schedule
// per subject: a new one replaces the old. It is the one subject with an id in
// it; nobody subscribes to it.
func ClockSubject(tenant, request string) string {
	return "clock.request." + Token(tenant) + "." + Token(request)
}

// ClockDueSubject is where a tenant's schedules fire.
func ClockDueSubject(tenant string) string { return "clock.due." + Token(tenant) }

// Priority orders what the bot sends.
type Priority string

// The priorities, the most pressing first. Replies are answers to what somebody
// just did; they pass no stream.
const (
	PriorityReply     Priority = "reply"
	PriorityUrgent    Priority = "urgent"
	PriorityNormal    Priority = "notice"
	PriorityBroadcast Priority = "broadcast"
)

// Lanes is how many ordered lanes notices and updates are spread over.
const Lanes = 32

// UpdateSubject is the lane of a chat: what is done there is handled in its order.
func UpdateSubject(tenant string, chatID int64) string {
	return fmt.Sprintf("bot.update.%s.%02d", Token(tenant), Lane(chatID))
}

// UpdateFilter is one lane of all tenants.
func UpdateFilter(lane int) string { return fmt.Sprintf("bot.update.*.%02d", lane) }

// NoticeSubject is the lane of a chat: all its notices keep their order there.
func NoticeSubject(tenant string, priority Priority, chatID int64) string {
	return fmt.Sprintf("bot.notice.%s.%s.%02d", Token(tenant), priority, Lane(chatID))
}

// NoticeFilter is one lane of all tenants and priorities.
func NoticeFilter(lane int) string { return fmt.Sprintf("bot.notice.*.*.%02d", lane) }

// Lane of a chat, 0…31. Group ids are negative; neighbours must not share a
// lane, hence the multiplication (Fibonacci hashing).
func Lane(chatID int64) int {
	return int(uint64(chatID) * 0x9E3779B97F4A7C15 >> 59)
}

// DeadSubject is where a message that cannot be handled ends.
func DeadSubject(stream, tenant, consumer string) string {
	return "dead." + Token(stream) + "." + Token(tenant) + "." + Token(consumer)
}

// SubjectTenant is the tenant's token of any subject; empty if it has none.
func SubjectTenant(subject string) string {
	parts := strings.SplitN(subject, ".", 4)
	if len(parts) < 3 {
		return ""
	}
	return parts[2]
}
