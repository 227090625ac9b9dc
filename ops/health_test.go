package ops

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/nats/natstest"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

// pages serves the health pages of some checks.
func pages(t *testing.T, checks ...Check) func(path string) (int, string) {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "ukbot_test_total", Help: "x"}))
	app := fiber.New()
	NewHealth(logger(t), checks...).Register(app, registry)
	return func(path string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := app.Test(req, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(body)
	}
}

func fine(context.Context) error { return nil }

func byName(r Report) map[string]State {
	states := map[string]State{}
	for _, s := range r.Checks {
		states[s.Name] = s
	}
	return states
}

func TestHungDependencyIsReportedAndHangsNothing(t *testing.T) {
	t.Parallel() // it mostly waits
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	var started atomic.Int32
	get := pages(t,
		Check{"deaf", true, func(context.Context) error { started.Add(1); <-release; return nil }},
		Check{"polite", false, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
		Check{"well", true, fine},
	)
	for range 2 {
		began := time.Now()
		status, body := get("/health/detailed")
		report := decode[Report](t, body)
		states := byName(report)
		if took := time.Since(began); took > 20*time.Second || status != 200 || report.Status != "down" {
			t.Errorf("page = %d %s after %s", status, body, took)
		}
		if states["deaf"].State != StateHung || states["polite"].State != StateHung || states["well"].State != StateUp {
			t.Errorf("states %+v", states)
		}
		if status, _ := get("/health"); status != 200 {
			t.Errorf("/health = %d", status)
		}
		if status, _ := get("/ready"); status != 503 {
			t.Errorf("/ready = %d, want 503", status)
		}
		natstest.Wait(t, "the cache to end", func() bool { return time.Since(began) > 3500*time.Millisecond })
	}
	if n := started.Load(); n != 1 {
		t.Errorf("the deaf dependency was asked %d times at once", n)
	}
}

func TestReadyWaitsForCriticalChecksOnly(t *testing.T) {
	bad := func(context.Context) error { return errors.New("no") }
	for name, tc := range map[string]struct {
		checks []Check
		status int
		page   string
	}{
		"nothing to check":         {nil, 200, "ok"},
		"all is well":              {[]Check{{"a", true, fine}, {"b", false, fine}}, 200, "ok"},
		"something not critical":   {[]Check{{"a", true, fine}, {"b", false, bad}}, 200, "degraded"},
		"something critical":       {[]Check{{"a", true, bad}, {"b", false, fine}}, 503, "down"},
		"critical, then something": {[]Check{{"a", true, bad}, {"b", false, bad}}, 503, "down"},
	} {
		t.Run(name, func(t *testing.T) {
			get := pages(t, tc.checks...)
			if status, body := get("/ready"); status != tc.status {
				t.Errorf("/ready = %d %s, want %d", status, body, tc.status)
			}
			if status, body := get("/health/detailed"); status != 200 || decode[Report](t, body).Status != tc.page {
				t.Errorf("/health/detailed = %d %s, want %s", status, body, tc.page)
			}
		})
	}
}

func TestPagesAreCachedAndAskOnce(t *testing.T) {
	var asked atomic.Int32
	get := pages(t, Check{"slow", true, func(context.Context) error {
		asked.Add(1)
		<-time.After(200 * time.Millisecond)
		return nil
	}})
	var wg sync.WaitGroup
	began := time.Now()
	for range 50 {
		wg.Go(func() { get("/health/detailed") })
	}
	wg.Wait()
	// On a busy machine the last of them may come when the first page is old.
	if n, most := asked.Load(), 1+int32(time.Since(began)/checkCache); n > most {
		t.Errorf("50 requests asked %d times, want at most %d", n, most)
	}
}

func TestPageShowsNoSecretsAndStatesChange(t *testing.T) {
	t.Parallel() // it mostly waits
	var failing atomic.Pointer[error]
	get := pages(t, Check{"db", true, func(context.Context) error {
		if err := failing.Load(); err != nil {
			return *err
		}
		return nil
	}})
	for _, step := range []struct {
		err    error
		state  string
		detail string
	}{
		{nil, StateUp, ""},
		{errors.New("connect to postgres://u:hunter2@10.0.0.5/db refused"), StateDown, "does not work; the log has the cause"},
		{Reason("3 migrations are pending"), StateDown, "3 migrations are pending"},
		{nil, StateUp, ""},
	} {
		failing.Store(nil)
		if step.err != nil {
			failing.Store(&step.err)
		}
		natstest.Wait(t, "state "+step.state+" "+step.detail, func() bool {
			_, body := get("/health/detailed")
			if strings.Contains(body, "hunter2") || strings.Contains(body, "10.0.0.5") {
				t.Fatalf("the page shows %s", body)
			}
			s := decode[Report](t, body).Checks[0]
			return s.State == step.state && s.Detail == step.detail
		})
	}
}

func TestDependenciesAreSeenAsTheyAre(t *testing.T) {
	t.Parallel() // it mostly waits
	env := natstest.Start(t)
	url := dbtest.URL(t)
	pool, err := db.Open(t.Context(), db.PoolConfig{URL: url, Log: zerolog.Nop()})
	must(t, err)
	t.Cleanup(pool.Close)
	var asked atomic.Int32
	pending := func(ctx context.Context) (int, error) { asked.Add(1); return db.PendingMigrations(ctx, url) }
	get := pages(t, CheckNATS(env.Connect("health"), true), CheckPostgres(pool, true, pending), CheckTelegram(fine))
	see := func(want map[string]string) {
		t.Helper()
		natstest.Wait(t, "the true states", func() bool {
			_, body := get("/health/detailed")
			for name, s := range byName(decode[Report](t, body)) {
				if s.State != want[name] {
					return false
				}
				if s.State == StateUp && name != "telegram" && s.LatencyMS <= 0 {
					t.Errorf("latency of %+v", s)
				}
			}
			return true
		})
	}
	see(map[string]string{"nats": StateUp, "postgres": StateUp, "telegram": StateUp})
	env.Stop()
	see(map[string]string{"nats": StateDown, "postgres": StateUp, "telegram": StateUp})
	env.Start()
	see(map[string]string{"nats": StateUp, "postgres": StateUp, "telegram": StateUp})
	if n := asked.Load(); n != 1 {
		t.Errorf("pending migrations were looked up %d times", n)
	}
	pool.Close()
	see(map[string]string{"nats": StateUp, "postgres": StateDown, "telegram": StateUp})
	behind := CheckPostgres(openPool(t, dbtest.URL(t)), true, func(context.Context) (int, error) { return 2, nil })
	if reason, ok := errors.AsType[Reason](behind.Probe(t.Context())); !ok || !strings.Contains(string(reason), "2 migrations") {
		t.Errorf("a schema that lags = %v", reason)
	}
	if _, body := get("/metrics"); !strings.Contains(body, "ukbot_test_total 0") {
		t.Errorf("/metrics = %s", body)
	}
}
