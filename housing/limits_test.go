package housing_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/rs/zerolog"

	"ukbot/housing"
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

// limited is a server that answers 200 to every body within its limit.
func limited(t *testing.T, jsonLimit int) (*http.Client, string) {
	t.Helper()
	app := ingress.NewApp(ingress.AppConfig{Log: zerolog.Nop()})
	app.Server().HeaderReceived = housing.BodyLimit(jsonLimit)
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
		if err := app.ShutdownWithTimeout(5 * time.Second); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &http.Client{Transport: transport, Timeout: time.Minute}, "http://" + listener.Addr().String()
}
