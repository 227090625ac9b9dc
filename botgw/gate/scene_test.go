package gate_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/botgw/company"
	"ukbot/botgw/gate"
	"ukbot/botgw/talk"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
	"ukbot/secret"
)

// scene is a company, its services behind a switch, and gates in front of the bot.
type scene struct {
	t      testing.TB
	s      *housingtest.Server
	bot    int64
	key    secret.Text
	front  *front
	log    housingtest.Log
	ids    atomic.Int64
	outbox outbox
}

func newScene(t testing.TB) *scene {
	t.Helper()
	if t, ok := t.(*testing.T); ok {
		t.Parallel()
	}
	return sceneOf(t, housingtest.Start(t), 99)
}

// sceneOf is a scene in a company that others use, too, with a bot of its own.
func sceneOf(t testing.TB, s *housingtest.Server, bot int64) *scene {
	t.Helper()
	return &scene{t: t, s: s, bot: bot, key: secret.Text(s.Key(access.AuthTelegram, access.CompanyView).Credential()), front: newFront(t, s.URL)}
}

// TestInOneCompany is what neither moves the clock nor breaks anything.
func TestInOneCompany(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	bot := int64(100)
	for name, test := range map[string]func(*testing.T, *scene){
		"a turn has its person, and one login":            turnHasItsPerson,
		"sessions are sealed for their person":            sessionsAreSealed,
		"200 turns at once log in once":                   manyTurnsLogInOnce,
		"a session that ends in the middle is begun anew": sessionEndsInTheMiddle,
		"who has no session":                              whoHasNoSession,
		"who is blocked in the middle is told so":         blockedInTheMiddle,
		"a refusal is an outcome, a fault comes again":    refusalAndFault,
		"a turn whose time is over is answered":           timeIsOver,
		"over the limit, one warning in their language":   overTheLimit,
		"a row that is not allowed holds nobody up":       rowNotAllowed,
		"in a group nobody hears how somebody stands":     inAGroup,
		"calls are named after the update that asks":      callsAreNamed,
	} {
		bot++
		scene := sceneOf(t, s, bot)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene.t = t
			test(t, scene)
		})
	}
}

// front stands before the services and counts; when down it answers 503.
type front struct {
	*httptest.Server
	down  atomic.Bool
	mu    sync.Mutex
	calls map[string]int
	named map[string]bool // "request id traceparent" of the calls
}

func newFront(t testing.TB, to string) *front {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{calls: map[string]int{}, named: map[string]bool{}}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: target.Scheme, Host: target.Host}) }}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		f.mu.Lock()
		f.calls[strings.TrimPrefix(r.URL.Path, "/api/v1")]++
		f.named[r.Header.Get("X-Request-ID")+" "+r.Header.Get("Traceparent")] = true
		f.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *front) count(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[path]
}

// outbox is what the bot has written.
type outbox struct {
	mu   sync.Mutex
	turn map[int64][]talk.Out // by update
	told map[int64][]string   // out of the blue, by chat
}

func (o *outbox) answer(_ context.Context, t *talk.Turn) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.turn == nil {
		o.turn = map[int64][]talk.Out{}
	}
	o.turn[t.ID] = t.Outs
	return nil
}

func (o *outbox) deliver(_ context.Context, _ string, _, chat int64, outs []talk.Out) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.told == nil {
		o.told = map[int64][]string{}
	}
	for _, out := range outs {
		o.told[chat] = append(o.told[chat], out.Screen.Text)
	}
	return nil
}

func (o *outbox) toldTo(chat int64) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.told[chat]
}

// answered is what an update was answered, as "way text".
func (o *outbox) answered(id int64) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var texts []string
	for _, out := range o.turn[id] {
		way := map[talk.Way]string{talk.Auto: "show", talk.New: "say", talk.Toast: "toast", talk.Alert: "alert"}[out.Way]
		texts = append(texts, way+" "+out.Screen.Text)
	}
	return strings.Join(texts, "\n")
}

// gate is one replica.
func (s *scene) gate(change ...func(*gate.Config)) *gate.Gate {
	s.t.Helper()
	line, err := company.NewLine(company.LineConfig{
		URL: s.front.URL + "/api/v1", Metrics: company.NewMetrics(prometheus.NewRegistry()), Log: zerolog.Nop(), Closed: 50 * time.Millisecond,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(line.Close)
	client, err := company.New(company.Config{Line: line, Tenant: s.s.Tenant, Key: s.key})
	if err != nil {
		s.t.Fatal(err)
	}
	cfg := gate.Config{
		Conn: s.s.NATS.Connect("bot"), Pool: s.s.Pool, Keys: s.s.Keys, Now: s.s.Clock.Now, Registry: prometheus.NewRegistry(), Log: zerolog.New(&s.log),
		Company: func(tenant string) (*company.Client, bool) { return client, tenant == s.s.Tenant },
		Answer:  s.outbox.answer, Deliver: s.outbox.deliver, ProbeEvery: 20 * time.Millisecond, FlushEvery: 20 * time.Millisecond,
		Commands: func(command string) bool { return command == "start" },
	}
	for _, c := range change {
		c(&cfg)
	}
	g, err := gate.New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return g
}

// running is one replica that runs until the test, or the returned function, ends it.
func (s *scene) running(change ...func(*gate.Config)) (*gate.Gate, func()) {
	s.t.Helper()
	g := s.gate(change...)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			s.t.Errorf("run: %v", err)
		}
	})
	s.t.Cleanup(stop)
	return g, stop
}

// telegram is a person's id there.
func (s *scene) telegram(who *housingtest.Client) int64 {
	s.t.Helper()
	var id int64
	if err := s.s.Pool.QueryRow(s.t.Context(), "SELECT telegram_id FROM users WHERE id = $1", who.User).Scan(&id); err != nil {
		s.t.Fatal(err)
	}
	return id
}

// update is one of a chat of one's own.
func (s *scene) update(telegram int64, kind talk.Kind, change ...func(*talk.Update)) talk.Update {
	u := talk.Update{
		Bot: s.bot, Tenant: s.s.Tenant, ID: s.ids.Add(1), Kind: kind, Chat: telegram,
		From: talk.From{ID: telegram, Name: "Из Телеграма", Language: "uz"}, Text: "Секретный текст",
	}
	for _, c := range change {
		c(&u)
	}
	return u
}

// pass leads an update through and returns its answer.
func (s *scene) pass(g *gate.Gate, u talk.Update, next gate.Next) string {
	s.t.Helper()
	if err := g.Pass(s.t.Context(), u, next); err != nil {
		s.t.Errorf("update %d: %v", u.ID, err)
	}
	return s.outbox.answered(u.ID)
}

// who asks the services who the person is, and answers it.
func who(ctx context.Context, t *talk.Turn) error {
	me, err := t.API.GetMeWithResponse(ctx)
	if err != nil {
		return err
	}
	if me.JSON200 == nil {
		return company.Refused(me.ApplicationproblemJSONDefault)
	}
	t.Say(talk.Screen{Text: me.JSON200.Id.String() + " " + string(me.JSON200.ActiveRole) + " " + t.Person.ID})
	return nil
}

// exec runs a statement that must work.
func (s *scene) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.s.Pool.Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

// leaks says whether a text is in the log.
func (s *scene) leaks(text string) bool { return bytes.Contains([]byte(s.log.String()), []byte(text)) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
