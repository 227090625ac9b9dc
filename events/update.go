package events

import (
	"fmt"
	"strconv"
	"time"
)

// sourceTelegram is where updates come from.
const sourceTelegram = "telegram"

// Update is one update of Telegram as it came: the data of
// bot.update.<tenant>.<lane>, and what its lane must know without reading it.
type Update struct {
	ID     string // see UpdateID
	Type   string // as Telegram names it: "message", "callback_query"
	Tenant string
	Bot    int64     // the bot's id, the public half of its token
	Chat   int64     // whose turn it is: the chat, or the person where there is none; 0 if that cannot be told
	Time   time.Time // when it arrived
	Trace  string    // W3C traceparent
	Data   []byte
}

// UpdateID names an update, however often and by whichever way it comes. It is
// also its Nats-Msg-Id.
func UpdateID(bot, update int64) string { return fmt.Sprintf("tg-%d-%d", bot, update) }

// UnreadableID names what came from Telegram and is no update.
func UnreadableID(bot int64, data []byte) string { return fmt.Sprintf("tg-%d-%s", bot, HashID(data)) }

// Headers of an update beside those of its envelope.
const (
	headerBot  = "ukbot-bot"
	headerChat = "ukbot-chat"
)

// Header is the wire form of the attributes.
func (u Update) Header() map[string][]string {
	header := Envelope{
		ID: u.ID, Type: u.Type, Tenant: u.Tenant, Source: sourceTelegram, Time: u.Time,
		Trace: u.Trace, ContentType: "application/json",
	}.Header()
	header[headerBot] = []string{strconv.FormatInt(u.Bot, 10)}
	header[headerChat] = []string{strconv.FormatInt(u.Chat, 10)}
	return header
}

// Subject is the lane the update goes to.
func (u Update) Subject() string { return UpdateSubject(u.Tenant, u.Chat) }

// DecodeUpdate reads what Header wrote; the error is ErrMalformed.
func DecodeUpdate(header map[string][]string, data []byte) (Update, error) {
	e, err := Decode(header, data)
	if err != nil {
		return Update{}, err
	}
	u := Update{ID: e.ID, Type: e.Type, Tenant: e.Tenant, Time: e.Time, Trace: e.Trace, Data: data}
	for name, number := range map[string]*int64{headerBot: &u.Bot, headerChat: &u.Chat} {
		if *number, err = number64(header[name]); err != nil {
			return u, fmt.Errorf("%w: %s", ErrMalformed, name)
		}
	}
	return u, nil
}

// UpdateKey is the chat of one bot, from the headers alone: what is done there
// keeps its order.
func UpdateKey(header map[string][]string) string {
	return first(header[headerBot]) + "/" + first(header[headerChat])
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func number64(values []string) (int64, error) { return strconv.ParseInt(first(values), 10, 64) }
