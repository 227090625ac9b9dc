package ops

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"ukbot/events"
	"ukbot/sql/db"
)

// Statuses an event can have.
const (
	StatusPending    = "pending"
	StatusProcessing = "processing"
	StatusCompleted  = "completed"
	StatusFailed     = "failed"
	StatusRetrying   = "retrying"
)

var statuses = []string{StatusPending, StatusProcessing, StatusCompleted, StatusFailed, StatusRetrying}

// Filter says which events of a tenant are meant. Empty fields filter nothing.
type Filter struct {
	Tenant string
	Source string
	Type   string // "payment_intent.*": * is any run of characters
	Status string
	Error  string // part of the last error, in any letter case
	Since  time.Time
	Until  time.Time // received before
	Limit  int       // of events on the page; 0: PageDefault, at most PageMax
	Cursor string    // Page.Next of the page before
}

// Sizes of a page, in events.
const (
	PageDefault = 50
	PageMax     = 200
)

// textMax is the longest filter text, in bytes: longer than anything it could match.
const textMax = 1000

// check refuses what could match nothing or what PostgreSQL cannot hold.
func (f Filter) check() error {
	if !events.ValidName(f.Tenant) {
		return InvalidError{"tenant", "lower-case letters, digits, - and _, at most 48"}
	}
	for name, text := range map[string]string{"source": f.Source, "type": f.Type, "error": f.Error} {
		if !storable(text) {
			return InvalidError{name, "is not text of at most " + strconv.Itoa(textMax) + " bytes"}
		}
	}
	switch {
	case f.Status != "" && !slices.Contains(statuses, f.Status):
		return InvalidError{"status", "is one of " + strings.Join(statuses, ", ")}
	case f.Limit < 0 || f.Limit > PageMax:
		return InvalidError{"limit", "is 1 to " + strconv.Itoa(PageMax)}
	case !f.Since.IsZero() && !f.Until.IsZero() && !f.Since.Before(f.Until):
		return InvalidError{"until", "is not after since"}
	}
	return nil
}

// storable says whether PostgreSQL's text could hold s.
func storable(s string) bool {
	return len(s) <= textMax && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

// params is the filter as the query takes it, for one row more than the page.
func (f Filter) params() (db.WebhooksParams, error) {
	if err := f.check(); err != nil {
		return db.WebhooksParams{}, err
	}
	p := db.WebhooksParams{
		TenantID: f.Tenant, Source: given(f.Source), Status: given(f.Status),
		EventType: given(strings.ReplaceAll(likeLiteral(f.Type), "*", "%")),
		PageSize:  int32(f.pageSize() + 1),
	}
	if f.Error != "" {
		p.Error = given("%" + likeLiteral(f.Error) + "%")
	}
	if !f.Since.IsZero() {
		p.Since = &f.Since
	}
	if !f.Until.IsZero() {
		p.Until = &f.Until
	}
	if f.Cursor != "" {
		last, err := parseCursor(f.Cursor)
		if err != nil {
			return p, err
		}
		p.Before, p.BeforeID = &last.at, &last.id
	}
	return p, nil
}

func (f Filter) pageSize() int {
	if f.Limit == 0 {
		return PageDefault
	}
	return f.Limit
}

func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// likeLiteral makes LIKE take every character of s for itself.
func likeLiteral(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// cursor is the last row of a page: many rows can share a time, so the id belongs to it.
type cursor struct {
	at time.Time
	id uuid.UUID
}

const cursorBytes = 8 + 16

// String is the opaque form: the time in microseconds (PostgreSQL's precision) and the id.
func (c cursor) String() string {
	raw := binary.BigEndian.AppendUint64(make([]byte, 0, cursorBytes), uint64(c.at.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(raw, c.id[:]...))
}

// cursorTimes bound a cursor's time to what PostgreSQL can hold.
var cursorTimes = struct{ first, last time.Time }{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}

func parseCursor(text string) (cursor, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != cursorBytes {
		return cursor{}, InvalidError{"cursor", "is not the next of an earlier page"}
	}
	c := cursor{at: time.UnixMicro(int64(binary.BigEndian.Uint64(raw))).UTC(), id: uuid.UUID(raw[8:])}
	if c.at.Before(cursorTimes.first) || c.at.After(cursorTimes.last) {
		return cursor{}, InvalidError{"cursor", "is not the next of an earlier page"}
	}
	return c, nil
}

// ParseTime reads RFC 3339, or how long ago as a duration: "90m", "1h", "7d".
// parameter names what is parsed in the error.
func ParseTime(parameter, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	// A plus sign that nobody escaped arrives as a space.
	if at, err := time.Parse(time.RFC3339Nano, strings.ReplaceAll(text, " ", "+")); err == nil {
		return at.UTC(), nil
	}
	ago, err := time.ParseDuration(text)
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		var n uint16
		n, err = parseDays(days)
		ago = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || ago < 0 {
		return time.Time{}, InvalidError{parameter, "is a time (2026-03-01T12:00:00Z) or how long ago (90m, 1h, 7d)"}
	}
	return now.Add(-ago).UTC(), nil
}

func parseDays(text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err
}
