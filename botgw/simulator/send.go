package simulator

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

func (s *Server) sendMessage(_ context.Context, b *bot, a args) (any, error) {
	f, err := messageText(a)
	if err != nil {
		return nil, chatFirst(a, err)
	}
	return s.post(b, a, f, func(*Message) {})
}

func (s *Server) sendPhoto(_ context.Context, b *bot, a args) (any, error) {
	return s.sendFile(b, a, "photo", errNoPhoto)
}

func (s *Server) sendDocument(_ context.Context, b *bot, a args) (any, error) {
	return s.sendFile(b, a, "document", errNoDocument)
}

// sendFile takes an upload or the id of an earlier one.
func (s *Server) sendFile(b *bot, a args, kind string, missing error) (any, error) {
	f, err := caption(a)
	if err != nil {
		return nil, chatFirst(a, err)
	}
	id, err := s.take(b, a, kind, a.str(kind), missing)
	if err != nil {
		return nil, chatFirst(a, err)
	}
	return s.post(b, a, f, func(m *Message) { m.attach(kind, id) })
}

// room is the chat a bot may write to now, and the message it answers. The caller holds mu.
func (s *Server) room(b *bot, a args) (d *dialog, chat int64, to int, err error) {
	if d, chat, err = s.writable(b, a); err != nil {
		return nil, 0, 0, err
	}
	if to, err = d.replyTo(a); err != nil {
		return nil, 0, 0, err
	}
	return d, chat, to, s.throttle(b, d, chat)
}

// post puts a bot's message into its chat, if Telegram would.
func (s *Server) post(b *bot, a args, f formatted, attach func(*Message)) (any, error) {
	kb, err := readMarkup(a)
	if err != nil {
		return nil, chatFirst(a, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, chat, to, err := s.room(b, a)
	if err != nil {
		return nil, err
	}
	m := &Message{
		ChatID: chat, FromBot: true, Text: f.text, Entities: f.entities, HTML: f.source,
		Buttons: kb.buttons, Markup: kb.raw, ReplyTo: to,
	}
	attach(m)
	s.add(b, d, m)
	d.show(kb.keyboard, m.ID)
	return s.wire(b, d, m), nil
}

// chatFirst keeps Telegram's order of complaints: a missing chat_id is named
// before anything wrong with the content.
func chatFirst(a args, err error) error {
	if a.str("chat_id") == "" {
		return errChatEmpty
	}
	return err
}

// replyTo is the message a new one answers to, 0 for none.
func (d *dialog) replyTo(a args) (int, error) {
	id, lenient := a.int("reply_to_message_id"), a.bool("allow_sending_without_reply")
	if raw := a.str("reply_parameters"); raw != "" {
		var p struct {
			MessageID int  `json:"message_id"`
			Lenient   bool `json:"allow_sending_without_reply"`
		}
		if json.Unmarshal([]byte(raw), &p) != nil {
			return 0, bad("can't parse reply parameters JSON object")
		}
		id, lenient = p.MessageID, p.Lenient
	}
	if id == 0 {
		return 0, nil
	}
	if _, ok := d.find(id); ok {
		return id, nil
	}
	if lenient {
		return 0, nil
	}
	return 0, errNoReply
}

// actions is what a bot may be seen doing.
var actions = map[string]bool{
	"typing": true, "upload_photo": true, "record_video": true, "upload_video": true, "record_voice": true,
	"upload_voice": true, "upload_document": true, "choose_sticker": true, "find_location": true,
	"record_video_note": true, "upload_video_note": true,
}

func (s *Server) sendChatAction(_ context.Context, b *bot, a args) (any, error) {
	if !actions[strings.ToLower(a.str("action"))] {
		return nil, chatFirst(a, errAction)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, _, err := s.writable(b, a)
	if err != nil {
		return nil, err
	}
	d.action, d.acted = strings.ToLower(a.str("action")), s.cfg.Now()
	s.touch(d, nil)
	return true, nil
}

// actionLife is how long an action is shown (core.telegram.org/bots/api#sendchataction).
const actionLife = 5 * time.Second

// Action is what a person sees the bot doing now: "typing", "" for nothing.
func (s *Server) Action(botToken string, userID int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	if err != nil || s.cfg.Now().Sub(ph.d.acted) >= actionLife {
		return ""
	}
	return ph.d.action
}
