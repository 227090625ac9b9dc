package company_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/secret"
)

func TestOnlyHarmlessCallsAreRepeated(t *testing.T) {
	t.Parallel()
	get := func(ctx context.Context, c *api.ClientWithResponses) (*http.Response, error) { return c.GetMe(ctx) }
	remove := func(ctx context.Context, c *api.ClientWithResponses) (*http.Response, error) {
		return c.RevokeSession(ctx, [16]byte{})
	}
	post := func(ctx context.Context, c *api.ClientWithResponses) (*http.Response, error) {
		return c.SwitchRole(ctx, nil, api.RoleSwitch{Role: "executor"})
	}
	keyed := func(ctx context.Context, c *api.ClientWithResponses) (*http.Response, error) {
		return c.SwitchRole(ctx, &api.SwitchRoleParams{IdempotencyKey: new("k")}, api.RoleSwitch{Role: "executor"})
	}
	patch := func(ctx context.Context, c *api.ClientWithResponses) (*http.Response, error) {
		return c.UpdateMe(ctx, nil, api.UserChange{})
	}
	stream := func(ctx context.Context, c *api.ClientWithResponses) (*http.Response, error) {
		return c.UploadFileWithBody(ctx, "x", &api.UploadFileParams{IdempotencyKey: new("k")}, "multipart/form-data; boundary=x", io.MultiReader(strings.NewReader("x")))
	}
	for name, tc := range map[string]struct {
		call  func(context.Context, *api.ClientWithResponses) (*http.Response, error)
		fault http.HandlerFunc
		want  int
	}{
		"a read that is cut":                            {get, cut, 3},
		"a read that finds nobody at work":              {get, status(503), 3},
		"a read that meets a fault":                     {get, status(500), 3},
		"a read that is answered":                       {get, status(404), 1},
		"a removal that is cut":                         {remove, cut, 3},
		"a change with a key that is cut":               {keyed, cut, 3},
		"a change with a key that meets a gateway":      {keyed, status(502), 3},
		"a change with a key that is refused":           {keyed, status(422), 1},
		"a change without a key that is cut":            {post, cut, 1},
		"a change without a key that times out":         {post, status(504), 1},
		"a change without a key that is not even done":  {post, status(429), 3},
		"a patch that is cut":                           {patch, cut, 1},
		"a body that cannot be sent again":              {stream, status(503), 1},
		"what is not there at all":                      {get, status(501), 1},
		"a call that is to wait for longer than it has": {get, status(429, "Retry-After: 60"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tc.fault)
			answer, err := tc.call(t.Context(), client(t, s.URL, nil).Machine())
			if s.count() != tc.want {
				t.Errorf("sent %d times, want %d", s.count(), tc.want)
			}
			switch {
			case err != nil && !errors.Is(err, company.ErrAway):
				t.Errorf("error %v, want ErrAway", err)
			case err == nil && answer.StatusCode >= 500:
				t.Errorf("answered %d, want an error", answer.StatusCode)
			}
			for _, body := range s.bodies {
				if body != s.bodies[0] {
					t.Errorf("repeated with body %q, want %q", body, s.bodies[0])
				}
			}
		})
	}
}

func TestARepeatThatWorksIsTheAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t, cut, status(503), status(404))
	answer, err := client(t, s.URL, nil).Machine().GetMeWithResponse(t.Context())
	if err != nil || answer.StatusCode() != 404 {
		t.Fatalf("answer %v, %v; want the third, 404", answer, err)
	}
	if err := company.Refused(answer.ApplicationproblemJSONDefault); !company.Is(err, "limited") {
		t.Errorf("refused with %v", err)
	}
}

func TestRetryAfterIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := serve(t, status(429, "Retry-After: 1"), status(404))
	began := time.Now()
	if _, err := client(t, s.URL, nil).Machine().GetMe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < time.Second || s.count() != 2 {
		t.Errorf("%d calls in %s, want 2 and at least 1 s", s.count(), took)
	}
}

