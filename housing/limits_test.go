package housing_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"

	"ukbot/housing"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
	"ukbot/ingress"
)

// TestBodyLimitsDependOnThePath sends bodies just below and above each limit
// over one connection: a limit must not outlive its request.
func TestBodyLimitsDependOnThePath(t *testing.T) {
	const mib = 1 << 20
	client, address := limited(t, mib)
	for _, tc := range []struct {
		method, path string
		limit        int
	}{
		{"POST", "/api/v1/requests/251007-001/files", 21 * mib},
		{"POST", "/api/v1/requests", mib},
		{"POST", "/api/v1/buildings/import?dry_run=true", 8 * mib},
		{"POST", "/api/v1/buildings", mib},
		{"PUT", "/api/v1/requests/251007-001/files", mib},
		{"POST", "/api/v1/requests/251007-001/filesystem", mib},
		{"POST", "/webhooks/stripe", mib},
	} {
		for size, want := range map[int]int{tc.limit: 200, tc.limit + 1: 413} {
			r, err := http.NewRequestWithContext(t.Context(), tc.method, address+tc.path, strings.NewReader(strings.Repeat("x", size)))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := client.Do(r)
			if err != nil {
				t.Fatalf("%s %s with %d bytes: %v", tc.method, tc.path, size, err)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			if answer.StatusCode != want {
				t.Errorf("%s %s with %d bytes answered %d, want %d", tc.method, tc.path, size, answer.StatusCode, want)
			}
		}
	}
}

// TestStrangersSendNoLargeBodies begins to send files: a stranger is told so
// before the rest has arrived, whoever is known goes on.
func TestStrangersSendNoLargeBodies(t *testing.T) {
	s := housingtest.Start(t)
	address := strings.TrimSuffix(strings.TrimPrefix(s.URL, "http://"), "/api/v1")
	begin := func(credential, framing string) *http.Response {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		// A server that has answered may hang up while this is still being written.
		_, _ = io.WriteString(conn, "POST /api/v1/requests/251007-001/files HTTP/1.1\r\nHost: x\r\n"+credential+
			"Content-Type: multipart/form-data; boundary=x\r\n"+framing+strings.Repeat("x", 2<<20))
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("no answer before the body is whole: %v", err)
		}
		answer.Body.Close()
		return answer
	}
	sized := fmt.Sprintf("Content-Length: %d\r\n\r\n", 20<<20)
	for name, tc := range map[string]struct {
		credential, framing string
		status              int
	}{
		"nobody":              {"", sized, 401},
		"an unknown key":      {"X-API-Key: uk_" + strings.Repeat("A", 52) + "\r\n", sized, 401},
		"nobody, chunked":     {"", "Transfer-Encoding: chunked\r\n\r\n200000\r\n", 413},
		"somebody, too large": {"X-API-Key: " + s.Key(access.FilesAdd).Credential() + "\r\n", "Content-Length: 30000000\r\n\r\n", 413},
		"somebody":            {"X-API-Key: " + s.Key(access.FilesAdd).Credential() + "\r\n", fmt.Sprintf("Content-Length: %d\r\n\r\n", 2<<20), 404},
	} {
		t.Run(name, func(t *testing.T) {
			if answer := begin(tc.credential, tc.framing); answer.StatusCode != tc.status {
				t.Errorf("answered %s, want %d", answer.Status, tc.status)
			}
		})
	}
}

// limited is a server that answers 200 to every body within its limit.
func limited(t *testing.T, jsonLimit int) (*http.Client, string) {
	t.Helper()
	app := ingress.NewApp(ingress.AppConfig{Log: zerolog.Nop()})
	app.Server().HeaderReceived = housing.BodyLimit(jsonLimit, func(*fasthttp.RequestHeader) bool { return true })
	app.Use(func(c *fiber.Ctx) error { return c.SendStatus(http.StatusOK) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- app.Listener(listener) }()
	transport := &http.Transport{MaxConnsPerHost: 1}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := app.ShutdownWithTimeout(time.Minute); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &http.Client{Transport: transport, Timeout: time.Minute}, "http://" + listener.Addr().String()
}
