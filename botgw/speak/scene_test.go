package speak

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"ukbot/botgw/simulator"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/secret/logtest"
	"ukbot/sql/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const (
	token  = "100:AAtheSECRETpart"
	aziza  = 7
	tenant = "demo"
)

// scene is Telegram with Aziza, who started the bot, and a Speaker in front of it.
type scene struct {
	*testing.T
	sim   *simulator.Server
	bot   *telegram.Bot
	tape  *tape
	log   *logtest.Lines
	speak *Speaker
	next  int64 // update_id
}

func newScene(t *testing.T, cfg Config) *scene {
	t.Helper()
	s := &scene{T: t, sim: simulator.New(simulator.Config{}), log: &logtest.Lines{}, tape: &tape{}}
	s.sim.AddBot(token, "test_bot")
	s.sim.AddUser(simulator.User{ID: aziza, FirstName: "Aziza", LanguageCode: "uz"})
	s.must(s.sim.Start(token, aziza))
	web := httptest.NewServer(s.tape.record(s.sim.Handler()))
	s.bot = telegram.New(token, web.URL, 5*time.Second)
	t.Cleanup(func() { s.bot.Close(); s.sim.Close(); web.Close() })
	cfg.Log = zerolog.New(s.log)
	s.speak = New(cfg)
	return s
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// wrote is an update of a text.
func (s *scene) wrote(text string) talk.Update {
	s.next++
	return talk.Update{Bot: 100, Tenant: tenant, ID: s.next, Kind: talk.Text, Chat: aziza, From: talk.From{ID: aziza}, Text: text}
}

// tapped is the update of a real tap on a message of the bot.
func (s *scene) tapped(message int, data string) talk.Update {
	s.Helper()
	query, err := s.sim.TapForged(token, aziza, message, data)
	s.must(err)
	u := s.wrote("")
	u.Kind, u.Message, u.Query, u.Data = talk.Tap, message, query, data
	return u
}

func (s *scene) deliver(u talk.Update, outs ...talk.Out) {
	s.Helper()
	if err := s.speak.Deliver(s.Context(), s.bot, u, outs); err != nil {
		s.Fatal(err, s.log.String())
	}
}

// shown delivers a screen with a button anew and returns its message.
func (s *scene) shown(text string) (message int) {
	s.Helper()
	s.deliver(s.wrote("/menu"), talk.Out{Way: talk.New, Screen: talk.Screen{Text: text, Rows: rows("Open", "rv", "251007-001")}, Shown: func(id int) { message = id }})
	return message
}

// photo delivers a photo with a button and returns its message.
func (s *scene) photo(caption string) (message int) {
	s.Helper()
	s.deliver(s.wrote("/photo"), talk.Out{Screen: talk.Screen{
		Text: caption, Rows: rows("Open", "rv"), Photos: []talk.Image{{Name: "a.jpg", Data: jpegFile}},
	}, Shown: func(id int) { message = id }})
	return message
}

// jpegFile is a photo.
var jpegFile = func() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 16, 16)), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}()

// rows is one button.
func rows(text, do string, args ...string) [][]talk.Button {
	return [][]talk.Button{{{Text: text, Call: talk.Call{Do: do, Args: args}}}}
}

// said is what the bot's messages in Aziza's chat say now.
func (s *scene) said() []string {
	var texts []string
	for _, m := range s.sim.Messages(aziza) {
		if m.FromBot {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// answer is what the tap was answered, which must have happened by now.
func (s *scene) answer(u talk.Update) simulator.Answer {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Second)
	defer cancel()
	a, err := s.sim.WaitAnswer(ctx, u.Query)
	s.must(err)
	return a
}

func (s *scene) fault(f simulator.Fault) { s.Helper(); s.must(s.sim.SetFault(f)) }

// tape is every call of the Bot API with its parameters, as they went over the wire.
type tape struct {
	mu    sync.Mutex
	calls []string
}

func (t *tape) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		fields := parameters(r.Header.Get("Content-Type"), body)
		var b strings.Builder
		b.WriteString(path.Base(r.URL.Path) + "\n")
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			value := fields[name]
			if name == "callback_query_id" {
				value = "…"
			}
			fmt.Fprintf(&b, "  %s = %s\n", name, value)
		}
		t.mu.Lock()
		place := len(t.calls)
		t.calls = append(t.calls, b.String())
		t.mu.Unlock()
		next.ServeHTTP(statusWriter{w, func(status int) {
			t.mu.Lock()
			defer t.mu.Unlock()
			if status != http.StatusOK && place < len(t.calls) {
				t.calls[place] += "  → " + strconv.Itoa(status) + "\n"
			}
		}}, r)
	})
}

// statusWriter tells which status is answered.
type statusWriter struct {
	http.ResponseWriter
	tell func(status int)
}

func (w statusWriter) WriteHeader(status int) {
	w.tell(status)
	w.ResponseWriter.WriteHeader(status)
}

// parameters are a call's fields; of a file, how long it is.
func parameters(contentType string, body []byte) map[string]string {
	fields := map[string]string{}
	kind, more, _ := mime.ParseMediaType(contentType)
	if kind != "multipart/form-data" {
		values, _ := url.ParseQuery(string(body))
		for name := range values {
			fields[name] = values.Get(name)
		}
		return fields
	}
	for reader := multipart.NewReader(bytes.NewReader(body), more["boundary"]); ; {
		part, err := reader.NextPart()
		if err != nil {
			return fields
		}
		value, _ := io.ReadAll(part)
		if fields[part.FormName()] = string(value); part.FileName() != "" {
			fields[part.FormName()] = fmt.Sprintf("%s, %d bytes", part.FileName(), len(value))
		}
	}
}

// rewind forgets what is on the tape.
func (t *tape) rewind() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls = nil
}

// text is the tape, answers to taps first: they go beside the messages.
func (t *tape) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	calls := slices.Clone(t.calls)
	slices.SortStableFunc(calls, func(a, b string) int { return rankOf(a) - rankOf(b) })
	return strings.Join(calls, "")
}

func rankOf(call string) int {
	if strings.HasPrefix(call, "answerCallbackQuery") {
		return 0
	}
	return 1
}

// count is how often a method is on the tape and was done.
func (t *tape) count(method string) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, call := range t.calls {
		if strings.HasPrefix(call, method+"\n") && !strings.Contains(call, "→") {
			n++
		}
	}
	return n
}
