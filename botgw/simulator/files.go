package simulator

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // a photo may be one
	"image/jpeg"
	_ "image/png" // or one of these
	"net/http"
	"path"
	"strings"
)

// Bounds of the files in memory; the oldest are forgotten.
const (
	filesKept = 20_000
	bytesKept = 256 << 20
)

const (
	downloadMax = 20 << 20 // bytes a bot may fetch (core.telegram.org/bots/api#getfile)
	thumbSide   = 90       // pixels of the longer side of a photo's smallest size
	pixelsMax   = 40e6     // of a photo worth a small size
)

// File is what a bot or a person uploaded.
type File struct {
	Name string
	Mime string
	Data []byte

	kind          string // photo, document, video, voice, sticker
	bot           int64  // whose id it goes by
	chat          int64  // of the person who sent it; 0: a bot did
	number        int64
	width, height int
	thumb         string // id of the small size; photos only
}

// fileKinds are the kinds of files: how their ids begin, where getFile says they
// lie, and the ending without a name of their own.
var fileKinds = map[string]struct{ prefix, folder, ending string }{
	"photo":    {"AgACAgIAAxkBAA", "photos", ".jpg"},
	"document": {"BQACAgIAAxkBAA", "documents", ""},
	"video":    {"BAACAgIAAxkBAA", "videos", ".mp4"},
	"voice":    {"AwACAgIAAxkBAA", "voice", ".oga"},
	"sticker":  {"CAACAgIAAxkBAA", "stickers", ".webp"},
}

// unique is the same for the same bytes, whoever asks.
func (f File) unique() string {
	sum := sha256.Sum256(f.Data)
	return "AQAD" + base64.RawURLEncoding.EncodeToString(sum[:9])
}

// path is where getFile says it lies.
func (f File) path() string {
	kind := fileKinds[f.kind]
	return fmt.Sprintf("%s/file_%d%s", kind.folder, f.number, cmp.Or(kind.ending, path.Ext(f.Name)))
}

func (f File) wire(id string) wireFile {
	return wireFile{
		FileID: id, FileUniqueID: f.unique(), FileName: f.Name, MimeType: f.Mime, FileSize: len(f.Data),
		Width: &f.width, Height: &f.height,
	}
}

// File is a stored upload by its id.
func (s *Server) File(id string) (File, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.files[id]
	return f, ok
}

// attach makes the file part of the message.
func (m *Message) attach(kind, id string) {
	switch kind {
	case "photo":
		m.Photo = id
	case "document":
		m.Document = id
	case "video":
		m.Video = id
	case "voice":
		m.Voice = id
	case "sticker":
		m.Sticker = id
	}
}

// take keeps an upload of a bot and names it, or recognises the name of one.
// said is the parameter's text: attach://<part>, an id, or none.
func (s *Server) take(b *bot, a args, kind, said string, missing error) (string, error) {
	up, ok := a.files[kind]
	if name, attached := strings.CutPrefix(said, "attach://"); attached {
		up, ok = a.files[name]
	}
	switch {
	case ok:
		return s.store(b, File{Name: up.name, Data: up.data, kind: kind})
	case said == "":
		return "", missing
	case strings.HasPrefix(said, "http://"), strings.HasPrefix(said, "https://"):
		return "", errFetch
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, known := s.files[said]
	if !known || f.bot != b.id { // ids are of one bot each
		return "", errFileID
	}
	if f.kind != kind && (f.kind == "photo" || kind == "photo") {
		return "", bad("can't use file of type %s as %s", typeName(f.kind), typeName(kind))
	}
	return said, nil
}

func typeName(kind string) string { return strings.ToUpper(kind[:1]) + kind[1:] }

// store keeps a file under a new id. Small sizes are made outside of the lock.
func (s *Server) store(b *bot, f File) (string, error) {
	f.bot = b.id
	if f.Mime == "" {
		f.Mime = http.DetectContentType(f.Data)
	}
	if f.kind != "photo" {
		return s.keep(f), nil
	}
	switch {
	case len(f.Data) > photoMax:
		return "", errFileBig
	case !strings.HasPrefix(f.Mime, "image/"):
		return "", errImage
	}
	if size, _, err := image.DecodeConfig(bytes.NewReader(f.Data)); err == nil {
		f.width, f.height = size.Width, size.Height
	}
	if small, ok := shrink(f); ok {
		f.thumb = s.keep(small)
	}
	return s.keep(f), nil
}

// keep stores a file and forgets the oldest beyond the bounds.
func (s *Server) keep(f File) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uploads++
	f.number = s.uploads
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%d", f.bot, f.number))
	id := fileKinds[f.kind].prefix + base64.RawURLEncoding.EncodeToString(sum[:]) + "ACAAMCAAN5AAM2BA"
	s.files[id] = f
	s.stored = append(s.stored, id)
	s.bytes += len(f.Data)
	for len(s.stored) > filesKept || s.bytes > bytesKept && len(s.stored) > 1 {
		old := s.files[s.stored[0]]
		s.bytes -= len(old.Data)
		delete(s.paths, old.place())
		delete(s.files, s.stored[0])
		s.stored = s.stored[1:]
	}
	return id
}

