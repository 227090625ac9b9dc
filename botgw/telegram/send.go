package telegram

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"
)

// Outgoing is a message to be sent.
type Outgoing struct {
	ChatID  int64
	Text    string // Telegram's HTML, escaped already
	Plain   bool   // Text is no markup: what to do after SendPlain
	Markup  any    // reply_markup, anything that marshals to it; nil for none
	ReplyTo int    // a message to answer; sent without when that one is gone
	Silent  bool   // no sound
	Preview bool   // show the preview of a link in the text
}

// params are the message as sendMessage's parameters.
func (o Outgoing) params() (tgbotapi.Params, error) {
	p := chatParams(o.ChatID)
	if err := addMarkup(p, o.Markup); err != nil {
		return nil, err
	}
	addText(p, "text", o.Text, o.Plain)
	if o.ReplyTo != 0 {
		p["reply_parameters"] = fmt.Sprintf(`{"message_id":%d,"allow_sending_without_reply":true}`, o.ReplyTo)
	}
	if !o.Preview {
		p["link_preview_options"] = noPreview
	}
	p.AddBool("disable_notification", o.Silent)
	return p, nil
}

// Send sends one message and returns its id, 0 in the odd case that Telegram
// accepted it and the id cannot be read. Classify says what an error asks for;
// after Retry the message may have arrived.
func (b *Bot) Send(ctx context.Context, o Outgoing) (messageID int, err error) {
	p, err := o.params()
	if err != nil {
		return 0, err
	}
	raw, err := b.Call(ctx, "sendMessage", p)
	if err != nil {
		return 0, err
	}
	var m struct {
		ID int `json:"message_id"`
	}
	// It has been accepted: an error now would have it sent a second time.
	_ = json.Unmarshal(raw, &m)
	return m.ID, nil
}

// noPreview keeps the page behind a link out of the message.
const noPreview = `{"is_disabled":true}`

// chatParams are the parameters of a call about a chat.
func chatParams(chatID int64) tgbotapi.Params {
	return tgbotapi.Params{"chat_id": strconv.FormatInt(chatID, 10)}
}

// messageParams are the parameters of a call about a message.
func messageParams(chatID int64, messageID int) tgbotapi.Params {
	p := chatParams(chatID)
	p["message_id"] = strconv.Itoa(messageID)
	return p
}

// addText sets a text or a caption.
func addText(p tgbotapi.Params, name, text string, plain bool) {
	p[name] = text
	if !plain {
		p["parse_mode"] = tgbotapi.ModeHTML
	}
}

// addMarkup sets the keys, if there are any.
func addMarkup(p tgbotapi.Params, markup any) error {
	if markup == nil {
		return nil
	}
	return addJSON(p, "reply_markup", markup)
}

// addJSON sets a parameter that is an object or a list.
func addJSON(p tgbotapi.Params, name string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("marshal %s: %w", name, err)
	}
	p[name] = string(raw)
	return nil
}
