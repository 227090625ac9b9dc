package ops

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"
)

// Check is one dependency.
type Check struct {
	Name     string
	Critical bool // without it the role is not ready
	// Probe returns nil when the dependency works. Its error goes to the log;
	// strangers see it only where it is a Reason. It should end with ctx, and
	// nothing breaks if it does not.
	Probe func(ctx context.Context) error
}

// Reason is an error whose words may be shown to anybody.
type Reason string

func (r Reason) Error() string { return string(r) }

// States of a dependency.
const (
	StateUp   = "up"
	StateDown = "down"
	StateHung = "hung" // no answer within checkTimeout
)

// State is what a check found.
type State struct {
	Name      string    `json:"name"`
	State     string    `json:"state"`
	Critical  bool      `json:"critical"`
	LatencyMS float64   `json:"latency_ms"` // of the probe; while hung, of the waiting so far
	Detail    string    `json:"detail,omitempty"`
	CheckedAt time.Time `json:"checked_at"`
}

// Report is the state of all dependencies.
type Report struct {
	Status string  `json:"status"` // "ok", "degraded" (something not critical is away), "down"
	Checks []State `json:"checks"`
}

const (
	// checkTimeout is how long a dependency may take to answer.
	checkTimeout = 2 * time.Second
	// checkCache is how long a finding is used again: a page that everybody asks
	// for costs a dependency one probe a second.
	checkCache = time.Second
)

// Health answers what works. The zero value checks nothing and is well.
type Health struct {
	checks []*watched
}

// NewHealth makes the pages of these checks, in this order. Changes of a state are logged.
func NewHealth(log zerolog.Logger, checks ...Check) *Health {
	h := &Health{}
	for _, check := range checks {
		h.checks = append(h.checks, &watched{Check: check, log: log.With().Str("component", "health").Str("check", check.Name).Logger()})
	}
	return h
}

// Register adds /health, /health/detailed, /ready and /metrics to a router.
func (h *Health) Register(router fiber.Router, registry *prometheus.Registry) {
	router.Get("/health", func(c *fiber.Ctx) error {
		return send(c, http.StatusOK, fiber.MIMEApplicationJSON, []byte(`{"status":"ok"}`))
	})
	router.Get("/health/detailed", func(c *fiber.Ctx) error { return sendReport(c, http.StatusOK, h.Report()) })
	router.Get("/ready", func(c *fiber.Ctx) error {
		report := h.Ready()
		status := http.StatusOK
		if report.Status != statusOK {
			status = http.StatusServiceUnavailable
		}
		return sendReport(c, status, report)
	})
	router.Get("/metrics", adaptor.HTTPHandler(promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry})))
}

func sendReport(c *fiber.Ctx, status int, report Report) error {
	body, err := json.Marshal(report)
	if err != nil {
		return err
	}
	return send(c, status, fiber.MIMEApplicationJSON, body)
}

const (
	statusOK       = "ok"
	statusDegraded = "degraded"
	statusDown     = "down"
)

// Report asks all dependencies at once. It takes as long as the slowest, at
// most a little over checkTimeout.
func (h *Health) Report() Report { return ask(h.checks) }

// Ready asks the critical dependencies only: one that the role can do without
// must not even delay it.
func (h *Health) Ready() Report {
	var critical []*watched
	for _, check := range h.checks {
		if check.Critical {
			critical = append(critical, check)
		}
	}
	return ask(critical)
}

func ask(checks []*watched) Report {
	report := Report{Status: statusOK, Checks: make([]State, len(checks))}
	var wg sync.WaitGroup
	for i, check := range checks {
		wg.Go(func() { report.Checks[i] = check.state() })
	}
	wg.Wait()
	for _, state := range report.Checks {
		switch {
		case state.State == StateUp:
		case state.Critical:
			report.Status = statusDown
		case report.Status == statusOK:
			report.Status = statusDegraded
		}
	}
	return report
}

// watched is a check with its last finding. Whoever asks while a probe runs
// waits for that one.
type watched struct {
	Check
	log zerolog.Logger

	mu      sync.Mutex
	last    State
	running chan result // of a probe that has not answered yet; a hung one is never joined by a second
	began   time.Time
}

// result is what a probe returned.
type result struct{ err error }

func (w *watched) state() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.last.CheckedAt) < checkCache {
		return w.last
	}
	found := w.probe()
	found.Name, found.Critical, found.CheckedAt = w.Name, w.Critical, time.Now().UTC()
	found.LatencyMS = float64(time.Since(w.began).Microseconds()) / 1000
	w.last = found
	return found
}

// probe starts a probe, or goes on waiting for the one that hangs.
func (w *watched) probe() State {
	select {
	case <-w.running: // came back after it was called hung: too old to tell anything
		w.running = nil
	default:
	}
	if w.running == nil {
		w.start()
	}
	patience := time.NewTimer(time.Until(w.began.Add(checkTimeout)))
	defer patience.Stop()
	select {
	case answered := <-w.running:
		w.running = nil
		return w.judge(answered.err)
	case <-patience.C:
		return w.judge(context.DeadlineExceeded)
	}
}

// start runs the probe in a goroutine, because a probe may not heed its
// context. There is at most one per check, and only a hung one outlives the page.
func (w *watched) start() {
	done := make(chan result, 1)
	w.running, w.began = done, time.Now()
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
		defer cancel()
		done <- result{w.Probe(ctx)}
	}()
}

// judge turns the probe's error into words for everybody, and logs a change.
func (w *watched) judge(err error) State {
	found := State{State: StateDown, Detail: "does not work; the log has the cause"}
	reason, chosen := errors.AsType[Reason](err)
	switch {
	case err == nil:
		found = State{State: StateUp}
	case errors.Is(err, context.DeadlineExceeded):
		found = State{State: StateHung, Detail: "no answer within " + checkTimeout.String()}
	case chosen:
		found.Detail = reason.Error()
	}
	switch {
	case found.State == w.last.State, w.last.State == "" && err == nil:
	case err == nil:
		w.log.Info().Msg("dependency is back")
	default:
		w.log.Warn().Err(err).Str("state", found.State).Msg("dependency does not work")
	}
	return found
}
