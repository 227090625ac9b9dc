package company

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"

	"ukbot/api"
	"ukbot/secret"
)

// Config is one tenant's client.
type Config struct {
	Line   *Line
	Tenant string
	Key    secret.Text // of the bot: uk_…; logs people in, and acts where nobody is logged in
}

// Client is one tenant's way to the housing services. It is safe for concurrent use.
type Client struct {
	line    *Line
	Tenant  string
	Key     secret.Text
	machine *api.ClientWithResponses
}

// Token gives a person's access token. refused is one that was answered with
// 401, and must not come again; "" at first.
type Token func(ctx context.Context, refused secret.Text) (secret.Text, error)

// New makes a client and calls nothing yet.
func New(cfg Config) (*Client, error) {
	if cfg.Line == nil || cfg.Tenant == "" || cfg.Key == "" {
		return nil, errors.New("a company's client wants a line, a tenant and a key")
	}
	c := &Client{line: cfg.Line, Tenant: cfg.Tenant, Key: cfg.Key}
	c.machine = c.line.clientFor(withKey(cfg.Key))
	return c, nil
}

// Machine asks with the bot's own key.
func (c *Client) Machine() *api.ClientWithResponses { return c.machine }

// As asks as a person. A token that is refused is replaced once, in the middle
// of the call: a 401 means that nothing was done.
func (c *Client) As(token Token) *api.ClientWithResponses { return c.line.clientFor(token) }

// Operator asks the operators' API, with a key of theirs; nil without one.
func (l *Line) Operator(key secret.Text) *api.ClientWithResponses {
	if key == "" {
		return nil
	}
	return l.clientFor(withKey(key))
}

// RepeatKey is an Idempotency-Key that only the bot can make of a text, and
// every replica makes the same.
func (c *Client) RepeatKey(text secret.Text) string {
	mac := hmac.New(sha256.New, []byte(c.Key.Reveal()))
	mac.Write([]byte(text.Reveal()))
	return hex.EncodeToString(mac.Sum(nil))
}

// Probe asks whether the services answer, past the breakers. Where they do,
// breakers that are open let the next calls try.
func (c *Client) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.line.cfg.Try)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.line.base.String()+"/company", http.NoBody)
	if err != nil {
		return err
	}
	prepare(r, c.Key)
	answer, err := c.line.once(ctx, r, c.line.cfg.Try)
	if err != nil {
		return c.line.explain(r, "company", err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode >= http.StatusInternalServerError {
		return away(r, "company", "probe")
	}
	for _, breaker := range c.line.breakers {
		if breaker.IsOpen() {
			breaker.HalfOpen()
		}
	}
	return nil
}

// withKey is the token that never changes.
func withKey(key secret.Text) Token {
	return func(_ context.Context, refused secret.Text) (secret.Text, error) {
		if refused != "" {
			return "", errNoOther
		}
		return key, nil
	}
}

var errNoOther = errors.New("there is no other key")

// clientFor is the generated client for one credential.
func (l *Line) clientFor(token Token) *api.ClientWithResponses {
	return &api.ClientWithResponses{ClientInterface: &api.Client{Server: l.base.String() + "/", Client: caller{l, token}}}
}

// caller sends the generated client's requests with one credential.
type caller struct {
	line  *Line
	token Token
}

// Do sends a request; the generated client calls it.
func (c caller) Do(r *http.Request) (*http.Response, error) {
	token, err := c.token(r.Context(), "")
	if err != nil {
		return nil, err
	}
	prepare(r, token)
	answer, err := c.line.send(r)
	if err != nil || answer.StatusCode != http.StatusUnauthorized || !rewound(r) {
		return answer, err
	}
	switch token, err = c.token(r.Context(), token); {
	case errors.Is(err, errNoOther):
		return answer, nil
	case err != nil:
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	return c.line.send(r)
}

// prepare puts on what every call carries. The services take keys as bearers, too.
func prepare(r *http.Request, token secret.Text) {
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	ids := idsOf(r.Context())
	if ids.request == "" {
		ids.request = rand.Text()
	}
	r.Header.Set("X-Request-ID", ids.request)
	if ids.trace != "" {
		r.Header.Set("Traceparent", ids.trace)
	}
}