func TestTheBreakerOpensForOneServiceAndCloses(t *testing.T) {
	t.Parallel()
	s := serve(t, status(503))
	c := client(t, s.URL, func(cfg *company.LineConfig) { cfg.Closed = 3 * time.Second }) // open for what comes at once
	for range 3 {
		_, _ = c.Machine().GetMe(t.Context())
	}
	before := s.count()
	if _, err := c.Machine().GetMe(t.Context()); !errors.Is(err, company.ErrAway) || !strings.Contains(err.Error(), "breaker open") {
		t.Errorf("error %v, want an open breaker", err)
	}
	if s.count() != before {
		t.Error("it was asked although the breaker is open")
	}
	s.now(status(404))
	if _, err := c.Machine().GetCompany(t.Context()); err != nil {
		t.Errorf("another service: %v", err)
	}
	eventually(t, "the breaker to close", func() bool {
		for range 5 {
			if _, err := c.Machine().GetMe(t.Context()); err != nil {
				return false
			}
		}
		return true
	})
}

func TestAProbeLetsAnOpenBreakerTry(t *testing.T) {
	t.Parallel()
	s := serve(t, status(503))
	c := client(t, s.URL, func(cfg *company.LineConfig) { cfg.Closed = time.Hour })
	for range 3 {
		_, _ = c.Machine().GetMe(t.Context())
	}
	if err := c.Probe(t.Context()); !errors.Is(err, company.ErrAway) {
		t.Errorf("probe of services that are away: %v", err)
	}
	s.now(status(404))
	if _, err := c.Machine().GetMe(t.Context()); !errors.Is(err, company.ErrAway) {
		t.Errorf("before the probe: %v, want an open breaker", err)
	}
	if err := c.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, err := c.Machine().GetMe(t.Context()); err != nil {
			t.Errorf("after the probe: %v", err)
		}
	}
}

func TestManyWhoComeBackAtOnceAreAllLetIn(t *testing.T) {
	t.Parallel()
	s := serve(t, status(503))
	c := client(t, s.URL, func(cfg *company.LineConfig) { cfg.Closed = time.Hour })
	for range 3 {
		_, _ = c.Machine().GetMe(t.Context())
	}
	s.now(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/me") { // slow enough that all are on their way at once
			select {
			case <-r.Context().Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
		status(200)(w, r)
	})
	if err := c.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := c.Machine().GetMe(t.Context()); err != nil {
				t.Errorf("after the services are back: %v", err)
			}
		})
	}
	all.Wait()
}

func TestWhoLeavesDoesNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	s := serve(t, hang)
	c := client(t, s.URL, nil)
	for range 10 {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Millisecond, cancel)
		if _, err := c.Machine().GetMe(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, company.ErrAway) {
			t.Fatalf("error %v, want context.Canceled", err)
		}
	}
	s.now(status(404))
	if _, err := c.Machine().GetMe(t.Context()); err != nil {
		t.Errorf("%v, want an answer", err)
	}
}

func TestErrorsTellNoAddressAndNoToken(t *testing.T) {
	t.Parallel()
	gone := serve(t, hang)
	gone.Close()
	large := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(make([]byte, 8<<20+1))
	}
	for name, tc := range map[string]struct{ url, want string }{
		"nobody listens":     {gone.URL, "connection refused"},
		"the service hangs":  {serve(t, hang).URL, "time-out"},
		"the service cuts":   {serve(t, cut).URL, "connection lost"},
		"the service fails":  {serve(t, status(500)).URL, "status 500"},
		"the answer is huge": {serve(t, large).URL, "answer over its limit"},
		"no such host":       {"http://user:hunter2@nowhere.invalid", "no connection"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := client(t, tc.url, func(cfg *company.LineConfig) {
				if name == "the service hangs" {
					cfg.Try, cfg.All = 300*time.Millisecond, 800*time.Millisecond
				}
			})
			_, err := c.Machine().GetMe(t.Context())
			if !errors.Is(err, company.ErrAway) || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want ErrAway: %s", err, tc.want)
			}
			for _, private := range []string{key.Reveal(), "127.0.0.1", "http", "hunter2", "invalid", "/me"} {
				if strings.Contains(err.Error(), private) {
					t.Errorf("error %q tells %q", err, private)
				}
			}
		})
	}
}