// shrink makes a photo's small size; not of one that is small or cannot be read.
func shrink(f File) (File, bool) {
	longer := max(f.width, f.height)
	if longer <= thumbSide || float64(f.width)*float64(f.height) > pixelsMax {
		return File{}, false
	}
	full, _, err := image.Decode(bytes.NewReader(f.Data))
	if err != nil {
		return File{}, false
	}
	small := File{kind: f.kind, bot: f.bot, Mime: "image/jpeg", width: max(1, f.width*thumbSide/longer), height: max(1, f.height*thumbSide/longer)}
	canvas := image.NewRGBA(image.Rect(0, 0, small.width, small.height))
	from := full.Bounds()
	for y := range small.height {
		for x := range small.width {
			canvas.Set(x, y, color.RGBAModel.Convert(full.At(from.Min.X+x*f.width/small.width, from.Min.Y+y*f.height/small.height)))
		}
	}
	var out bytes.Buffer
	if jpeg.Encode(&out, canvas, nil) != nil {
		return File{}, false
	}
	small.Data = out.Bytes()
	return small, true
}

// wireFetch is the Bot API's File.
type wireFetch struct {
	FileID       string `json:"file_id"`
	FileUniqueID string `json:"file_unique_id"`
	FileSize     int    `json:"file_size"`
	FilePath     string `json:"file_path"`
}

func (s *Server) getFile(_ context.Context, b *bot, a args) (any, error) {
	id := a.str("file_id")
	if id == "" {
		return nil, errNoFileID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.files[id]
	switch {
	case !ok || f.bot != b.id:
		return nil, errBadFileID
	case len(f.Data) > downloadMax:
		return nil, errFileBig
	}
	s.paths[f.place()] = id
	return wireFetch{FileID: id, FileUniqueID: f.unique(), FileSize: len(f.Data), FilePath: f.path()}, nil
}

// place is the key of a path: every bot has folders of its own.
func (f File) place() string { return fmt.Sprintf("%d/%s", f.bot, f.path()) }

// serveFile answers /file/bot<token>/<path>. For faults its method is "file".
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	token, where, ok := splitPath(strings.TrimPrefix(r.URL.Path, "/file"))
	s.mu.Lock()
	b := s.bots[token]
	var f File
	if b != nil {
		f, ok = s.files[s.paths[fmt.Sprintf("%d/%s", b.id, where)]]
	}
	s.mu.Unlock()
	if b == nil || !ok {
		answer(w, nil, errNotFound)
		return
	}
	if spoilt := s.takeFault(b, "file", f.chat); spoilt != nil {
		if !s.suffer(spoilt, w, r) {
			return
		}
		if spoilt.Kind == FaultDrop {
			panic(http.ErrAbortHandler)
		}
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(f.Data) // a client that hung up is its own affair
}
