package updates

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ukbot/botgw/talk"
)

// kinds is every kind of update that the bot handles, by Telegram's name, and how
// it is read. What is asked of Telegram is made from it: see Allowed.
var kinds = []kindRow{
	{"message", readMessage},
	{"callback_query", readTap},
	{"my_chat_member", readMembership},
}

// kindRow is one kind. read says whether the update asks anything of the bot.
type kindRow struct {
	name string
	read func(body json.RawMessage, to Receiver, u *talk.Update) bool
}

// Allowed is the kinds of updates that Telegram is asked for.
func Allowed() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

// Receiver is the bot that updates are for.
type Receiver struct {
	Bot      int64
	Tenant   string
	Username string // without @; "" while it is not known: then every command is the bot's own
}

// ErrUnreadable says that something is no update of Telegram, and never will be.
var ErrUnreadable = errors.New("no update")

// Read makes of an update of Telegram what the bot understands; ok is false for
// one that asks nothing of it (a service message, a command to another bot). It
// takes what it can: a field of a form that Telegram never had is left out. The
// error, ErrUnreadable, says nothing of the content.
func Read(raw []byte, to Receiver) (u talk.Update, ok bool, err error) {
	head, body, err := open(raw)
	if err != nil {
		return u, false, err
	}
	u = talk.Update{Bot: to.Bot, Tenant: to.Tenant, ID: head.ID}
	for _, k := range kinds {
		if k.name != head.Type {
			continue
		}
		ok = k.read(body, to, &u)
		if u.Chat == 0 {
			return u, false, fmt.Errorf("%w: a %s of no chat", ErrUnreadable, k.name)
		}
		return u, ok, nil
	}
	return u, false, nil
}

// head is what is needed of an update to store it.
type head struct {
	ID   int64
	Type string
	Chat int64 // whose turn: the chat, the person where there is none, 0 if neither is named
}

// open reads the outermost part of an update: its id and its one other field.
func open(raw []byte) (head, json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return head{}, nil, fmt.Errorf("%w: no JSON object", ErrUnreadable)
	}
	var h head
	id, there := fields["update_id"]
	if !there || json.Unmarshal(id, &h.ID) != nil || h.ID <= 0 || h.ID > idMax {
		return head{}, nil, fmt.Errorf("%w: no update_id", ErrUnreadable)
	}
	delete(fields, "update_id")
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if h.Type == "" || slices.Contains(Allowed(), name) {
			h.Type = name
		}
	}
	if h.Type == "" {
		h.Type = "empty"
	}
	return h, fields[h.Type], nil
}

// idMax is far above Telegram's ids, which have 31 bits, and far below where one
// more would turn negative: a negative offset forgets updates.
const idMax = 1 << 52

// peek is what must be known of an update to store it.
func peek(raw []byte) (head, error) {
	h, body, err := open(raw)
	if err != nil {
		return h, err
	}
	var place struct {
		Chat    wireChat `json:"chat"`
		From    wireUser `json:"from"`
		User    wireUser `json:"user"`
		Message struct {
			Chat wireChat `json:"chat"`
		} `json:"message"`
	}
	_ = json.Unmarshal(body, &place) // what is not there is 0
	for _, id := range []int64{place.Chat.ID, place.Message.Chat.ID, place.From.ID, place.User.ID} {
		if id != 0 {
			h.Chat = id
			break
		}
	}
	return h, nil
}

// lenient reads what it can of a value: a field of the wrong form stays empty.
// Broken UTF-8 has become U+FFFD.
func lenient[T any](body json.RawMessage) (v T) {
	_ = json.Unmarshal(body, &v) // JSON it is: the outermost part was read
	return v
}

// clean is text without the one character that PostgreSQL cannot store.
func clean(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}
