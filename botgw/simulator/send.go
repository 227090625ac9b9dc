package simulator

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// filesKept bounds the files in memory; the oldest are forgotten.
const filesKept = 200

// File is what a bot uploaded.
type File struct {
	Name string
	Mime string
	Data []byte
}

func (f File) wire(id string) wireFile {
	return wireFile{FileID: id, FileUniqueID: "u" + id, FileName: f.Name, MimeType: f.Mime, FileSize: len(f.Data)}
}

// File is a stored upload by its id.
func (s *Server) File(id string) (File, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.files[id]
	return f, ok
}

func (s *Server) sendMessage(_ context.Context, b *bot, a args) (any, error) {
	f, err := messageText(a)
	if err != nil {
		return nil, chatFirst(a, err)
	}
	return s.post(b, a, f, func(*Message) {})
}

func (s *Server) sendPhoto(_ context.Context, b *bot, a args) (any, error) {
	return s.sendFile(b, a, "photo", errNoPhoto, func(m *Message, id string) { m.Photo = id })
}

func (s *Server) sendDocument(_ context.Context, b *bot, a args) (any, error) {
	return s.sendFile(b, a, "document", errNoDocument, func(m *Message, id string) { m.Document = id })
}

// sendFile takes an upload or the id of an earlier one.
func (s *Server) sendFile(b *bot, a args, key string, missing error, attach func(*Message, string)) (any, error) {
	f, err := caption(a)
	if err != nil {
		return nil, chatFirst(a, err)
	}
	id, err := s.store(a, key, missing)
	if err != nil {
		return nil, chatFirst(a, err)
	}
	return s.post(b, a, f, func(m *Message) { attach(m, id) })
}

// store keeps an upload and names it, or recognises the name of one.
func (s *Server) store(a args, key string, missing error) (string, error) {
	text := a.str(key)
	up, ok := a.files[key]
	if name, attached := strings.CutPrefix(text, "attach://"); attached {
		up, ok = a.files[name]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case ok:
	case text == "":
		return "", missing
	case strings.HasPrefix(text, "http://"), strings.HasPrefix(text, "https://"):
		return "", errFetch
	default:
		if _, known := s.files[text]; !known {
			return "", errFileID
		}
		return text, nil
	}
	mime := http.DetectContentType(up.data)
	if key == "photo" {
		if len(up.data) > photoMax {
			return "", errFileBig
		}
		if !strings.HasPrefix(mime, "image/") {
			return "", errImage
		}
	}
	s.uploads++
	id := "file-" + strconv.FormatInt(s.uploads, 36)
	s.files[id] = File{Name: up.name, Mime: mime, Data: up.data}
	if s.stored = append(s.stored, id); len(s.stored) > filesKept {
		delete(s.files, s.stored[0])
		s.stored = s.stored[1:]
	}
	return id, nil
}

// post puts a bot's message into its chat, if Telegram would.
func (s *Server) post(b *bot, a args, f formatted, attach func(*Message)) (any, error) {
	kb, err := readMarkup(a)
	if err != nil {
		return nil, chatFirst(a, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, chat, err := s.writable(b, a)
	if err != nil {
		return nil, err
	}
	to, err := d.replyTo(a)
	if err != nil {
		return nil, err
	}
	if err := s.throttle(b, d, chat); err != nil {
		return nil, err
	}
	m := &Message{
		ChatID: chat, FromBot: true, Text: f.text, Entities: f.entities, HTML: f.source,
		Buttons: kb.buttons, Markup: kb.raw, ReplyTo: to,
	}
	attach(m)
	s.add(b, d, m)
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
	if _, _, err := s.writable(b, a); err != nil {
		return nil, err
	}
	return true, nil
}
