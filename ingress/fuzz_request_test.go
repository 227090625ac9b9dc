package ingress

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp/fasthttputil"

	"ukbot/events"
	"ukbot/nats/natstest"
	"ukbot/secret"
)

// FuzzRequest sends any bytes as headers and body, with and without a true
// signature, through the whole server: it never answers 5xx, every answer is
// HTTP and JSON, and what it takes in can be decoded.
func FuzzRequest(f *testing.F) {
	z := newFuzzServer(f)
	presets := slices.Sorted(maps.Keys(Presets))
	f.Add(uint8(0), false, "Content-Type: application/json", []byte("{}"))
	f.Add(uint8(1), true, "Content-Type: application/json", []byte(genericBody))
	f.Add(uint8(2), true, "X-GitHub-Event: push\r\nX-Event-ID: ы", []byte("\x00\xff"))
	f.Add(uint8(7), true, "Content-Type: application/x-www-form-urlencoded", []byte("id=%zz&event_id=%00"))
	f.Add(uint8(8), true, "Content-Type: application/json", []byte(`{"id":"\u0000\n","type":"a\r\nb.*.>"}`))
	f.Add(uint8(3), false, "Transfer-Encoding: chunked", []byte("zz"))
	f.Add(uint8(4), true, "Expect: 100-continue\r\nX-Tenant-ID: *", []byte(strings.Repeat("[", 3000)))
	f.Add(uint8(5), true, "Content-Type: multipart/form-data; boundary=x\r\nContent-Encoding: gzip", []byte("--x"))
	f.Add(uint8(6), true, "traceparent: 00\r\nX-Request-ID: \x01\r\n folded\r\nConnection: close", []byte(" "))
	f.Fuzz(func(t *testing.T, which uint8, signed bool, headers string, body []byte) {
		h := z.hooks[presets[int(which)%len(presets)]]
		lines := []string{}
		if signed {
			for name, value := range Sign(h, secret.Text(presetSecret(h.Preset)), "", body, time.Now()) {
				if value != "" {
					lines = append(lines, name+": "+value)
				}
			}
		}
		if headers != "" {
			lines = append(lines, headers)
		}
		a := z.exchange(t, typed("/api/v1/webhooks/generic/"+h.Source, string(body), lines...))
		if a.status >= 500 {
			t.Fatalf("answer %d %s to %q %q", a.status, a.body, lines, body)
		}
		if a.err != nil || a.status != 100 && !json.Valid([]byte(a.body)) {
			t.Fatalf("answer %d %q, %v to %q %q", a.status, a.body, a.err, lines, body)
		}
		if a.status == 202 {
			z.check(t, a)
		}
	})
}

type fuzzServer struct {
	env      *natstest.Env
	listener *fasthttputil.InmemoryListener
	hooks    map[string]events.Hook
}

func newFuzzServer(f *testing.F) *fuzzServer {
	f.Helper()
	z := &fuzzServer{env: natstest.Start(f), listener: fasthttputil.NewInmemoryListener(), hooks: map[string]events.Hook{}}
	keys := testKeys(f)
	in := New(Config{Conn: z.env.Conn, Publisher: z.env.Publisher, Keys: keys, Registry: prometheus.NewRegistry(), Log: zerolog.Nop()})
	compiled := map[string]*hook{}
	for preset := range Presets {
		h := events.Hook{Tenant: "acme", Source: "src-" + preset, Enabled: true, Preset: preset}
		if err := ApplyPreset(&h); err != nil {
			f.Fatal(err)
		}
		h = sealed(h, keys, presetSecret(preset))
		config, err := json.Marshal(h)
		if err != nil {
			f.Fatal(err)
		}
		made := in.hooks.compile(config, h.Tenant, h.Source)
		if made.err != nil {
			f.Fatal(made.err)
		}
		made.tally = in.meter.tally(h.Tenant, h.Source)
		z.hooks[preset], compiled[preset] = h, made
	}
	in.hooks.table.Store(tableOf(compiled))
	app := NewApp(AppConfig{Log: zerolog.Nop()})
	app.Server().ReadTimeout = 100 * time.Millisecond
	in.Register(app)
	go func() { _ = app.Listener(z.listener) }()
	f.Cleanup(func() { _ = app.ShutdownWithTimeout(time.Second) })
	return z
}

// exchange sends a request and reads its answer. Where there is none it asks
// again: a machine that stood still for the server's short ReadTimeout had not
// sent a byte, and the server hung up.
func (z *fuzzServer) exchange(t *testing.T, text string) (a answer) {
	t.Helper()
	for range 5 {
		if a = z.once(t, text); !errors.Is(a.err, io.EOF) && !errors.Is(a.err, io.ErrUnexpectedEOF) {
			break
		}
	}
	return a
}

func (z *fuzzServer) once(t *testing.T, text string) answer {
	t.Helper()
	conn, err := z.listener.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, text) }()
	return read1(http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: fiber.MethodPost}))
}

// check decodes the newest webhook.
func (z *fuzzServer) check(t *testing.T, a answer) {
	t.Helper()
	stream, err := z.env.Conn.JS.Stream(t.Context(), "WEBHOOKS")
	if err != nil {
		t.Fatal(err)
	}
	last, err := stream.GetLastMsgForSubject(t.Context(), events.WebhookSubjects)
	if err != nil {
		t.Fatal(err)
	}
	event, err := events.DecodeWebhook(last.Header, last.Data)
	if err != nil || event.ID != a.ID || event.Tenant != "acme" {
		t.Fatalf("stored as %s %v %s, %v", last.Subject, last.Header, strconv.Quote(string(last.Data)), err)
	}
}
