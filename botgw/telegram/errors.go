package telegram

import (
	"errors"
	"slices"
	"strings"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"
)

// Action is what an answer of Telegram asks for.
type Action int

const (
	Retry       Action = iota // network, time-out, 5xx: back off 1→60 s; a message may have arrived
	Success                   // done, or nothing to change
	HoldChat                  // wait RetryAfter before anything else goes to this chat
	Unreachable               // the chat cannot be written to until it returns: mark it, do not try again
	SendPlain                 // our markup is wrong, a bug to log: send once more without markup
	SendNew                   // the message to edit is gone: send a new one
	EditCaption               // the message to edit is a photo or file: edit its caption
	Ignore                    // came too late to matter: go on
	Migrate                   // the group has a new id, MigrateTo: store it, send there
	Conflict                  // another poller or a webhook has the updates: back off
	Fatal                     // the token is not accepted: stop and alert
	Bug                       // Telegram will never accept this: log, do not try again
)

// actionNames are for logs and metric labels.
var actionNames = [...]string{
	Retry: "retry", Success: "success", HoldChat: "hold_chat", Unreachable: "unreachable", SendPlain: "send_plain",
	SendNew: "send_new", EditCaption: "edit_caption", Ignore: "ignore", Migrate: "migrate", Conflict: "conflict", Fatal: "fatal", Bug: "bug",
}

func (a Action) String() string {
	if a < 0 || int(a) >= len(actionNames) {
		return "unknown"
	}
	return actionNames[a]
}

// anyServerError stands in the table for every code from 500 to 599.
const anyServerError = 5

// rule is one row.
type rule struct {
	code   int
	words  string // part of the description; "" for any
	action Action
}

// rules is every refusal of Telegram and what it asks for; the first row whose
// code is equal and whose words occur decides. This is the one place that reads
// Telegram's texts: it sends nothing else to tell its 400s apart. An error that
// is no refusal at all (network, time-out, no JSON) is Retry; a code that is not
// listed is Bug.
var rules = []rule{
	{429, "", HoldChat}, // Too Many Requests: retry after N

	{403, "", Unreachable}, // blocked by the user, deactivated, kicked, can't initiate conversation, no right to write

	{400, "message is not modified", Success},
	{400, "query is too old", Ignore},
	{400, "message to edit not found", SendNew},
	{400, "message can't be edited", SendNew},
	{400, "there is no text in the message to edit", EditCaption},
	{400, "message to delete not found", Ignore},
	{400, "message can't be deleted", Ignore},
	{400, "can't parse entities", SendPlain},
	{400, "upgraded to a supergroup", Migrate},
	{400, "chat not found", Unreachable},
	{400, "have no rights to send a message", Unreachable},
	{400, "not enough rights to send", Unreachable},
	{400, "", Bug}, // BUTTON_DATA_INVALID, message is too long, reply markup is too long …

	{401, "", Fatal},
	{404, "method not found", Bug},
	{404, "", Fatal}, // a token without its colon, or an endpoint that is none
	{409, "", Conflict},
	{413, "", Bug}, // Request Entity Too Large
	{anyServerError, "", Retry},
}

// Verdict is an action with what it needs.
type Verdict struct {
	Action     Action
	RetryAfter time.Duration // how long Telegram asks to wait; at least 1 s with HoldChat
	MigrateTo  int64         // the group's new id, with Migrate
}

// Classify says what the error of a call asks for; nil is Success.
func Classify(err error) Verdict {
	if err == nil {
		return Verdict{Action: Success}
	}
	refusal, ok := errors.AsType[*tgbotapi.Error](err)
	if !ok {
		return Verdict{Action: Retry}
	}
	v := Verdict{
		Action:     Bug,
		RetryAfter: time.Duration(refusal.RetryAfter) * time.Second,
		MigrateTo:  refusal.MigrateToChatID,
	}
	if i := match(refusal.Code, refusal.Message); i >= 0 {
		v.Action = rules[i].action
	}
	switch {
	case v.Action == HoldChat:
		v.RetryAfter = max(v.RetryAfter, time.Second)
	case v.Action == Migrate && v.MigrateTo == 0:
		v.Action = Unreachable // nowhere to follow to
	}
	return v
}

// match is the first row that fits, -1 for none.
func match(code int, description string) int {
	return slices.IndexFunc(rules, func(r rule) bool {
		return (r.code == code || r.code == code/100) && strings.Contains(description, r.words)
	})
}
