package ingress

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
)

// big is over the limit by one byte.
var big = strings.Repeat("x", DefaultBodyLimit+1)

func TestBodiesOverTheLimitAreToldSo(t *testing.T) {
	w := serve(t, AppConfig{})
	h := w.hook("generic", "acme", "crm")
	for name, body := range map[string]func() io.Reader{
		"with a length, by a byte": func() io.Reader { return strings.NewReader(big) },
		"with a length, by far":    func() io.Reader { return strings.NewReader(strings.Repeat(big, 20)) },
		"chunked, by a byte":       func() io.Reader { return io.MultiReader(strings.NewReader(big)) },
		"chunked, by far":          func() io.Reader { return io.MultiReader(strings.NewReader(strings.Repeat(big, 20))) },
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // a connection that is reset loses the answer now and then
				a := w.send("POST", "/api/v1/webhooks/generic/crm", nil, body())
				if a.err != nil || a.status != 413 || a.Code != errTooLarge.Code {
					t.Fatalf("answer %d %s, %v", a.status, a.body, a.err)
				}
			}
		})
	}
	exact := `"` + strings.Repeat("x", DefaultBodyLimit-2) + `"`
	if a := w.post("/api/v1/webhooks/generic/crm", Sign(h, "s3cret-generic", "exact", []byte(exact), time.Now()), exact); a.status != 202 {
		t.Errorf("a body of the limit is answered %d %s", a.status, a.body)
	}
	chunked := w.send("POST", "/api/v1/webhooks/generic/crm", Sign(h, "s3cret-generic", "chunked", []byte(exact), time.Now()), io.MultiReader(strings.NewReader(exact)))
	if all := w.webhooks(); chunked.status != 202 || len(all) != 2 || string(all[0].Data) != exact || string(all[1].Data) != exact {
		t.Errorf("the same, chunked, is answered %d %s; %d are stored", chunked.status, chunked.body, len(all))
	}
}

// A provider that writes all before it reads must find the answer, not a reset.
func TestTheAnswerToTooMuchIsReadableAfterAllWasSent(t *testing.T) {
	w := serve(t, AppConfig{})
	for range 3 {
		conn, err := net.Dial("tcp", w.addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		_, err = io.WriteString(conn, typed("/api/v1/webhooks/stripe", strings.Repeat(big, 2)))
		a := read1(http.ReadResponse(bufio.NewReader(conn), nil))
		conn.Close()
		if err != nil || a.status != 413 || a.err != nil {
			t.Fatalf("write %v; answer %d, %v", err, a.status, a.err)
		}
	}
}

func TestHeadersOverTheLimitAreToldSo(t *testing.T) {
	w := serve(t, AppConfig{})
	w.hook("generic", "acme", "crm")
	if a := w.crm("small", "{}", "X-Big: "+strings.Repeat("x", 12<<10)); a.status != 202 {
		t.Errorf("headers of 12 KiB are answered %d %s", a.status, a.body)
	}
	for name, header := range map[string]string{
		"one header": "X-Big: " + strings.Repeat("x", 17<<10), "many headers": strings.TrimSuffix(strings.Repeat("X-Small: x\r\n", 2000), "\r\n"),
		"by far": "X-Big: " + strings.Repeat("x", 1<<20),
	} {
		a := w.crm("large", "{}", header)
		if a.status != 431 || a.Code != errHeadersTooLarge.Code || a.header.Get("X-Request-ID") == "" {
			t.Errorf("%s: answer %d %s %v", name, a.status, a.body, a.err)
		}
	}
	if n := w.counted("", "", errHeadersTooLarge.Code); n != 3 {
		t.Errorf("counted %d, want 3", n)
	}
	if all := w.webhooks(); len(all) != 1 {
		t.Errorf("%d are stored", len(all))
	}
}

func TestASlowSenderIsNotWaitedFor(t *testing.T) {
	// Long enough for what is dripped to have gone: a byte after the answer resets the connection.
	w := serve(t, AppConfig{}, func(app *fiber.App) { app.Server().ReadTimeout = 2 * time.Second })
	for name, text := range map[string]string{
		"no byte": "", "half a header": "POST /api/v1/webhooks/stripe HTTP/1.1\r\nHo", "half a body": "POST /api/v1/webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n12345",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			conn, err := net.Dial("tcp", w.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			began := time.Now()
			_ = conn.SetDeadline(began.Add(30 * time.Second))
			_, _ = io.WriteString(conn, text)
			stop := make(chan struct{})
			defer close(stop)
			go drip(conn, text, stop)
			answer, err := io.ReadAll(conn)
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("closed after %v: %q, %v", took, answer, err)
			}
			if text != "" && !strings.HasPrefix(string(answer), "HTTP/1.1 408") {
				t.Errorf("answer %q", answer)
			}
		})
	}
}

