package simulator

import "encoding/json"

// The types in this file are Bot API objects as they go over the wire, with the
// fields this server has something to say about.

type wireUser struct {
	ID           int64  `json:"id"`
	IsBot        bool   `json:"is_bot"`
	FirstName    string `json:"first_name"`
	LastName     string `json:"last_name,omitempty"`
	Username     string `json:"username,omitempty"`
	LanguageCode string `json:"language_code,omitempty"`
}

type wireBot struct {
	wireUser
	CanJoinGroups           bool `json:"can_join_groups"`
	CanReadAllGroupMessages bool `json:"can_read_all_group_messages"`
	SupportsInlineQueries   bool `json:"supports_inline_queries"`
}

type wireChat struct {
	ID        int64  `json:"id"`
	Type      string `json:"type"`
	Title     string `json:"title,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	Username  string `json:"username,omitempty"`
}

type wireMessage struct {
	MessageID       int             `json:"message_id"`
	From            wireUser        `json:"from"`
	Chat            wireChat        `json:"chat"`
	Date            int64           `json:"date"`
	EditDate        int64           `json:"edit_date,omitempty"`
	ReplyTo         *wireMessage    `json:"reply_to_message,omitempty"`
	Text            string          `json:"text,omitempty"`
	Entities        []Entity        `json:"entities,omitempty"`
	Caption         string          `json:"caption,omitempty"`
	CaptionEntities []Entity        `json:"caption_entities,omitempty"`
	Photo           []wireFile      `json:"photo,omitempty"`
	Document        *wireFile       `json:"document,omitempty"`
	Video           *wireFile       `json:"video,omitempty"`
	Voice           *wireFile       `json:"voice,omitempty"`
	Sticker         *wireSticker    `json:"sticker,omitempty"`
	Contact         *Contact        `json:"contact,omitempty"`
	Location        *Location       `json:"location,omitempty"`
	MediaGroupID    string          `json:"media_group_id,omitempty"`
	ReplyMarkup     json.RawMessage `json:"reply_markup,omitempty"`
}

// wireFile is a PhotoSize, Document, Video or Voice: what all of them have, and
// what some must.
type wireFile struct {
	FileID       string `json:"file_id"`
	FileUniqueID string `json:"file_unique_id"`
	FileName     string `json:"file_name,omitempty"`
	MimeType     string `json:"mime_type,omitempty"`
	FileSize     int    `json:"file_size"`
	Width        *int   `json:"width,omitempty"`
	Height       *int   `json:"height,omitempty"`
	Duration     *int   `json:"duration,omitempty"`
}

type wireSticker struct {
	wireFile
	Type       string `json:"type"`
	IsAnimated bool   `json:"is_animated"`
	IsVideo    bool   `json:"is_video"`
	Emoji      string `json:"emoji,omitempty"`
}

// wireGone stands in a callback query for a message that was deleted.
type wireGone struct {
	Chat      wireChat `json:"chat"`
	MessageID int      `json:"message_id"`
	Date      int64    `json:"date"` // 0 tells it from a message
}

type wireCallback struct {
	ID           string   `json:"id"`
	From         wireUser `json:"from"`
	Message      any      `json:"message"` // *wireMessage or wireGone
	ChatInstance string   `json:"chat_instance"`
	Data         string   `json:"data"`
}

type wireMembership struct {
	Chat wireChat   `json:"chat"`
	From wireUser   `json:"from"`
	Date int64      `json:"date"`
	Old  wireMember `json:"old_chat_member"`
	New  wireMember `json:"new_chat_member"`
}

type wireMember struct {
	User      wireUser `json:"user"`
	Status    string   `json:"status"`
	UntilDate *int64   `json:"until_date,omitempty"`
}

// wire is a message as the Bot API shows it. The caller holds s.mu.
func (s *Server) wire(b *bot, d *dialog, m *Message) *wireMessage {
	w := &wireMessage{MessageID: m.ID, From: b.user(), Chat: s.chat(m.ChatID), Date: m.Date.Unix()}
	if p := s.people[m.ChatID]; !m.FromBot && p != nil {
		w.From = p.wire()
	}
	if n := len(m.Edits); n > 0 {
		w.EditDate = m.Edits[n-1].Date.Unix()
	}
	if i, ok := d.find(m.ReplyTo); ok {
		original := *d.messages[i]
		original.ReplyTo = 0 // Telegram shows one level
		w.ReplyTo = s.wire(b, d, &original)
	}
	if m.Buttons != nil {
		w.ReplyMarkup = m.Markup // other keyboards are not shown back
	}
	w.Contact, w.Location, w.MediaGroupID = m.Contact, m.Location, m.Album
	if m.file() == "" {
		w.Text, w.Entities = m.Text, m.Entities
		return w
	}
	w.Caption, w.CaptionEntities = m.Text, m.Entities
	s.wireFiles(w, m)
	return w
}

// wireFiles fills in what a message shows. The caller holds s.mu.
func (s *Server) wireFiles(w *wireMessage, m *Message) {
	f := s.files[m.file()]
	one := f.wire(m.file())
	switch {
	case m.Photo != "":
		one.FileName, one.MimeType = "", "" // a PhotoSize has neither
		if thumb, ok := s.files[f.thumb]; ok {
			small := thumb.wire(f.thumb)
			small.FileName, small.MimeType = "", ""
			w.Photo = append(w.Photo, small)
		}
		w.Photo = append(w.Photo, one)
	case m.Document != "":
		one.Width, one.Height = nil, nil
		w.Document = &one
	case m.Video != "":
		one.Duration = new(int)
		w.Video = &one
	case m.Voice != "":
		one.Width, one.Height, one.Duration, one.FileName = nil, nil, new(int), ""
		w.Voice = &one
	case m.Sticker != "":
		one.FileName, one.MimeType = "", ""
		w.Sticker = &wireSticker{wireFile: one, Type: "regular", Emoji: "👍"}
	}
}

// chat is a private chat or a group. The caller holds s.mu.
func (s *Server) chat(id int64) wireChat {
	if p := s.people[id]; p != nil {
		return wireChat{ID: id, Type: "private", FirstName: p.FirstName, LastName: p.LastName, Username: p.Username}
	}
	if g := s.groups[id]; g != nil {
		kind := "group"
		if g.super {
			kind = "supergroup"
		}
		return wireChat{ID: id, Type: kind, Title: g.title}
	}
	return wireChat{ID: id}
}
