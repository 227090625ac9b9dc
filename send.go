package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"ukbot/events"
	"ukbot/ingress"
	"ukbot/ops"
	"ukbot/secret"
)

type sendCommand struct {
	Source string        `arg:"" help:"stripe, google/sheets, yandex/maps, generic/NAME, or any configured source."`
	Type   string        `help:"Event type. Default: the source's most usual one."`
	Tenant string        `default:"default" help:"Whose configuration signs."`
	ID     string        `help:"The provider's id of the event. Default: made of source, type and body, so that the same command again is a duplicate."`
	New    bool          `help:"A fresh id every time."`
	Payer  string        `default:"demo-payer" help:"Person that a payment names."`
	Amount int64         `default:"25000000" help:"Amount of a payment, in the smallest unit."`
	File   string        `type:"existingfile" help:"Post this body instead of a made one."`
	Count  int           `default:"1" help:"How many events; each has its own id."`
	Rate   float64       `help:"Events a second. 0: as fast as they are answered."`
	Secret secret.Text   `help:"Sign with this instead of the configuration's own secret."`
	URL    string        `name:"url" help:"Server to post to. Default: the one beside."`
	Wait   time.Duration `default:"10s" help:"Longest wait for one answer."`
	JSON   bool          `name:"json" help:"Print the answers as JSON."`
}

// sendersMax is how many events `send --count` has under way at once.
const sendersMax = 64

func (c sendCommand) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		hook, err := ops.FindHook(ctx, open.Pool, c.Tenant, sourceName(c.Source))
		if errors.Is(err, ops.ErrNoHook) {
			return fmt.Errorf("%w: `ukbot hooks ls` lists them, `ukbot hooks set %s --tenant %s --new-secret` makes one", err, c.Source, c.Tenant)
		}
		if err != nil {
			return err
		}
		if c.Secret == "" && hook.Scheme != events.SchemeNone {
			if c.Secret, err = openSecret(open, hook); err != nil {
				return err
			}
		}
		if c.URL == "" {
			c.URL = "http://" + s.HTTPAddr
		}
		if c.Count == 1 {
			return c.one(ctx, hook)
		}
		return c.many(ctx, hook)
	})
}

// openSecret is the first secret of a configuration.
func openSecret(open *session, hook events.Hook) (secret.Text, error) {
	if open.keys == nil {
		_, err := open.settings.keyset()
		return "", err
	}
	if len(hook.Secrets) == 0 {
		return "", fmt.Errorf("%s/%s has no secret", hook.Tenant, hook.Source)
	}
	return open.keys.Open(hook.Secrets[0], events.HookOwner(hook.Tenant, hook.Source))
}

// answer is what the ingress says.
type answer struct {
	HTTP    int    `json:"http"`
	Status  string `json:"status,omitempty"`
	EventID string `json:"event_id,omitempty"`
	Code    string `json:"code,omitempty"`
	Detail  string `json:"detail,omitempty"`
	TookMS  int64  `json:"took_ms"`
}

func (c sendCommand) one(ctx context.Context, hook events.Hook) error {
	got, err := c.post(ctx, hook, 0)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := printJSON(got); err != nil {
			return err
		}
	} else if got.Code == "" {
		fmt.Printf("%d %s %s (%d ms)\n", got.HTTP, got.Status, got.EventID, got.TookMS)
	}
	if got.Code != "" {
		return fmt.Errorf("refused with %d %s: %s", got.HTTP, got.Code, got.Detail)
	}
	if !c.JSON && got.Status == "accepted" {
		fmt.Printf("its story: ukbot events show %s%s\n", got.EventID, ofTenant(c.Tenant))
	}
	return nil
}

// ofTenant is the flag that the next command needs.
func ofTenant(tenant string) string {
	if tenant == events.DefaultTenant {
		return ""
	}
	return " --tenant " + tenant
}

func (c sendCommand) many(ctx context.Context, hook events.Hook) error {
	pace := rate.NewLimiter(rate.Inf, 1)
	if c.Rate > 0 {
		pace = rate.NewLimiter(rate.Limit(c.Rate), 1)
	}
	var mu sync.Mutex
	counts := map[string]int{}
	bar := newBar(c.Count, "sending")
	began := time.Now()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(sendersMax, c.Count) {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(c.Count) && pace.Wait(ctx) == nil; n = next.Add(1) {
				got, err := c.post(ctx, hook, n)
				mu.Lock()
				counts[outcomeOf(got, err)]++
				mu.Unlock()
				_ = bar.Add(1)
			}
		})
	}
	wg.Wait()
	_ = bar.Finish()
	return c.report(counts, time.Since(began))
}

func outcomeOf(got answer, err error) string {
	switch {
	case err != nil:
		return "no answer"
	case got.Code != "":
		return fmt.Sprintf("%d %s", got.HTTP, got.Code)
	}
	return fmt.Sprintf("%d %s", got.HTTP, got.Status)
}

func (c sendCommand) report(counts map[string]int, took time.Duration) error {
	if c.JSON {
		return printJSON(counts)
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	fmt.Printf("%d events in %.1f s, %.0f a second\n", total, took.Seconds(), float64(total)/took.Seconds())
	return table(os.Stdout, "ANSWER\tEVENTS", func(row func(...any)) {
		for outcome, n := range counts {
			row(outcome, n)
		}
	})
}

// post signs and posts the n-th event.
func (c sendCommand) post(ctx context.Context, hook events.Hook, n int64) (answer, error) {
	body, id, eventType, err := c.event(hook, n)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+hookPath(hook), bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	if hook.TypeHeader != "" {
		name, _, _ := strings.Cut(hook.TypeHeader, "|")
		request.Header.Set(name, eventType)
	}
	for name, value := range ingress.Sign(hook, c.Secret, id, body, time.Now()) {
		request.Header.Set(name, value)
	}
	if hook.Scheme == events.SchemeGoogle {
		request.Header.Set("X-Goog-Resource-State", eventType)
	}
	began := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("post to %s: %w", c.URL, err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, answerMax))
	if err != nil {
		return answer{}, err
	}
	got := answer{HTTP: response.StatusCode, TookMS: time.Since(began).Milliseconds()}
	if err := json.Unmarshal(raw, &got); err != nil || got.Status == "" && got.Code == "" {
		got.Code, got.Detail = "not_ukbot", "the answer is not ukbot's; is another program listening there?"
	}
	return got, nil
}

// answerMax bounds an answer, in bytes.
const answerMax = 64 << 10

// get fetches a page of a running ukbot.
func get(ctx context.Context, url string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, answerMax))
	return response.StatusCode, string(raw), err
}
