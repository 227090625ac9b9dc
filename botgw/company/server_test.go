package company_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/botgw/company"
	"ukbot/secret"
)

const key = secret.Text("uk_KEYKEYKEY")

// server stands in for the network and what is wrong with it: it answers what a
// test says, in order, the last for ever.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	answers []http.HandlerFunc
	seen    []*http.Request
	bodies  []string
}

func serve(t *testing.T, answers ...http.HandlerFunc) *server {
	t.Helper()
	s := &server{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		n := len(s.seen)
		s.seen, s.bodies = append(s.seen, r), append(s.bodies, string(body))
		answer := s.answers[min(n, len(s.answers)-1)]
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// now changes what is answered from here on.
func (s *server) now(answer http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = []http.HandlerFunc{answer}
}

func status(code int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, header := range headers {
			name, value, _ := strings.Cut(header, ": ")
			w.Header().Set(name, value)
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, `{"code":"limited","title":"x","status":429,"type":"about:blank"}`)
	}
}

func hang(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func cut(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }

func client(t *testing.T, url string, change func(*company.LineConfig)) *company.Client {
	t.Helper()
	cfg := company.LineConfig{URL: url + "/api/v1", Metrics: company.NewMetrics(prometheus.NewRegistry()), Log: zerolog.Nop(), Closed: 50 * time.Millisecond}
	if change != nil {
		change(&cfg)
	}
	line, err := company.NewLine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(line.Close)
	c, err := company.New(company.Config{Line: line, Tenant: "acme", Key: key})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
