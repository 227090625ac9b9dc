package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"ukbot/events"
	"ukbot/ingress"
	"ukbot/ops"
	"ukbot/secret"
)

// sender signs and posts as a provider does and keeps every answer.
type sender struct {
	hook   events.Hook
	secret secret.Text
	client *http.Client
	at     atomic.Pointer[string] // address; another one after a restart
	body   func(id string, n int64) []byte

	sent atomic.Int64 // ids made
	mu   sync.Mutex
	log  []answered
}

// answered is what became of one request.
type answered struct {
	id           string
	status       int // 0: no answer, the outcome is unknown
	retryAfter   string
	began, ended time.Time
}

func newSender(hook events.Hook, key secret.Text, address string) *sender {
	s := &sender{
		hook: hook, secret: key,
		client: &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256}},
		body:   func(id string, _ int64) []byte { return paymentBody(id, demoPeople[0].PersonID) },
	}
	s.at.Store(&address)
	return s
}

// sender signs with a configuration of a running dev.
func (p *program) sender(tenant, source string) *sender {
	p.t.Helper()
	hook, err := ops.FindHook(p.t.Context(), p.pool(), tenant, source)
	if err != nil {
		p.t.Fatal(err)
	}
	keys, err := secret.ParseKeyset(secret.Text(p.dev.Keys))
	if err != nil {
		p.t.Fatal(err)
	}
	key, err := keys.Open(hook.Secrets[0], events.HookOwner(tenant, source))
	if err != nil {
		p.t.Fatal(err)
	}
	return newSender(hook, key, p.http)
}

// post sends one event and notes the answer.
func (s *sender) post(ctx context.Context, id string, body []byte) answered {
	a := answered{id: id, began: time.Now()}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+*s.at.Load()+hookPath(s.hook), bytes.NewReader(body))
	if err == nil {
		request.Header.Set("Content-Type", "application/json")
		for name, value := range ingress.Sign(s.hook, s.secret, id, body, time.Now()) {
			request.Header.Set(name, value)
		}
		var response *http.Response
		if response, err = s.client.Do(request); err == nil {
			_, err = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			// The status line alone is an answer: a sender takes it for one.
			a.status, a.retryAfter = response.StatusCode, response.Header.Get("Retry-After")
		}
	}
	_ = err // no answer: status 0
	a.ended = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, a)
	return a
}

// load posts until ctx ends: `workers` at once, perSecond in all, every tenth
// event twice. Requests in hand are finished. It returns when all have ended.
func (s *sender) load(ctx context.Context, prefix string, workers int, perSecond float64) {
	pace := rate.NewLimiter(rate.Limit(perSecond), 1)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for pace.Wait(ctx) == nil {
				n := s.sent.Add(1)
				id := fmt.Sprintf("evt_%s_%06d", prefix, n)
				body := s.body(id, n)
				s.post(context.WithoutCancel(ctx), id, body)
				if n%10 == 0 {
					s.post(context.WithoutCancel(ctx), id, body)
				}
			}
		})
	}
	wg.Wait()
}

// answers is everything answered so far.
func (s *sender) answers() []answered {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]answered(nil), s.log...)
}

// accepted are the ids that somebody was told are safe.
func (s *sender) accepted() map[string]bool {
	ids := map[string]bool{}
	for _, a := range s.answers() {
		if a.status == http.StatusAccepted || a.status == http.StatusOK {
			ids[a.id] = true
		}
	}
	return ids
}

// statuses counts answers, for the log.
func (s *sender) statuses() map[int]int {
	counts := map[int]int{}
	for _, a := range s.answers() {
		counts[a.status]++
	}
	return counts
}

// paymentBody is a payment whose number and purpose name the event, so that a
// message can be told from the next.
func paymentBody(id, payer string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"object":"event","type":"payment_intent.succeeded","created":%d,"livemode":false,"api_version":"2025-03-31",`+
		`"data":{"object":{"id":"pi_%s","object":"payment_intent","amount":100000,"amount_received":100000,"currency":"uzs","status":"succeeded","metadata":{"resident_id":%q}}}}`,
		id, time.Now().Unix(), id, payer)
}

// poisonBody is a payment that no handler can take: it has no currency.
func poisonBody(id string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"object":"event","type":"payment_intent.succeeded","created":%d,"livemode":false,"api_version":"2025-03-31",`+
		`"data":{"object":{"id":"pi_%s","object":"payment_intent","amount":100000,"status":"succeeded"}}}`, id, time.Now().Unix(), id)
}

// run loads in the background until the returned function is called.
func (s *sender) run(t *testing.T, prefix string, workers int, perSecond float64) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { s.load(ctx, prefix, workers, perSecond) })
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(stop)
	return stop
}