func TestATokenThatIsRefusedIsReplacedOnce(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answers []http.HandlerFunc
		status  int
		calls   int
	}{
		"the next one is good": {[]http.HandlerFunc{status(401), status(404)}, 404, 2},
		"nor is the next one":  {[]http.HandlerFunc{status(401), status(401), status(404)}, 401, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tc.answers...)
			var refused []secret.Text
			as := client(t, s.URL, nil).As(func(_ context.Context, bad secret.Text) (secret.Text, error) {
				refused = append(refused, bad)
				return "token-" + secret.Text(rune('a'+len(refused))), nil
			})
			answer, err := as.SwitchRole(t.Context(), nil, api.RoleSwitch{Role: "executor"})
			if err != nil || answer.StatusCode != tc.status || s.count() != tc.calls {
				t.Fatalf("answer %v, %v after %d calls; want %d after %d", answer, err, s.count(), tc.status, tc.calls)
			}
			if s.seen[1].Header.Get("Authorization") != "Bearer token-c" || s.bodies[1] != s.bodies[0] || refused[1] != "token-b" {
				t.Errorf("second call as %q with %q, refused %q", s.seen[1].Header.Get("Authorization"), s.bodies[1], refused)
			}
		})
	}
}

func TestAKeyThatIsRefusedIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	s := serve(t, status(401))
	answer, err := client(t, s.URL, nil).Machine().GetMe(t.Context())
	if err != nil || answer.StatusCode != 401 || s.count() != 1 {
		t.Errorf("answer %v, %v after %d calls; want 401 after one", answer, err, s.count())
	}
}

func TestCallsCarryIDsAndAreMeasured(t *testing.T) {
	t.Parallel()
	s := serve(t, status(503), status(404))
	var observed []company.Call
	c := client(t, s.URL, func(cfg *company.LineConfig) {
		cfg.Observe = func(_ context.Context, call company.Call) { observed = append(observed, call) }
	})
	ctx, spent := company.Measure(company.WithIDs(t.Context(), "tg-1-2", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
	if _, err := c.Machine().GetMe(ctx); err != nil {
		t.Fatal(err)
	}
	h := s.seen[1].Header
	if h.Get("X-Request-ID") != "tg-1-2" || !strings.HasPrefix(h.Get("traceparent"), "00-4bf9") || h.Get("Authorization") != "Bearer "+key.Reveal() {
		t.Errorf("sent with %v", h)
	}
	if spent.Calls() != 1 || spent.Time() < 50*time.Millisecond {
		t.Errorf("%d calls in %s, want 1 with its pause", spent.Calls(), spent.Time())
	}
	if len(observed) != 2 || observed[0].Status != 503 || observed[1].Path != "/me" {
		t.Errorf("observed %+v", observed)
	}
}

func TestOperatorsHaveAKeyOrNoClient(t *testing.T) {
	t.Parallel()
	s := serve(t, status(404))
	line, err := company.NewLine(company.LineConfig{URL: s.URL, Metrics: company.NewMetrics(prometheus.NewRegistry())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(line.Close)
	if line.Operator("") != nil {
		t.Error("a client without a key")
	}
	if _, err := line.Operator("op").ListWebhookEvents(t.Context(), nil); err != nil || s.seen[0].Header.Get("Authorization") != "Bearer op" {
		t.Errorf("asked as %q: %v", s.seen[0].Header.Get("Authorization"), err)
	}
}
