package simulator

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Message is one message as it stands now in a chat.
type Message struct {
	Seq      int64           `json:"seq"` // order of acceptance over all chats
	Bot      string          `json:"bot"` // the bot's user name
	ChatID   int64           `json:"chat_id"`
	ID       int             `json:"id"`
	FromBot  bool            `json:"from_bot"`
	Date     time.Time       `json:"date"`
	Text     string          `json:"text"` // without markup; of a file, its caption
	Entities []Entity        `json:"entities,omitempty"`
	HTML     string          `json:"html,omitempty"` // as the bot sent it
	Buttons  [][]Button      `json:"buttons,omitempty"`
	Markup   json.RawMessage `json:"markup,omitempty"` // reply_markup as sent
	ReplyTo  int             `json:"reply_to,omitempty"`
	Photo    string          `json:"photo,omitempty"`    // file id
	Document string          `json:"document,omitempty"` // file id
	Video    string          `json:"video,omitempty"`    // file id
	Voice    string          `json:"voice,omitempty"`    // file id
	Sticker  string          `json:"sticker,omitempty"`  // file id
	Contact  *Contact        `json:"contact,omitempty"`
	Location *Location       `json:"location,omitempty"`
	Album    string          `json:"album,omitempty"` // the same for all of one album
	Edits    []Edit          `json:"edits,omitempty"` // what it said before, oldest first

	rev int64 // Server.rev of its last change
}

// file is the id of the file it shows, "" for none.
func (m *Message) file() string {
	return cmp.Or(m.Photo, m.Document, m.Video, m.Voice, m.Sticker)
}

// Contact is a shared telephone number.
type Contact struct {
	Phone     string `json:"phone_number"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name,omitempty"`
	UserID    int64  `json:"user_id,omitempty"` // whose it is, where Telegram knows
}

// Location is a shared place.
type Location struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// Edit is a former state of a message.
type Edit struct {
	Date time.Time `json:"date"` // when it was replaced
	Text string    `json:"text"`
	HTML string    `json:"html,omitempty"`

	Buttons [][]Button `json:"buttons,omitempty"`
}

// dialogKey names a chat as one bot sees it: two bots in a private chat with one
// person are two chats.
type dialogKey struct{ bot, chat int64 }

// dialog is what was said in one of them. Messages are replaced, never changed,
// so that a reader may keep what it was given.
type dialog struct {
	messages []*Message       // ascending by ID
	gone     map[int]*Message // deleted ones: their buttons may still be on a screen
	started  bool             // the person has written to the bot, which may write back
	blocked  bool
	keyboard *Keyboard // in place of the letters; nil: none
	action   string    // what the bot was last seen doing: "typing" …
	acted    time.Time // when it said so
	rev      int64     // Server.rev of its last change
	calls    []*call   // about this chat, oldest first
	taps     []*query  // the last ones
	pace     bucket
	minute   bucket // groups only
}

// dialog finds or makes a bot's chat. The caller holds s.mu.
func (s *Server) dialog(b *bot, chat int64) *dialog {
	key := dialogKey{b.id, chat}
	d := s.dialogs[key]
	if d == nil {
		d = &dialog{}
		s.dialogs[key] = d
	}
	return d
}

// add accepts a message into a chat and numbers it. The caller holds s.mu.
func (s *Server) add(b *bot, d *dialog, m *Message) {
	s.seq++
	b.lastMessage++
	m.Seq, m.ID, m.Bot, m.Date = s.seq, b.lastMessage, b.username, s.cfg.Now()
	if m.FromBot {
		s.sent++
		d.action = "" // a message ends the typing
	}
	d.messages = append(d.messages, m)
	if keep := s.cfg.KeepPerChat; len(d.messages) >= 2*keep {
		d.messages = slices.Clone(d.messages[len(d.messages)-keep:])
	}
	s.touch(d, m)
}

// touchWorld marks what is not one chat's as changed: people, faults. The caller
// holds s.mu.
func (s *Server) touchWorld() {
	s.rev++
	s.worldRev = s.rev
	s.announce()
}

// touch marks a message, if any, and its chat as changed. The caller holds s.mu.
func (s *Server) touch(d *dialog, m *Message) {
	s.rev++
	d.rev = s.rev
	if m != nil {
		m.rev = s.rev
	}
	s.announce()
}

// remove takes a message out of its chat. A keyboard goes with the message that
// brought it, as in Telegram's apps. The caller holds s.mu.
func (s *Server) remove(d *dialog, i int) {
	m := d.messages[i]
	if d.gone == nil || len(d.gone) >= s.cfg.KeepPerChat {
		d.gone = map[int]*Message{}
	}
	d.gone[m.ID] = m
	if d.keyboard != nil && d.keyboard.Message == m.ID {
		d.keyboard = nil
	}
	d.messages = slices.Delete(slices.Clone(d.messages), i, i+1)
	s.touch(d, nil)
}

// find is the place of a message in its chat.
func (d *dialog) find(id int) (int, bool) {
	return slices.BinarySearchFunc(d.messages, id, func(m *Message, id int) int { return cmp.Compare(m.ID, id) })
}

// Messages is what a chat shows, oldest first, at most Config.KeepPerChat of
// each bot. Chat 0 stands for all chats.
func (s *Server) Messages(chatID int64) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.messages(chatID)
}

func (s *Server) messages(chatID int64) []Message {
	var all []Message
	for key, d := range s.dialogs {
		if chatID != 0 && key.chat != chatID {
			continue
		}
		for _, m := range d.messages[max(0, len(d.messages)-s.cfg.KeepPerChat):] {
			all = append(all, *m)
		}
	}
	slices.SortFunc(all, func(a, b Message) int { return cmp.Compare(a.Seq, b.Seq) })
	return all
}

// Sent counts the messages accepted from bots since start, whether kept or not.
func (s *Server) Sent() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

// Wait returns a chat's messages as soon as cond holds for them (chat 0: all
// chats). When ctx ends first it returns the messages of that moment too.
func (s *Server) Wait(ctx context.Context, chatID int64, cond func([]Message) bool) ([]Message, error) {
	var seen []Message
	err := s.until(ctx, func() func() bool {
		seen = s.messages(chatID)
		return func() bool { return cond(seen) }
	})
	if err != nil {
		return seen, fmt.Errorf("wait for messages of chat %d (%d there): %w", chatID, len(seen), err)
	}
	return seen, nil
}

// WaitSent waits until bots have sent n messages in all; it copies none, so it
// suits a benchmark.
func (s *Server) WaitSent(ctx context.Context, n int64) error {
	sent := int64(0)
	err := s.until(ctx, func() func() bool {
		sent = s.sent
		return func() bool { return sent >= n }
	})
	if err != nil {
		return fmt.Errorf("wait for %d messages sent (%d so far): %w", n, sent, err)
	}
	return nil
}

// until looks after every change, under the lock, and judges what it saw
// outside of it.
func (s *Server) until(ctx context.Context, look func() func() bool) error {
	for {
		s.mu.Lock()
		judge, changed := look(), s.changed
		s.mu.Unlock()
		if judge() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
