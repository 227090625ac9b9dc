package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
)

func (s *Server) editMessageText(_ context.Context, b *bot, a args) (any, error) {
	f, err := messageText(a)
	if err != nil {
		return nil, chatFirst(a, err)
	}
	return s.edit(b, a, func(m *Message) error {
		if m.file() != "" {
			return errNoText
		}
		m.Text, m.Entities, m.HTML = f.text, f.entities, f.source
		return nil
	})
}

func (s *Server) editMessageReplyMarkup(_ context.Context, b *bot, a args) (any, error) {
	return s.edit(b, a, func(*Message) error { return nil })
}

// target is the message a call is about, by its place in the chat; missing is what
// Telegram says where there is none. The caller holds mu.
func (s *Server) target(b *bot, a args, missing error) (*dialog, int, error) {
	d, _, err := s.writable(b, a)
	if err != nil {
		return nil, 0, err
	}
	id := a.int("message_id")
	if id == 0 {
		return nil, 0, errNoMessageID
	}
	i, ok := d.find(id)
	if !ok {
		return nil, 0, missing
	}
	return d, i, nil
}

// edit replaces a message by a changed copy; the keyboard always becomes the
// one of this call, none included.
func (s *Server) edit(b *bot, a args, change func(*Message) error) (any, error) {
	kb, err := readMarkup(a)
	if err != nil {
		return nil, chatFirst(a, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, i, err := s.target(b, a, errEditNotFound)
	if err != nil {
		return nil, err
	}
	old := d.messages[i]
	if !old.FromBot || old.Buttons == nil && old.Markup != nil {
		return nil, errCantEdit // a person's, or one that brought a reply keyboard (TDLib's can_edit_message)
	}
	if kb.buttons == nil && kb.raw != nil {
		return nil, errInlineOnly
	}
	m := *old
	m.Buttons, m.Markup = kb.buttons, nil
	if kb.buttons != nil {
		m.Markup = kb.raw // a message's keyboard can only become an inline one
	}
	if err := change(&m); err != nil {
		return nil, err
	}
	if same(old, &m) {
		return nil, errNotModified
	}
	m.Edits = append(slices.Clip(old.Edits), Edit{Date: s.cfg.Now(), Text: old.Text, HTML: old.HTML, Buttons: old.Buttons})
	d.messages[i] = &m
	s.touch(d, &m)
	return s.wire(b, d, &m), nil
}

// same says whether an edit would change nothing a person sees.
func same(a, b *Message) bool {
	inline := func(m *Message) []byte {
		if m.Buttons == nil {
			return nil
		}
		return m.Markup
	}
	return a.Text == b.Text && a.file() == b.file() &&
		slices.EqualFunc(a.Entities, b.Entities, func(x, y Entity) bool {
			return x.Type == y.Type && x.Offset == y.Offset && x.Length == y.Length && x.URL == y.URL && x.Language == y.Language
		}) &&
		slices.EqualFunc(a.Buttons, b.Buttons, slices.Equal) && bytes.Equal(inline(a), inline(b))
}

func (s *Server) deleteMessage(_ context.Context, b *bot, a args) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, i, err := s.target(b, a, errNoDelete)
	if err != nil {
		return nil, err
	}
	// Telegram lets a bot delete for 48 hours (core.telegram.org/bots/api#deletemessage).
	if s.cfg.Now().Sub(d.messages[i].Date).Hours() > 48 {
		return nil, errCantDelete
	}
	s.remove(d, i)
	return true, nil
}

// deleteMax is how many messages one call deletes (core.telegram.org/bots/api#deletemessages).
const deleteMax = 100

// deleteMessages deletes what it can of a list, without a word about the rest.
func (s *Server) deleteMessages(_ context.Context, b *bot, a args) (any, error) {
	var ids []int
	switch {
	case a.str("message_ids") == "":
		return nil, chatFirst(a, errNoMessageIDs)
	case json.Unmarshal([]byte(a.str("message_ids")), &ids) != nil:
		return nil, chatFirst(a, bad("can't parse message identifiers JSON array"))
	case len(ids) == 0:
		return nil, chatFirst(a, errNoMessageIDs)
	case len(ids) > deleteMax:
		return nil, chatFirst(a, bad("too many message identifiers specified"))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, _, err := s.writable(b, a)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if i, ok := d.find(id); ok && s.cfg.Now().Sub(d.messages[i].Date).Hours() <= 48 {
			s.remove(d, i)
		}
	}
	return true, nil
}
