package simulator

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const (
	backoffMax    = time.Minute      // longest wait after a refused delivery, unless told otherwise
	retryAfterMax = time.Hour        // Telegram obeys a Retry-After up to 3600 s (its server's source)
	deliverWait   = 60 * time.Second // for a receiver's answer
)

// hook is a set webhook. It is written under Server.mu.
type hook struct {
	url, secret string
	slots       chan struct{}              // at most max_connections deliveries at once
	lanes       map[int64]*lane            // what waits, by queue; a lane is there while its goroutine runs
	stop        func()                     // ends deliveries
	run         func(queue int64, l *lane) // starts a lane's goroutine
	client      *http.Client               // follows no redirects, as Telegram follows none
	failedAt    time.Time
	failure     string
}

// lane is a queue's undelivered updates, oldest first.
type lane struct{ updates []*update }

func (in *inbox) stopHook() {
	if in.hook != nil {
		in.hook.stop()
		in.hook = nil
	}
}

func (s *Server) setWebhook(_ context.Context, b *bot, a args) (any, error) {
	if a.str("url") == "" {
		return s.deleteWebhook(context.Background(), b, a)
	}
	u, err := url.Parse(a.str("url"))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, bad("bad webhook: An HTTPS URL must be provided for webhook")
	}
	if err := checkSecret(a.str("secret_token")); err != nil {
		return nil, err
	}
	connections := a.int("max_connections")
	if connections < 1 || connections > 100 {
		connections = 40
	}
	h := &hook{
		url: a.str("url"), secret: a.str("secret_token"),
		slots: make(chan struct{}, connections), lanes: map[int64]*lane{},
		client: &http.Client{
			Timeout:       deliverWait,
			Transport:     &http.Transport{MaxIdleConnsPerHost: connections},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	ctx, stop := context.WithCancel(context.Background()) // until the webhook goes, not this call
	h.stop = stop
	h.run = func(queue int64, l *lane) { s.wg.Go(func() { s.runLane(ctx, b, h, queue, l) }) }

	s.mu.Lock()
	defer s.mu.Unlock()
	text := "Webhook was set"
	if old := b.hook; old != nil && old.url == h.url && old.secret == h.secret {
		text = "Webhook is already set"
	}
	b.stopHook()
	b.end(errHookSet)
	b.setAllowed(a)
	if a.bool("drop_pending_updates") {
		b.pending = nil
	}
	b.hook = h
	for _, u := range b.pending {
		s.enqueue(h, u)
	}
	return described{true, text}, nil
}

// checkSecret allows what Telegram does: 1–256 of A–Z a–z 0–9 _ and -.
func checkSecret(secret string) error {
	if len(secret) > 256 {
		return bad("secret token is too long")
	}
	for _, c := range []byte(secret) {
		if !isAlpha(c) && !isDigit(c, 10) && c != '_' && c != '-' {
			return bad("secret token contains unallowed characters")
		}
	}
	return nil
}

func (s *Server) deleteWebhook(_ context.Context, b *bot, a args) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := "Webhook was deleted"
	if b.hook == nil {
		text = "Webhook is already deleted"
	}
	b.stopHook()
	if a.bool("drop_pending_updates") {
		b.pending = nil
	}
	return described{true, text}, nil
}

// webhookInfo is the Bot API's WebhookInfo.
type webhookInfo struct {
	URL                  string   `json:"url"`
	HasCustomCertificate bool     `json:"has_custom_certificate"`
	PendingUpdateCount   int      `json:"pending_update_count"`
	LastErrorDate        int64    `json:"last_error_date,omitempty"`
	LastErrorMessage     string   `json:"last_error_message,omitempty"`
	MaxConnections       int      `json:"max_connections,omitempty"`
	AllowedUpdates       []string `json:"allowed_updates,omitempty"`
}

func (s *Server) getWebhookInfo(_ context.Context, b *bot, _ args) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	info := webhookInfo{PendingUpdateCount: len(b.pending), AllowedUpdates: slices.Sorted(maps.Keys(b.allowed))}
	if h := b.hook; h != nil {
		info.URL, info.MaxConnections = h.url, cap(h.slots)
		if h.failure != "" {
			info.LastErrorDate, info.LastErrorMessage = h.failedAt.Unix(), h.failure
		}
	}
	return info, nil
}

// enqueue puts an update in its lane and starts the lane if it stood. The caller
// holds s.mu; Close waits for the goroutine.
func (s *Server) enqueue(h *hook, u *update) {
	if l := h.lanes[u.queue]; l != nil {
		l.updates = append(l.updates, u)
		return
	}
	select {
	case <-s.closed:
		return
	default:
	}
	l := &lane{updates: []*update{u}}
	h.lanes[u.queue] = l
	h.run(u.queue, l)
}

// runLane delivers a lane in order until it is empty or the webhook goes.
func (s *Server) runLane(ctx context.Context, b *bot, h *hook, queue int64, l *lane) {
	wait := s.cfg.WebhookBackoff
	for {
		s.mu.Lock()
		if len(l.updates) == 0 {
			delete(h.lanes, queue)
			s.mu.Unlock()
			return
		}
		u := l.updates[0]
		s.mu.Unlock()

		told, err := s.deliver(ctx, h, u)
		if errors.Is(err, context.Canceled) {
			return // the webhook has gone; what is undelivered stays pending
		}
		s.mu.Lock()
		if err == nil {
			if !u.again() {
				l.updates = l.updates[1:]
				b.forget(u.id)
			}
			wait = s.cfg.WebhookBackoff
			s.mu.Unlock()
			continue
		}
		h.failedAt, h.failure = s.cfg.Now(), err.Error()
		s.mu.Unlock()
		if !pause(ctx, max(wait, told)) {
			return
		}
		wait = min(2*wait, backoffMax)
	}
}

// pause waits, and reports whether the webhook is still set.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// deliver posts one update; on refusal it returns how long the receiver asked to
// be left alone. An expired update counts as delivered.
func (s *Server) deliver(ctx context.Context, h *hook, u *update) (retryAfter time.Duration, err error) {
	if !s.cfg.Now().Before(u.expires) {
		return 0, nil
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return 0, context.Canceled
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(u.body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if h.secret != "" {
		req.Header.Set("X-Telegram-Bot-Api-Secret-Token", h.secret)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return 0, context.Canceled
		}
		return 0, unwrapURL(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // so that the connection can be used again
	if resp.StatusCode/100 == 2 {
		return 0, nil
	}
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	retryAfter = min(time.Duration(seconds)*time.Second, retryAfterMax)
	return retryAfter, &refusal{text: "Wrong response from the webhook: " + resp.Status}
}

// unwrapURL drops the address, which the bot knows.
func unwrapURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
