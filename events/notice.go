package events

import (
	"encoding/json"
	"fmt"
	"time"
)

// TypeNotice is the type of the envelope around a Notice.
const TypeNotice = "notice"

// sourceNotifier is the part of ukbot that makes notices.
const sourceNotifier = "notifier"

// Notice is one message for one chat, ready to be sent: the data of
// bot.notice.<tenant>.<priority>.<lane>.
type Notice struct {
	ID          string          `json:"id"` // derived from event, chat and template: the same on every delivery
	Tenant      string          `json:"tenant"`
	ChatID      int64           `json:"chat_id"`
	Text        string          `json:"text"`             // Telegram's HTML, escaped and within Telegram's limit
	Markup      json.RawMessage `json:"markup,omitempty"` // the buttons below it, as Telegram wants them
	Template    string          `json:"template"`
	Language    string          `json:"language"`
	Kind        string          `json:"kind,omitempty"` // one of NoticeKinds; empty: cannot be switched off
	Priority    Priority        `json:"priority,omitempty"`
	Card        string          `json:"card,omitempty"`    // what it is about: notices of one card may share a message
	Version     int64           `json:"version,omitempty"` // of what it is about: the higher is the later
	Way         NoticeWay       `json:"way,omitempty"`
	Event       string          `json:"event"`                 // id of the event it tells of
	Correlation string          `json:"correlation,omitempty"` // row id of the webhook it all began with, or what the event is about
	Since       time.Time       `json:"since"`                 // when that webhook came: what the person has waited from
	At          time.Time       `json:"at,omitzero"`           // of the event
}

// NoticeWay is how a notice reaches its chat.
type NoticeWay string

// The ways.
const (
	NoticeNew     NoticeWay = ""        // a message of its own
	NoticeTalk    NoticeWay = "talk"    // one that later changes leave as it is: it holds what somebody said
	NoticeEdit    NoticeWay = "edit"    // changes the card's message; a new one where there is none
	NoticeRefresh NoticeWay = "refresh" // changes the card's message; nothing where there is none
)

// LaterSubject holds the schedule of a notice that waits: for the end of quiet
// hours, or for a bot. It fires onto the notice's lane. One schedule per subject,
// hence the id; it is no lane, so no lane's filter takes it.
func LaterSubject(tenant, notice string) string {
	return "bot.notice." + Token(tenant) + ".later." + Token(notice)
}

// Envelope is the notice as an event that cause made.
func (n Notice) Envelope(cause Envelope) (Envelope, error) {
	data, err := json.Marshal(n)
	if err != nil {
		return Envelope{}, fmt.Errorf("notice %s: %w", n.ID, err)
	}
	return Envelope{
		ID: n.ID, Type: TypeNotice, Tenant: n.Tenant, Source: sourceNotifier, Time: cause.Time,
		Causation: cause.ID, Correlation: n.Correlation, Trace: cause.Trace, Replay: cause.Replay,
		ContentType: "application/json", Data: data,
	}, nil
}

// DecodeNotice reads a notice from a message's headers and body; the error is ErrMalformed.
func DecodeNotice(header map[string][]string, data []byte) (Notice, error) {
	var n Notice
	e, err := Decode(header, data)
	if err != nil {
		return n, err
	}
	if e.Type != TypeNotice {
		return n, fmt.Errorf("%w: type %q is no notice", ErrMalformed, e.Type)
	}
	if err := json.Unmarshal(data, &n); err != nil {
		return n, fmt.Errorf("%w: notice: %w", ErrMalformed, err)
	}
	if n.ID == "" || n.ChatID == 0 || n.Text == "" {
		return n, fmt.Errorf("%w: notice without id, chat or text", ErrMalformed)
	}
	if n.Priority == "" {
		n.Priority = PriorityNormal
	}
	return n, nil
}
