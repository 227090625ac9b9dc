package simulator

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
)

// inputMedia is one InputMedia: a file and the words under it.
type inputMedia struct {
	Type            string          `json:"type"`
	Media           string          `json:"media"`
	Caption         string          `json:"caption"`
	ParseMode       string          `json:"parse_mode"`
	CaptionEntities json.RawMessage `json:"caption_entities"`
}

// mediaKinds are the types this server can show.
var mediaKinds = []string{"photo", "document", "video"}

// piece is one InputMedia after it was read.
type piece struct {
	kind, file string
	words      formatted
}

// readMedia stores the file and reads the caption.
func (s *Server) readMedia(b *bot, a args, in inputMedia) (piece, error) {
	if !slices.Contains(mediaKinds, in.Type) {
		return piece{}, errMediaType
	}
	words, err := caption(args{values: map[string]string{
		"caption": in.Caption, "parse_mode": in.ParseMode, "caption_entities": string(in.CaptionEntities),
	}})
	if err != nil {
		return piece{}, err
	}
	// Only attach://<part> and ids: a part named as the type is no parameter here.
	file, err := s.take(b, args{files: a.attached()}, in.Type, in.Media, errNoMedia)
	return piece{kind: in.Type, file: file, words: words}, err
}

// attached is the uploads without those that carry a type's name.
func (a args) attached() map[string]upload {
	files := map[string]upload{}
	for name, up := range a.files {
		if !slices.Contains(mediaKinds, name) {
			files[name] = up
		}
	}
	return files
}

// sendMediaGroup sends 2–10 photos and videos, or documents, as one album.
func (s *Server) sendMediaGroup(_ context.Context, b *bot, a args) (any, error) {
	pieces, err := s.readAlbum(b, a)
	if err != nil {
		return nil, chatFirst(a, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, chat, to, err := s.room(b, a)
	if err != nil {
		return nil, err
	}
	s.seq++
	album := strconv.FormatInt(13_000_000_000_000_000+s.seq, 10)
	var sent []*wireMessage
	for _, p := range pieces {
		m := &Message{
			ChatID: chat, FromBot: true, Album: album, ReplyTo: to,
			Text: p.words.text, Entities: p.words.entities, HTML: p.words.source,
		}
		m.attach(p.kind, p.file)
		s.add(b, d, m)
		sent = append(sent, s.wire(b, d, m))
	}
	return sent, nil
}

func (s *Server) readAlbum(b *bot, a args) ([]piece, error) {
	var list []inputMedia
	switch {
	case json.Unmarshal([]byte(a.str("media")), &list) != nil:
		return nil, errMediaJSON
	case len(list) < 2:
		return nil, errAlbumShort
	case len(list) > albumMax:
		return nil, errAlbumLong
	}
	if slices.ContainsFunc(list, func(in inputMedia) bool { return (in.Type == "document") != (list[0].Type == "document") }) {
		return nil, errAlbumMix
	}
	var pieces []piece
	for _, in := range list {
		p, err := s.readMedia(b, a, in)
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, p)
	}
	return pieces, nil
}

// editMessageMedia puts another file in place of what a message shows.
func (s *Server) editMessageMedia(_ context.Context, b *bot, a args) (any, error) {
	var in inputMedia
	if a.str("media") == "" {
		return nil, chatFirst(a, errNoMedia)
	}
	if json.Unmarshal([]byte(a.str("media")), &in) != nil {
		return nil, chatFirst(a, errMediaJSON)
	}
	p, err := s.readMedia(b, a, in)
	if err != nil {
		return nil, chatFirst(a, err)
	}
	return s.edit(b, a, func(m *Message) error {
		if m.Album != "" && (p.kind == "document") != (m.Document != "") {
			return errAlbumMix
		}
		m.Photo, m.Document, m.Video, m.Voice, m.Sticker = "", "", "", "", ""
		m.attach(p.kind, p.file)
		m.Text, m.Entities, m.HTML = p.words.text, p.words.entities, p.words.source
		return nil
	})
}

// editMessageCaption changes the words under a file; none takes them away.
func (s *Server) editMessageCaption(_ context.Context, b *bot, a args) (any, error) {
	f, err := caption(a)
	if err != nil {
		return nil, chatFirst(a, err)
	}
	return s.edit(b, a, func(m *Message) error {
		if m.file() == "" || m.Sticker != "" {
			return errNoCaption
		}
		m.Text, m.Entities, m.HTML = f.text, f.entities, f.source
		return nil
	})
}
