package speak

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"ukbot/botgw/pace"
	"ukbot/botgw/telegram"
	"ukbot/nats"
)

// delivery is the way of one turn's answers to one chat.
type delivery struct {
	*Speaker
	bot    *telegram.Bot
	line   *pace.Line // nil: nothing is limited
	tenant string
	chat   int64
	log    zerolog.Logger
}

// errGone says that the chat cannot be written to: nothing more is tried.
var errGone = errors.New("chat is unreachable")

// run does the steps from the one that comes after done, and says how many are
// done then.
func (d *delivery) run(ctx context.Context, steps []step, done int) (int, error) {
	for ; done < len(steps); done++ {
		err := d.do(ctx, steps[done])
		if errors.Is(err, errGone) {
			return len(steps), nil
		}
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

func (d *delivery) do(ctx context.Context, s step) error {
	switch s.act {
	case typing:
		d.typing(ctx)
		return nil
	case unkey:
		d.unkey(ctx, s.message)
		return nil
	case edit:
		done, err := d.edit(ctx, s)
		if done || err != nil {
			return err
		}
	case photos:
		return d.photos(ctx, s)
	}
	return d.send(ctx, s)
}

func (d *delivery) typing(ctx context.Context) {
	began := time.Now()
	err := d.bot.ChatAction(ctx, d.chat, telegram.ActionTyping)
	d.cfg.Metrics.call("sendChatAction", telegram.Classify(err).Action.String(), began)
}

// unkeyMax is how long the next update of a chat may wait because buttons go.
const unkeyMax = time.Second

// unkey takes the buttons from a message. It is tidying: tried once, beside the
// line, so that no answer waits its turn behind it; and where it fails the buttons
// stay, which harms nobody, for whoever answers a tap knows what is current.
func (d *delivery) unkey(ctx context.Context, message int) {
	ctx, cancel := context.WithTimeout(ctx, unkeyMax)
	defer cancel()
	_, _ = d.once(ctx, call{method: "editMessageReplyMarkup"}, func(ctx context.Context) error {
		return d.bot.EditMarkup(ctx, d.chat, message, nil)
	})
}

// edit changes a message; done is false where a new one is to take its place.
func (d *delivery) edit(ctx context.Context, s step) (done bool, err error) {
	e := telegram.Edited{ChatID: d.chat, MessageID: s.message, Text: s.text, Markup: d.markup(ctx, s)}
	if s.text == "" {
		_, err := d.call(ctx, call{method: "editMessageReplyMarkup", again: true}, func(ctx context.Context) error {
			return d.bot.EditMarkup(ctx, d.chat, s.message, e.Markup)
		})
		return true, err
	}
	action, err := d.editText(ctx, e)
	if action == telegram.EditCaption {
		action, err = d.editCaption(ctx, e)
	}
	if action == telegram.Success && err == nil && s.shown != nil {
		s.shown(s.message)
	}
	return action == telegram.Success, err
}

func (d *delivery) editText(ctx context.Context, e telegram.Edited) (telegram.Action, error) {
	return d.plainly(ctx, call{method: "editMessageText", again: true}, func(ctx context.Context, plain bool) error {
		e.ChatID = d.chat
		return d.bot.EditText(ctx, plainEdit(e, plain))
	})
}

// editCaption is editText of a photo; where the words do not fit below it, it
// goes, and a message takes its place.
func (d *delivery) editCaption(ctx context.Context, e telegram.Edited) (telegram.Action, error) {
	if telegram.Visible(e.Text) > captionMax {
		_, err := d.call(ctx, call{method: "deleteMessage", again: true}, func(ctx context.Context) error {
			return d.bot.Delete(ctx, d.chat, e.MessageID)
		})
		return telegram.SendNew, err
	}
	return d.plainly(ctx, call{method: "editMessageCaption", again: true}, func(ctx context.Context, plain bool) error {
		e.ChatID = d.chat
		return d.bot.EditCaption(ctx, plainEdit(e, plain))
	})
}

func plainEdit(e telegram.Edited, plain bool) telegram.Edited {
	if plain {
		e.Plain, e.Text = true, telegram.Plain(e.Text)
	}
	return e
}

// send sends a message.
func (d *delivery) send(ctx context.Context, s step) error {
	if s.text == "" {
		d.log.Error().Msg("a screen without words is not shown")
		return nil
	}
	o := telegram.Outgoing{Text: s.text, Markup: d.markup(ctx, s)}
	return d.sent(ctx, "sendMessage", o, s.shown, func(ctx context.Context, o telegram.Outgoing) ([]int, error) {
		id, err := d.bot.Send(ctx, o)
		return []int{id}, err
	})
}

// photos sends one photo or an album.
func (d *delivery) photos(ctx context.Context, s step) error {
	images := make([]telegram.Photo, len(s.images))
	for i, image := range s.images {
		images[i] = telegram.Photo{FileID: image.FileID, Name: image.Name, Data: image.Data}
	}
	method := "sendPhoto"
	if len(images) > 1 {
		method = "sendMediaGroup"
	}
	o := telegram.Outgoing{Text: s.text, Markup: d.markup(ctx, s)}
	return d.sent(ctx, method, o, s.shown, func(ctx context.Context, o telegram.Outgoing) ([]int, error) {
		return d.bot.SendPhotos(ctx, o, images)
	})
}

// sent makes a call that sends, and tells shown the id of the first message.
func (d *delivery) sent(
	ctx context.Context, method string, o telegram.Outgoing, shown func(int),
	send func(context.Context, telegram.Outgoing) ([]int, error),
) error {
	var ids []int
	action, err := d.plainly(ctx, call{method: method}, func(ctx context.Context, plain bool) (err error) {
		o := o
		o.ChatID = d.chat
		if plain {
			o.Plain, o.Text = true, telegram.Plain(o.Text)
		}
		ids, err = send(ctx, o)
		return err
	})
	switch {
	case err != nil:
		return err
	case action != telegram.Success:
		return nats.Permanent(fmt.Errorf("telegram %s: %s", method, action)) // logged by call
	case shown != nil && len(ids) > 0:
		shown(ids[0])
	}
	return nil
}

// plainly makes a call, and once more without markup where Telegram cannot read
// that: a bug of ours, but no reason to say nothing.
func (d *delivery) plainly(ctx context.Context, c call, do func(ctx context.Context, plain bool) error) (telegram.Action, error) {
	action, err := d.call(ctx, c, func(ctx context.Context) error { return do(ctx, false) })
	if action != telegram.SendPlain || err != nil {
		return action, err
	}
	return d.call(ctx, c, func(ctx context.Context) error { return do(ctx, true) })
}
