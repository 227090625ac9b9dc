package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// This file is what a person sends besides text, and what they change later.
// Each returns the id of the message.

// SendPhoto sends a picture; Message.Photo then holds its file id.
func (s *Server) SendPhoto(botToken string, userID int64, data []byte, caption string) (messageID int, err error) {
	return s.sendOne(botToken, userID, File{Data: data, kind: "photo"}, caption)
}

// SendDocument sends a file under its name.
func (s *Server) SendDocument(botToken string, userID int64, name string, data []byte, caption string) (messageID int, err error) {
	return s.sendOne(botToken, userID, File{Name: name, Data: data, kind: "document"}, caption)
}

// SendVideo sends a film.
func (s *Server) SendVideo(botToken string, userID int64, data []byte, caption string) (messageID int, err error) {
	return s.sendOne(botToken, userID, File{Name: "video.mp4", Mime: "video/mp4", Data: data, kind: "video"}, caption)
}

// SendVoice sends a recording.
func (s *Server) SendVoice(botToken string, userID int64, data []byte) (messageID int, err error) {
	return s.sendOne(botToken, userID, File{Mime: "audio/ogg", Data: data, kind: "voice"}, "")
}

// SendSticker sends a sticker.
func (s *Server) SendSticker(botToken string, userID int64) (messageID int, err error) {
	return s.sendOne(botToken, userID, File{Mime: "image/webp", Data: []byte("RIFF sticker"), kind: "sticker"}, "")
}

// SendContact shares a contact; the zero Contact is the person's own.
func (s *Server) SendContact(botToken string, userID int64, c Contact) (messageID int, err error) {
	return s.send(botToken, userID, func(ph phone) *Message {
		if c == (Contact{}) {
			return &Message{Contact: ph.p.contact()}
		}
		return &Message{Contact: &c}
	})
}

// SendLocation shares a place.
func (s *Server) SendLocation(botToken string, userID int64, at Location) (messageID int, err error) {
	return s.send(botToken, userID, func(phone) *Message { return &Message{Location: &at} })
}

// albumMax is how many photos one album has (python-telegram-bot's constants).
const albumMax = 10

// SendAlbum sends photos as one: each comes in an update of its own, with the
// same media_group_id; the caption is the first one's.
func (s *Server) SendAlbum(botToken string, userID int64, photos [][]byte, caption string) (messageIDs []int, err error) {
	if len(photos) < 2 || len(photos) > albumMax {
		return nil, fmt.Errorf("send an album of %d: want 2–%d", len(photos), albumMax)
	}
	ids := make([]string, len(photos))
	for i, data := range photos {
		if ids[i], err = s.upload(botToken, userID, File{Data: data, kind: "photo"}); err != nil {
			return nil, fmt.Errorf("send an album: %w", err)
		}
	}
	return s.sendAlbum(botToken, userID, ids, caption)
}

// sendAlbum sends uploaded photos.
func (s *Server) sendAlbum(botToken string, userID int64, fileIDs []string, caption string) (messageIDs []int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	if err == nil {
		err = cmp.Or(ph.able(), captionFits(caption))
	}
	if err != nil {
		return nil, fmt.Errorf("send an album as %d: %w", userID, err)
	}
	s.seq++
	album := strconv.FormatInt(13_000_000_000_000_000+s.seq, 10)
	for _, id := range fileIDs {
		messageIDs = append(messageIDs, s.utter(ph, &Message{Photo: id, Album: album, Text: strings.TrimSpace(caption)}))
		caption = ""
	}
	return messageIDs, nil
}

func captionFits(caption string) error {
	if units(caption) > captionMax {
		return fmt.Errorf("a caption has at most %d characters", captionMax)
	}
	return nil
}

// upload stores a person's file for a bot to fetch.
func (s *Server) upload(botToken string, userID int64, f File) (fileID string, err error) {
	s.mu.Lock()
	b := s.bots[botToken]
	s.mu.Unlock()
	if b == nil {
		return "", errNoBot
	}
	f.chat = userID
	return s.store(b, f)
}

func (s *Server) sendOne(botToken string, userID int64, f File, caption string) (int, error) {
	if err := captionFits(caption); err != nil {
		return 0, fmt.Errorf("send as %d: %w", userID, err)
	}
	id, err := s.upload(botToken, userID, f)
	if err != nil {
		return 0, fmt.Errorf("send as %d: %w", userID, err)
	}
	return s.send(botToken, userID, func(phone) *Message {
		m := &Message{Text: strings.TrimSpace(caption)}
		m.attach(f.kind, id)
		return m
	})
}

// send lets a person send what is made for them, if they can now.
func (s *Server) send(botToken string, userID int64, what func(phone) *Message) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	if err == nil {
		err = ph.able()
	}
	if err != nil {
		return 0, fmt.Errorf("send as %d: %w", userID, err)
	}
	return s.utter(ph, what(ph)), nil
}

// say puts a person's text into the chat and its update into the bot's inbox.
func (s *Server) say(ph phone, text string) int {
	return s.utter(ph, &Message{Text: text})
}

// utter does so with any message. The caller holds s.mu.
func (s *Server) utter(ph phone, m *Message) int {
	m.ChatID = ph.p.ID
	if m.file() == "" {
		m.Entities = commandEntities(m.Text)
	}
	s.add(ph.b, ph.d, m)
	s.push(ph.b, "message", ph.p.ID, s.wire(ph.b, ph.d, m))
	return m.ID
}

// EditText changes what the person wrote, or the caption of what they sent; the
// bot gets edited_message.
func (s *Server) EditText(botToken string, userID int64, messageID int, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	if err != nil {
		return fmt.Errorf("edit: %w", err)
	}
	i, ok := ph.d.find(messageID)
	if !ok {
		return fmt.Errorf("edit message %d: %w", messageID, errNoMessage)
	}
	old := ph.d.messages[i]
	if old.FromBot {
		return fmt.Errorf("edit message %d: %w", messageID, errNotTheirs)
	}
	m := *old
	m.Text = strings.TrimSpace(text)
	if m.Entities = nil; m.file() == "" {
		m.Entities = commandEntities(m.Text)
	}
	m.Edits = append(slices.Clip(old.Edits), Edit{Date: s.cfg.Now(), Text: old.Text})
	ph.d.messages[i] = &m
	s.push(ph.b, "edited_message", ph.p.ID, s.wire(ph.b, ph.d, &m))
	s.touch(ph.d, &m)
	return nil
}

// Delete deletes a message on both sides, the person's own or the bot's. Bots
// are not told.
func (s *Server) Delete(botToken string, userID int64, messageID int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	if err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	i, ok := ph.d.find(messageID)
	if !ok {
		return fmt.Errorf("delete message %d: %w", messageID, errNoMessage)
	}
	s.remove(ph.d, i)
	return nil
}