// drip goes on sending a byte at a time, as a slow loris does.
func drip(conn net.Conn, text string, stop <-chan struct{}) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 5 {
		select {
		case <-stop:
			return
		case <-tick.C:
			if text != "" {
				_, _ = io.WriteString(conn, "x")
			}
		}
	}
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	w := serve(t, AppConfig{})
	w.hook("generic", "acme", "crm")
	var text strings.Builder
	for i := range 40 {
		body := fmt.Sprintf(`{"n":%d}`, i)
		text.WriteString(typed("/api/v1/webhooks/generic/crm", body, w.crmLines(fmt.Sprintf("id-%d", i/2), body)...))
		text.WriteString(typed("/api/v1/webhooks/generic/none", body, "Content-Type: application/json"))
		text.WriteString("GET /api/v1/webhooks/stripe HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	answers := w.raw(text.String(), 120)
	for i, a := range answers {
		want := [...]int{202, 404, 405, 200, 404, 405}[i%6]
		if a.status != want || want <= 202 && a.ID != fmt.Sprintf("id-%d", i/6) {
			t.Errorf("request %d is answered %d %s %v, want %d", i, a.status, a.body, a.err, want)
		}
	}
	all := w.webhooks()
	if len(answers) != 120 || len(all) != 20 {
		t.Fatalf("%d answers, %d stored", len(answers), len(all))
	}
	for i, m := range all {
		if string(m.Data) != fmt.Sprintf(`{"n":%d}`, i*2) {
			t.Errorf("message %d holds %s", i, m.Data)
		}
	}
}

func TestOddRequests(t *testing.T) {
	w := serve(t, AppConfig{})
	w.hook("generic", "acme", "crm")
	const path = "/api/v1/webhooks/generic/crm"
	good := strings.Join(w.crmLines("ID", "{}"), "\r\n")
	for name, tc := range map[string]struct {
		text string
		want []int // a status of several answers; 0: closed or 400
	}{
		"Expect: 100-continue":          {"POST " + path + " HTTP/1.1\r\nHost: x\r\n" + good + "\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", []int{100, 202}},
		"HTTP/1.0":                      {"POST " + path + " HTTP/1.0\r\n" + good + "\r\nContent-Length: 2\r\n\r\n{}", []int{202}},
		"chunked in small pieces":       {"POST " + path + " HTTP/1.1\r\nHost: x\r\n" + good + "\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", []int{202}},
		"no length at all":              {"POST " + path + " HTTP/1.1\r\nHost: x\r\n" + good + "\r\n\r\n", []int{401}},
		"a length and chunks":           {"POST " + path + " HTTP/1.1\r\nHost: x\r\n" + good + "\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", nil},
		"a length that is none":         {"POST " + path + " HTTP/1.1\r\nHost: x\r\n" + good + "\r\nContent-Length: -2\r\n\r\n{}", nil},
		"a chunk that is none":          {"POST " + path + " HTTP/1.1\r\nHost: x\r\n" + good + "\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", []int{400}},
		"no HTTP":                       {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", []int{400}},
		"a body that ends too early":    {"POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{}", nil},
		"two signatures: the first one": {"POST " + path + " HTTP/1.1\r\nHost: x\r\n" + good + "\r\nX-Signature: sha256=00\r\nContent-Length: 2\r\n\r\n{}", []int{202}},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", w.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			_, _ = io.WriteString(conn, strings.Replace(tc.text, ": ID\r\n", ": "+rand.Text()+"\r\n", 1)) // an id of its own
			if tc.want == nil {
				_ = conn.(*net.TCPConn).CloseWrite()
			}
			reader := bufio.NewReader(conn)
			for _, want := range tc.want {
				if a := read1(http.ReadResponse(reader, nil)); a.status != want || a.err != nil {
					t.Errorf("answer %d %s %v, want %d", a.status, a.body, a.err, want)
				}
			}
			if tc.want == nil {
				if a := read1(http.ReadResponse(reader, nil)); a.status >= 500 {
					t.Errorf("answer %d %s", a.status, a.body)
				}
			}
		})
	}
	if strings.Contains(w.lines.String(), `"level":"error"`) {
		t.Errorf("what strangers send is no error of ours: %s", w.lines)
	}
}

// A refusal that was read whole leaves the connection open.
func TestTheConnectionOutlivesARefusal(t *testing.T) {
	w := serve(t, AppConfig{})
	w.hook("generic", "acme", "crm")
	bad := typed("/api/v1/webhooks/generic/crm", "{}", "Content-Type: application/json")
	answers := w.raw(bad+typed("/api/v1/webhooks/generic/crm", "{}", w.crmLines("after", "{}")...)+bad, 3)
	if len(answers) != 3 || answers[0].status != 401 || answers[1].status != 202 || answers[2].status != 401 {
		t.Errorf("answers %+v", answers)
	}
}
