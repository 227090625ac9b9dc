package files_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/files"
	"ukbot/housing/housingtest"
	"ukbot/nats"
)

func TestMain(m *testing.M) { housingtest.Main(m, (*files.Handlers)(nil)) }

// scene is a company with a resident's request.
type scene struct {
	*housingtest.Server
	resident, manager *housingtest.Client
	request           uuid.UUID
}

func set(t testing.TB) *scene {
	t.Helper()
	s := &scene{Server: housingtest.Start(t)}
	s.resident, s.manager = s.Applicant(), s.Manager()
	s.request = s.make(t, s.resident)
	return s
}

func (s *scene) make(t testing.TB, by *housingtest.Client) uuid.UUID {
	t.Helper()
	building, apartment := s.Home(by.User)
	var made api.Request
	by.Do("POST", "/requests", map[string]any{
		"category": "plumbing", "urgency": "normal", "description": "Течёт кран", "building_id": building, "apartment_id": apartment,
	}).Want(t, 201, &made)
	return made.Id
}

// form is a body with one file, and its content type.
func form(t testing.TB, field, name string, data []byte) ([]byte, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name=%q; filename="%s"`, field, name)}, "Content-Type": {"image/jpeg"},
	})
	if err == nil {
		_, err = part.Write(data)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes(), "Content-Type: " + w.FormDataContentType()
}

func (s *scene) send(t testing.TB, by *housingtest.Client, name string, data []byte, headers ...string) *housingtest.Response {
	t.Helper()
	body, contentType := form(t, "file", name, data)
	return by.Do("POST", s.path(""), body, append(headers, contentType)...)
}

// path is that of the request's files, or of one.
func (s *scene) path(file string) string {
	path := "/requests/" + s.request.String() + "/files"
	if file != "" {
		path += "/" + file
	}
	return path
}

func (s *scene) sent(t testing.TB, by *housingtest.Client, name string, data []byte) api.File {
	t.Helper()
	var file api.File
	s.send(t, by, name, data).Want(t, 201, &file)
	return file
}

func TestPhotoIsStoredCleanAndGivenOut(t *testing.T) {
	s := set(t)
	file := s.sent(t, s.resident, "📷 кран на кухне.jpg", tellingJPEG(t, binary.BigEndian, 6))
	if !file.Photo || file.MediaType != "image/jpeg" || file.Name != "📷 кран на кухне.jpg" || file.UploadedBy.Id != s.resident.ID() || file.UploadedBy.Name == "" {
		t.Errorf("%+v", file)
	}
	for _, who := range []*housingtest.Client{s.resident, s.manager, s.Key(access.RequestsView)} {
		got := who.Do("GET", s.path(file.Id.String()), nil).Want(t, 200)
		sum := sha256.Sum256(got.Raw)
		if bytes.Contains(got.Raw, []byte(secret)) || hex.EncodeToString(sum[:]) != file.Sha256 || int64(len(got.Raw)) != file.Bytes {
			t.Errorf("%d bytes, not the clean photo", len(got.Raw))
		}
		for name, want := range map[string]string{
			"Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff", "Etag": `"` + file.Sha256 + `"`, "Cache-Control": "private, no-cache",
			"Content-Disposition": files.Disposition(file.Name),
		} {
			if got.Header.Get(name) != want {
				t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
			}
		}
	}
	for _, tag := range []string{`"` + file.Sha256 + `"`, `"x", W/"` + file.Sha256 + `"`, "*"} {
		if got := s.resident.Do("GET", s.path(file.Id.String()), nil, "If-None-Match: "+tag).Want(t, 304); len(got.Raw) > 0 {
			t.Errorf("304 with %d bytes", len(got.Raw))
		}
	}
	s.resident.Do("GET", s.path(file.Id.String()), nil, `If-None-Match: "other"`).Want(t, 200)
	var list api.FileList
	s.resident.Do("GET", s.path(""), nil).Want(t, 200, &list)
	if len(list.Items) != 1 || list.Items[0].Id != file.Id {
		t.Errorf("list %+v", list)
	}
}

func TestDocumentsOfEveryKindAreTaken(t *testing.T) {
	s := set(t)
	for name, data := range map[string][]byte{
		"a.png": tellingPNG(t), "b.webp": tellingWebP(t), "c.pdf": pdf(), "d.doc": compound("WordDocument"),
		"e.docx": archive(t, "[Content_Types].xml", "word/document.xml"),
	} {
		file := s.sent(t, s.resident, name, data)
		got := s.resident.Do("GET", s.path(file.Id.String()), nil).Want(t, 200)
		if file.Name != name || got.Header.Get("Content-Type") != file.MediaType || bytes.Contains(got.Raw, []byte(secret)) {
			t.Errorf("%s: %+v", name, file)
		}
	}
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	s := set(t)
	big := append(pdf(), bytes.Repeat([]byte(" "), 20<<20-len(pdf())-6)...)
	big = append(big, "%%EOF\n"...)
	if len(big) != 20<<20 {
		t.Fatal(len(big))
	}
	s.send(t, s.resident, "exactly.pdf", big).Want(t, 201)
	s.send(t, s.resident, "more.pdf", append(big, '\n')).WantProblem(t, 413, "too_large")
	s.send(t, s.resident, "kran.jpg", []byte("<html><script>alert(1)</script></html>")).WantProblem(t, 415, "media_type")
	s.send(t, s.resident, "kran.jpg", plainJPEG(t)[:200]).WantProblem(t, 422, "invalid")
	s.send(t, s.resident, "kran.jpg", nil).WantProblem(t, 422, "invalid")
	body, contentType := form(t, "photo", "kran.jpg", plainJPEG(t))
	s.resident.Do("POST", s.path(""), body, contentType).WantProblem(t, 422, "invalid")
	body, contentType = form(t, "file", "kran.jpg", plainJPEG(t))
	s.resident.Do("POST", s.path(""), body[:len(body)/2], contentType).WantProblem(t, 400, "malformed")
	s.resident.Do("POST", s.path(""), []byte("no form"), "Content-Type: multipart/form-data; boundary=x").WantProblem(t, 400, "malformed")
	s.resident.Do("POST", s.path(""), []byte(`{}`)).WantProblem(t, 415, "media_type")
	var list api.FileList
	s.resident.Do("GET", s.path(""), nil).Want(t, 200, &list)
	if len(list.Items) != 1 {
		t.Errorf("%d files are left of the refused ones", len(list.Items)-1)
	}
}

func TestTenFilesAndNoMore(t *testing.T) {
	s := set(t)
	var taken, refused atomic.Int32
	var wg sync.WaitGroup
	for i := range 14 {
		wg.Go(func() {
			switch got := s.send(t, s.resident, fmt.Sprintf("%d.png", i), plainPNG(t)); got.StatusCode {
			case 201:
				taken.Add(1)
			case 409:
				refused.Add(1)
			default:
				t.Errorf("%d: %s", got.StatusCode, got.Raw)
			}
		})
	}
	wg.Wait()
	if taken.Load() != 10 || refused.Load() != 4 {
		t.Errorf("%d taken, %d refused", taken.Load(), refused.Load())
	}
}

func TestOnlyThoseWhoSeeTheRequestSeeItsFiles(t *testing.T) {
	s := set(t)
	file := s.sent(t, s.resident, "kran.jpg", plainJPEG(t))
	plumber, other := s.Executor("plumbing"), s.make(t, s.Applicant())
	for name, tc := range map[string]struct {
		who    *housingtest.Client
		status int
		code   string
	}{
		"another resident":             {s.Applicant(), 403, "forbidden"},
		"an executor of another trade": {s.Executor("lift"), 403, "forbidden"},
		"another company's manager":    {s.In(housingtest.Other).Manager(), 404, "not_found"},
		"a key without the permission": {s.Key(access.CompanyView), 403, "forbidden"},
		"nobody":                       {s.Anonymous(), 401, "unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.who.Do("GET", s.path(file.Id.String()), nil).WantProblem(t, tc.status, tc.code)
			tc.who.Do("GET", s.path(""), nil).WantProblem(t, tc.status, tc.code)
			tc.who.Do("DELETE", s.path(file.Id.String()), nil).WantProblem(t, tc.status, tc.code)
			s.send(t, tc.who, "x.png", plainPNG(t)).WantProblem(t, tc.status, tc.code)
		})
	}
	plumber.Do("GET", s.path(file.Id.String()), nil).Want(t, 200)
	s.manager.Do("GET", "/requests/"+other.String()+"/files/"+file.Id.String(), nil).WantProblem(t, 404, "not_found")
}

func TestFileIsRemovedByItsSenderOrAManager(t *testing.T) {
	s := set(t)
	plumber := s.Executor("plumbing")
	first, second := s.sent(t, s.resident, "1.png", plainPNG(t)), s.sent(t, s.resident, "2.png", plainPNG(t))
	used := s.sent(t, plumber, "3.png", plainPNG(t))
	plumber.Do("DELETE", s.path(first.Id.String()), nil).WantProblem(t, 403, "forbidden")
	s.resident.Do("DELETE", s.path(first.Id.String()), nil).Want(t, 204)
	s.manager.Do("DELETE", s.path(second.Id.String()), nil).Want(t, 204)
	s.manager.Do("DELETE", s.path(second.Id.String()), nil).WantProblem(t, 404, "not_found")
	s.resident.Do("GET", s.path(first.Id.String()), nil).WantProblem(t, 404, "not_found")
	if _, err := s.Pool.Exec(t.Context(), "UPDATE request_files SET used_for = 'complete' WHERE id = $1", used.Id); err != nil {
		t.Fatal(err)
	}
	s.manager.Do("DELETE", s.path(used.Id.String()), nil).WantProblem(t, 409, "in_use")
	if objects := s.objects(t); len(objects) != 1 || objects[0] != s.Tenant+"/"+used.Id.String() {
		t.Errorf("objects %v", objects)
	}
}

// objects is the names of all stored bytes.
func (s *scene) objects(t testing.TB) []string {
	t.Helper()
	store := s.bucket(t)
	infos, err := store.List(t.Context())
	if err != nil && err != jetstream.ErrNoObjectsFound { //nolint:errorlint // returned as it is
		t.Fatal(err)
	}
	var names []string
	for _, info := range infos {
		names = append(names, info.Name)
	}
	return names
}

func (s *scene) bucket(t testing.TB) jetstream.ObjectStore {
	t.Helper()
	store, err := s.NATS.Conn.JS.ObjectStore(t.Context(), nats.ObjectsFiles)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestHistoryAndEventsTellOfFiles(t *testing.T) {
	s := set(t)
	s.sent(t, s.resident, "kran.jpg", plainJPEG(t))
	var last housingtest.Event
	for _, e := range s.Outbox(t) {
		if e.Type == "housing.request.file" {
			last = e
		}
	}
	var data struct{ Action, Text string }
	if err := json.Unmarshal(last.Data, &data); err != nil || data.Action != "file" || data.Text != "+ kran.jpg" {
		t.Errorf("%s (%v)", last.Data, err)
	}
}

func TestSameUploadAgainStoresOneFile(t *testing.T) {
	s := set(t)
	body, contentType := form(t, "file", "kran.jpg", plainJPEG(t))
	for range 2 {
		s.resident.Do("POST", s.path(""), body, contentType, "Idempotency-Key: photo-1").Want(t, 201)
	}
	if objects := s.objects(t); len(objects) != 1 {
		t.Errorf("objects %v", objects)
	}
}

func TestFilesSayThatTheyAreAway(t *testing.T) {
	s := set(t)
	file := s.sent(t, s.resident, "kran.jpg", plainJPEG(t))
	s.NATS.Stop()
	s.send(t, s.resident, "2.png", plainPNG(t)).WantProblem(t, 503, "stream_unavailable")
	s.resident.Do("GET", s.path(file.Id.String()), nil).WantProblem(t, 503, "stream_unavailable")
	s.resident.Do("GET", s.path(""), nil).Want(t, 200)
	s.NATS.Start()
	s.resident.Do("GET", s.path(file.Id.String()), nil).Want(t, 200)
}

func TestSweepRemovesBytesWithoutAFileAfterADay(t *testing.T) {
	s := set(t)
	file := s.sent(t, s.resident, "kran.jpg", plainJPEG(t))
	orphan := s.Tenant + "/" + uuid.NewString()
	for _, name := range []string{orphan, "stranger"} {
		if _, err := s.bucket(t).Put(t.Context(), jetstream.ObjectMeta{Name: name}, bytes.NewReader([]byte("x"))); err != nil {
			t.Fatal(err)
		}
	}
	sweep := func(now time.Time) int {
		store := s.Store
		store.Now = func() time.Time { return now }
		removed, err := files.New(files.Deps{Store: store, Conn: s.NATS.Conn, Log: zerolog.New(io.Discard)}).Sweep(context.WithoutCancel(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		return removed
	}
	if removed := sweep(time.Now().Add(23 * time.Hour)); removed != 0 {
		t.Errorf("%d removed within the day", removed)
	}
	if removed := sweep(time.Now().Add(25 * time.Hour)); removed != 1 {
		t.Errorf("%d removed, want the orphan only", removed)
	}
	s.resident.Do("GET", s.path(file.Id.String()), nil).Want(t, 200)
	if objects := s.objects(t); len(objects) != 2 {
		t.Errorf("objects %v", objects)
	}
}
