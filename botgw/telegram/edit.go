package telegram

import (
	"context"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"
)

// Edited is what a message of the bot is to say from now on.
type Edited struct {
	ChatID    int64
	MessageID int
	Text      string // Telegram's HTML, escaped already
	Plain     bool   // Text is no markup: what to do after SendPlain
	Markup    any    // inline keys; nil takes those that are there away
	Preview   bool   // show the preview of a link in the text
}

// EditText gives a text message another text and other keys. "Not modified" is
// an error that Classify calls Success.
func (b *Bot) EditText(ctx context.Context, e Edited) error {
	p := messageParams(e.ChatID, e.MessageID)
	addText(p, "text", e.Text, e.Plain)
	if !e.Preview {
		p["link_preview_options"] = noPreview
	}
	if err := addMarkup(p, e.Markup); err != nil {
		return err
	}
	return b.do(ctx, "editMessageText", p)
}

// EditCaption does so with the caption of a photo, at most CaptionMax.
func (b *Bot) EditCaption(ctx context.Context, e Edited) error {
	p := messageParams(e.ChatID, e.MessageID)
	addText(p, "caption", e.Text, e.Plain)
	if err := addMarkup(p, e.Markup); err != nil {
		return err
	}
	return b.do(ctx, "editMessageCaption", p)
}

// EditMarkup changes the keys alone; nil takes them away.
func (b *Bot) EditMarkup(ctx context.Context, chatID int64, messageID int, markup any) error {
	p := messageParams(chatID, messageID)
	if err := addMarkup(p, markup); err != nil {
		return err
	}
	return b.do(ctx, "editMessageReplyMarkup", p)
}

// Delete takes a message back; Telegram allows it for 48 hours.
func (b *Bot) Delete(ctx context.Context, chatID int64, messageID int) error {
	return b.do(ctx, "deleteMessage", messageParams(chatID, messageID))
}

// AnswerCallback ends the wait that a tap shows. The text is plain, at most
// ToastMax, and may be empty; alert shows it until the person closes it.
func (b *Bot) AnswerCallback(ctx context.Context, queryID, text string, alert bool) error {
	p := tgbotapi.Params{"callback_query_id": queryID}
	p.AddNonEmpty("text", text)
	p.AddBool("show_alert", alert)
	return b.do(ctx, "answerCallbackQuery", p)
}

// ActionTyping is the one ChatAction that text needs.
const ActionTyping = tgbotapi.ChatTyping

// ChatAction shows for 5 s, or until the next message, what the bot is doing.
func (b *Bot) ChatAction(ctx context.Context, chatID int64, action string) error {
	p := chatParams(chatID)
	p["action"] = action
	return b.do(ctx, "sendChatAction", p)
}
