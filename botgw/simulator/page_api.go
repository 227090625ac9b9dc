package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// deed is what a person does on the page: POST /simulator/api/act.
type deed struct {
	Phone   string   `json:"phone"` // bot:person
	Do      string   `json:"do"`    // a name of deeds
	Text    string   `json:"text"`
	Message int      `json:"message"`
	Data    string   `json:"data"`  // of the button
	Files   []string `json:"files"` // uploaded before
	Name    string   `json:"name"`
}

// doer is the person who does it.
type doer struct {
	token string
	id    int64
}

// deeds is what can be done.
var deeds = map[string]func(*Server, doer, deed) error{
	"start":   func(s *Server, p doer, d deed) error { return s.StartWith(p.token, p.id, d.Text) },
	"text":    func(s *Server, p doer, d deed) error { return second(s.SendText(p.token, p.id, d.Text)) },
	"tap":     func(s *Server, p doer, d deed) error { return second(s.Tap(p.token, p.id, d.Message, d.Data)) },
	"stale":   func(s *Server, p doer, d deed) error { return second(s.TapStale(p.token, p.id, d.Message, d.Data)) },
	"key":     func(s *Server, p doer, d deed) error { return second(s.PressKey(p.token, p.id, d.Text)) },
	"photos":  (*Server).postPhotos,
	"file":    (*Server).postFile,
	"sticker": func(s *Server, p doer, _ deed) error { return second(s.SendSticker(p.token, p.id)) },
	"contact": func(s *Server, p doer, _ deed) error { return second(s.SendContact(p.token, p.id, Contact{})) },
	"friend": func(s *Server, p doer, _ deed) error {
		return second(s.SendContact(p.token, p.id, Contact{Phone: "+998000000000", FirstName: "Anvar", LastName: "Saidov"}))
	},
	"location": func(s *Server, p doer, _ deed) error { return second(s.SendLocation(p.token, p.id, tashkent)) },
	"edit":     func(s *Server, p doer, d deed) error { return s.EditText(p.token, p.id, d.Message, d.Text) },
	"delete":   func(s *Server, p doer, d deed) error { return s.Delete(p.token, p.id, d.Message) },
	"block":    func(s *Server, p doer, _ deed) error { return s.Block(p.token, p.id) },
	"unblock":  func(s *Server, p doer, _ deed) error { return s.Unblock(p.token, p.id) },
}

func second[T any](_ T, err error) error { return err }

var errNoFile = errors.New("there is no such upload")

// postPhotos sends one photo, or several as an album.
func (s *Server) postPhotos(p doer, d deed) error {
	if err := s.uploaded(p, d.Files, "photo"); err != nil {
		return err
	}
	if len(d.Files) > 1 {
		return second(s.sendAlbum(p.token, p.id, d.Files, d.Text))
	}
	return s.postOne(p, "photo", d)
}

// postFile sends a document, a recording or a film.
func (s *Server) postFile(p doer, d deed) error {
	f, _ := s.File(first(d.Files))
	if err := s.uploaded(p, d.Files, f.kind); err != nil {
		return err
	}
	return s.postOne(p, f.kind, d)
}

func (s *Server) postOne(p doer, kind string, d deed) error {
	if err := captionFits(d.Text); err != nil {
		return err
	}
	return second(s.send(p.token, p.id, func(phone) *Message {
		m := &Message{Text: strings.TrimSpace(d.Text)}
		m.attach(kind, d.Files[0])
		return m
	}))
}

// uploaded checks that these are files of the person's, of a kind.
func (s *Server) uploaded(p doer, ids []string, kind string) error {
	if len(ids) == 0 || len(ids) > albumMax {
		return fmt.Errorf("%d files at once: want 1–%d", len(ids), albumMax)
	}
	for _, id := range ids {
		if f, ok := s.File(id); !ok || f.chat != p.id || f.kind != kind {
			return errNoFile
		}
	}
	return nil
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// serveAct does what a person does.
func (s *Server) serveAct(w http.ResponseWriter, r *http.Request) {
	var d deed
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<18))
	body.DisallowUnknownFields()
	err := body.Decode(&d)
	do, known := deeds[d.Do]
	if err == nil && !known {
		err = fmt.Errorf("unknown deed %q", d.Do)
	}
	var p doer
	if err == nil {
		p, err = s.doer(d.Phone)
	}
	if err == nil {
		err = do(s, p, d)
	}
	if err != nil {
		show(w, http.StatusBadRequest, problem{err.Error()})
		return
	}
	show(w, http.StatusOK, struct{}{})
}

func (s *Server) doer(key string) (doer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, token, err := s.onPhone(key)
	if err != nil {
		return doer{}, err
	}
	return doer{token, ph.p.ID}, nil
}

// serveUpload keeps the body as a file of a person's.
func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p, err := s.doer(q.Get("phone"))
	// Under Fiber these lie in a buffer that is used again.
	f := File{Name: strings.Clone(q.Get("name")), kind: strings.Clone(q.Get("kind"))}
	if _, known := fileKinds[f.kind]; err == nil && !known {
		err = fmt.Errorf("unknown kind of file %q", f.kind)
	}
	if err == nil {
		f.Data, err = io.ReadAll(http.MaxBytesReader(w, r.Body, downloadMax))
	}
	if f.kind == "voice" {
		f.Mime = "audio/ogg"
	}
	id := ""
	if err == nil {
		id, err = s.upload(p.token, p.id, f)
	}
	if err != nil {
		show(w, http.StatusBadRequest, problem{err.Error()})
		return
	}
	show(w, http.StatusCreated, map[string]string{"file": id})
}

// drawable are the kinds of pictures a page may show as they are.
var drawable = map[string]bool{"image/jpeg": true, "image/png": true, "image/gif": true, "image/webp": true}

// serveBytes shows an upload; what is no picture is only to be saved.
func (s *Server) serveBytes(w http.ResponseWriter, r *http.Request) {
	f, ok := s.File(r.URL.Query().Get("id"))
	if !ok {
		show(w, http.StatusNotFound, problem{errNoFile.Error()})
		return
	}
	w.Header().Set("Cache-Control", "private, max-age=3600") // an id never gets other bytes
	if drawable[f.Mime] {
		w.Header().Set("Content-Type", f.Mime)
	} else {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", "attachment")
	}
	_, _ = w.Write(f.Data) // a client that hung up is its own affair
}
