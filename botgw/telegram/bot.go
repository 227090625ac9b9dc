package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"ukbot/secret"
)

// PublicEndpoint is Telegram itself; the simulator and a local Bot API server
// have another one of the same form.
const PublicEndpoint = "https://api.telegram.org"

const (
	answerMax = 16 << 20 // bytes of an answer; 100 updates of the longest texts are about 4 MiB
	idleConns = 256      // kept-alive connections: a turn has two calls under way, and a crowd many turns
)

// Bot calls the Bot API with one token. It is safe for concurrent use.
type Bot struct {
	api     tgbotapi.BotAPI // copied for each call, never changed
	token   string
	base    string // the address before "/bot"
	client  *http.Client
	poller  *http.Client // apart: a poll that waits must not hold a connection of the calls
	timeout time.Duration
}

// silence turns the library's logger off once: it prints addresses, and those
// hold the token.
var silence = sync.OnceFunc(func() {
	_ = tgbotapi.SetLogger(quiet{}) // fails for nil only
})

// quiet is a logger that says nothing.
type quiet struct{}

func (quiet) Println(...any)        {}
func (quiet) Printf(string, ...any) {}

// New makes a client and calls nothing yet. endpoint is the address before
// "/bot", PublicEndpoint when empty. timeout bounds one call from the first byte
// to the last, 10 s when not positive; a context may end it sooner.
func New(token secret.Text, endpoint string, timeout time.Duration) *Bot {
	silence()
	if endpoint == "" {
		endpoint = PublicEndpoint
	}
	if timeout <= 0 {
		timeout = 10 * time.Second
	}
	b := &Bot{
		api:     tgbotapi.BotAPI{Token: token.Reveal()},
		token:   token.Reveal(),
		base:    strings.TrimRight(endpoint, "/"),
		timeout: timeout,
		// Each Bot has connections of its own: a slow one delays no other tenant's.
		client: newClient(idleConns, timeout),
		poller: newClient(1, timeout),
	}
	// The library formats this with token and method, so a % of ours must survive that.
	b.api.SetAPIEndpoint(strings.ReplaceAll(b.base, "%", "%%") + "/bot%s/%s")
	return b
}

// newClient is connections of their own, of which idle stay open.
func newClient(idle int, handshake time.Duration) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			MaxIdleConns:        idle,
			MaxIdleConnsPerHost: idle,
			IdleConnTimeout:     90 * time.Second,
			TLSHandshakeTimeout: handshake,
			ForceAttemptHTTP2:   true,
		},
		// Telegram redirects nobody; following would carry the token elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// String keeps the token out of whatever prints a Bot.
func (b *Bot) String() string { return "bot " + b.id() }

// GoString does so for %#v.
func (b *Bot) GoString() string { return b.String() }

// id is the public half of a token.
func (b *Bot) id() string {
	id, _, ok := strings.Cut(b.token, ":")
	if !ok {
		return "without id"
	}
	return id
}

// ID is the bot's id, which its token begins with; 0 when that is no token.
func (b *Bot) ID() int64 {
	id, err := strconv.ParseInt(b.id(), 10, 64)
	if err != nil || id <= 0 {
		return 0
	}
	return id
}

// Close drops idle connections.
func (b *Bot) Close() {
	b.client.CloseIdleConnections()
	b.poller.CloseIdleConnections()
}

// Me asks who the bot is; an error of action Fatal means a wrong token.
func (b *Bot) Me(ctx context.Context) (tgbotapi.User, error) {
	var me tgbotapi.User
	raw, err := b.Call(ctx, "getMe", nil)
	if err != nil {
		return me, err
	}
	if err := json.Unmarshal(raw, &me); err != nil {
		return me, fmt.Errorf("telegram getMe: read result: %w", err)
	}
	return me, nil
}

// Call makes one call of any method and returns its result. A refusal of
// Telegram is a *tgbotapi.Error in the chain.
func (b *Bot) Call(ctx context.Context, method string, params tgbotapi.Params) (json.RawMessage, error) {
	return b.call(ctx, b.client, b.timeout, method, params)
}

// call is Call over the given connections and within the given time.
func (b *Bot) call(
	ctx context.Context, client *http.Client, timeout time.Duration, method string, params tgbotapi.Params,
) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	api := b.api // the library has no contexts: each call gets a copy with its own client
	api.Client = doer(func(r *http.Request) (*http.Response, error) { return do(client, r.WithContext(ctx)) })
	resp, err := api.MakeRequest(method, params)
	if err != nil {
		return nil, fmt.Errorf("telegram %s: %w", method, b.redact(err))
	}
	return resp.Result, nil
}

// do is Call for which only success counts.
func (b *Bot) do(ctx context.Context, method string, params tgbotapi.Params) error {
	_, err := b.Call(ctx, method, params)
	return err
}

// redact takes the address, which holds the token, out of an error of net/http.
// Should the token stand elsewhere in it, the text goes and the kind stays.
func (b *Bot) redact(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if !strings.Contains(err.Error(), b.token) && !strings.Contains(err.Error(), url.PathEscape(b.token)) {
		return err
	}
	return fmt.Errorf("%T with a token in it", err)
}

// doer is one call's way to the network, in the form the library wants.
type doer func(*http.Request) (*http.Response, error)

// Do implements tgbotapi.HTTPClient.
func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// do makes the request and sees to it that the answer is JSON of the Bot API:
// what stands in front of Telegram answers with pages when Telegram is down, and
// the library would report a syntax error.
func do(client *http.Client, r *http.Request) (*http.Response, error) {
	resp, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerMax+1))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 && !isAnswer(body) {
		body = pageAnswer(resp)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// isAnswer tells a refusal of the Bot API from a page.
func isAnswer(body []byte) bool {
	var a struct {
		Code int `json:"error_code"`
	}
	return json.Unmarshal(body, &a) == nil && a.Code != 0
}

// pageAnswer turns a page into a refusal with the page's status and the wait it
// asks for. A page below 500 is not Telegram's word either: a proxy's 403 must
// not pass for a person's, so it becomes a 502.
func pageAnswer(resp *http.Response) []byte {
	a := tgbotapi.APIResponse{
		ErrorCode:   resp.StatusCode,
		Description: fmt.Sprintf("status %d with a page instead of an answer", resp.StatusCode),
	}
	if resp.StatusCode < http.StatusInternalServerError {
		a.ErrorCode = http.StatusBadGateway
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		a.Parameters = &tgbotapi.ResponseParameters{RetryAfter: seconds}
	}
	body, _ := json.Marshal(a) // plain fields always marshal
	return body
}
