package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Config is what may be tuned; the zero value is a good server.
type Config struct {
	KeepPerChat    int              // messages kept of one chat with one bot; default 1000
	KeepUpdates    int              // updates kept for a bot that fetches none; default 10000, the oldest go first
	FirstID        int64            // updates and messages are numbered from here; give another at each start where the bot remembers the last ones. Default 300 million and 1
	Flood          bool             // enforce Telegram's sending limits with 429 (flood.go); default off
	CallbackTTL    time.Duration    // how long a button's query may be answered; default 1m (Telegram publishes no figure)
	WebhookBackoff time.Duration    // first wait after a failed delivery, doubled up to a minute; default 1s
	Now            func() time.Time // the clock of messages, expiries and limits; default time.Now
}

// defaults fills what was left zero.
func (c Config) defaults() Config {
	if c.KeepPerChat <= 0 {
		c.KeepPerChat = 1000
	}
	if c.KeepUpdates <= 0 {
		c.KeepUpdates = 10_000
	}
	if c.CallbackTTL <= 0 {
		c.CallbackTTL = time.Minute
	}
	if c.WebhookBackoff <= 0 {
		c.WebhookBackoff = time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Server is one pretended Telegram: bots, people, groups and what they wrote.
// All its methods may be called from many goroutines at once.
type Server struct {
	cfg Config

	mu       sync.Mutex // guards all below; held for short sections, never over I/O
	bots     map[string]*bot
	people   map[int64]*person
	groups   map[int64]*group
	dialogs  map[dialogKey]*dialog
	queries  map[string]*query
	asked    []string // ids of queries, oldest first, to forget them
	files    map[string]File
	stored   []string          // ids of files, oldest first, to forget them
	bytes    int               // in files
	paths    map[string]string // ids of files by the path that getFile gave
	uploads  int64             // files ever stored
	faults   []*fault
	rev      int64         // changes that a person may see, since start
	worldRev int64         // rev of the last change of people, bots and faults
	seq      int64         // messages accepted since start, from bots and people
	sent     int64         // of these, from bots
	watchers int           // pages that look on
	changed  chan struct{} // closed and replaced whenever something readable changes

	closed chan struct{}  // closed by Close: waiting requests and deliveries end
	wg     sync.WaitGroup // webhook deliveries
}

// New makes an empty server: no bots, no people. Close it.
func New(cfg Config) *Server {
	return &Server{
		cfg:     cfg.defaults(),
		bots:    map[string]*bot{},
		people:  map[int64]*person{},
		groups:  map[int64]*group{},
		dialogs: map[dialogKey]*dialog{},
		queries: map[string]*query{},
		files:   map[string]File{},
		paths:   map[string]string{},
		changed: make(chan struct{}),
		closed:  make(chan struct{}),
	}
}

// Close ends long polls, hanging requests and webhook deliveries, and waits for
// the deliveries. Close the HTTP server after it, or that will wait for the polls.
func (s *Server) Close() {
	s.mu.Lock()
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	for _, b := range s.bots {
		b.stopHook()
		b.drop()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// announce wakes everything that waits for a change. The caller holds s.mu.
func (s *Server) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Handler serves the Bot API: /bot<token>/<method>, and /file/bot<token>/<path>
// for what getFile has named.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/file/") {
			s.serveFile(w, r)
			return
		}
		s.serve(w, r)
	})
}

// serve answers one API call: bot, method, fault, work, in Telegram's order.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	token, name, ok := splitPath(r.URL.Path)
	if !ok {
		answer(w, nil, errNotFound)
		return
	}
	// The body is read before anything waits: only then does net/http notice
	// that the client has gone.
	a, err := readArgs(w, r)
	if err != nil {
		answer(w, nil, err)
		return
	}
	s.mu.Lock()
	b := s.bots[token]
	s.mu.Unlock()
	if b == nil {
		answer(w, nil, errUnauthorized)
		return
	}
	m, ok := methods[strings.ToLower(name)]
	if !ok {
		answer(w, nil, errMethod)
		return
	}
	c := s.begin(b, name, a)
	f := s.takeFault(b, name, c.chat)
	if f != nil {
		c.Fault = f.Kind
		if !s.suffer(f, w, r) {
			s.end(b, c, nil)
			return
		}
	}
	result, err := m(s, r.Context(), b, a)
	s.end(b, c, err)
	if f != nil && f.Kind == FaultDrop {
		panic(http.ErrAbortHandler) // net/http's way to cut the connection without an answer
	}
	answer(w, result, err)
}

// splitPath takes /bot<token>/<method> apart.
func splitPath(path string) (token, method string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/bot")
	if !ok {
		return "", "", false
	}
	token, method, ok = strings.Cut(rest, "/")
	return token, strings.TrimSuffix(method, "/"), ok && token != "" && method != ""
}

// reply is the envelope of every answer of the Bot API.
type reply struct {
	OK          bool        `json:"ok"`
	Result      any         `json:"result,omitempty"`
	ErrorCode   int         `json:"error_code,omitempty"`
	Description string      `json:"description,omitempty"`
	Parameters  *parameters `json:"parameters,omitempty"`
}

// described is a result that carries a description too, as setWebhook's does.
type described struct {
	result      any
	description string
}

// answer writes a result, or the refusal that err is.
func answer(w http.ResponseWriter, result any, err error) {
	if errors.Is(err, context.Canceled) {
		return // the client has gone; nobody reads
	}
	status, body := http.StatusOK, reply{OK: true, Result: result}
	if d, ok := result.(described); ok {
		body.Result, body.Description = d.result, d.description
	}
	if err != nil {
		refused, ok := errors.AsType[*refusal](err)
		if !ok {
			refused = &refusal{code: 500, text: "Internal Server Error"}
		}
		status = refused.code
		body = reply{ErrorCode: refused.code, Description: refused.text, Parameters: refused.parameters}
	}
	w.Header().Set("Content-Type", "application/json")
	if body.Parameters != nil && body.Parameters.RetryAfter > 0 {
		w.Header().Set("Retry-After", itoa(body.Parameters.RetryAfter))
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that hung up is its own affair
}
