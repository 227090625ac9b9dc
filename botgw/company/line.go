package company

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/rs/zerolog"
)

// LineConfig is a way to the housing services. Zero durations are the defaults.
type LineConfig struct {
	URL      string        // of the API, with its version: http://…/api/v1
	Try      time.Duration // one attempt; default 5 s
	All      time.Duration // all attempts and pauses of a call; default 12 s
	Transfer time.Duration // one attempt with a file, either way; default 60 s; a call has twice that
	Closed   time.Duration // how long an open breaker lets nothing through; default 3 s
	Metrics  *Metrics
	Log      zerolog.Logger
	// Observe is told of every finished attempt, if not nil.
	Observe func(ctx context.Context, call Call)
}

// Call is one attempt, without what was in it.
type Call struct {
	Method string
	Path   string // below the API's address; holds ids
	Status int    // 0: none
	Took   time.Duration
}

// Line is one way to the housing services, shared by all tenants. It is safe
// for concurrent use.
type Line struct {
	cfg      LineConfig
	base     *url.URL
	client   *http.Client
	breakers map[string]circuitbreaker.CircuitBreaker[any] // never changed
}

// idleConns are kept alive: one per lane of updates, twice.
const idleConns = 64

// NewLine checks the address and calls nothing yet.
func NewLine(cfg LineConfig) (*Line, error) {
	base, err := url.Parse(strings.TrimSuffix(cfg.URL, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errors.New("want an http or https URL")
	}
	setDefault(&cfg.Try, 5*time.Second)
	setDefault(&cfg.All, 12*time.Second)
	setDefault(&cfg.Transfer, 60*time.Second)
	setDefault(&cfg.Closed, 3*time.Second)
	if cfg.Metrics == nil {
		return nil, errors.New("a line wants metrics")
	}
	l := &Line{cfg: cfg, base: base, breakers: map[string]circuitbreaker.CircuitBreaker[any]{}, client: &http.Client{
		Transport: &http.Transport{
			MaxIdleConns: idleConns, MaxIdleConnsPerHost: idleConns, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true,
		},
		// The services redirect nobody; following would carry the token elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, service := range append(services(), otherService) {
		l.breakers[service] = l.breaker(service)
	}
	return l, nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}

// Close drops idle connections.
func (l *Line) Close() { l.client.CloseIdleConnections() }

// When a breaker opens: this share of at least so many attempts within the window
// failed. It closes after so many in a row that worked.
const (
	breakerShare   = 0.5
	breakerLeast   = 6 // two calls of three attempts
	breakerWindow  = 10 * time.Second
	breakerSuccess = 4
)

func (l *Line) breaker(service string) circuitbreaker.CircuitBreaker[any] {
	gauge := l.cfg.Metrics.open.WithLabelValues(service)
	return circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(breakerShare, breakerLeast, breakerWindow).
		WithSuccessThreshold(breakerSuccess).
		WithDelay(l.cfg.Closed).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
			gauge.Set(map[circuitbreaker.State]float64{circuitbreaker.OpenState: 1}[e.NewState])
			l.cfg.Log.Warn().Str("service", service).Stringer("from", e.OldState).Stringer("to", e.NewState).Msg("breaker of a housing service")
		}).
		Build()
}

// otherService is what no row of serviceOf names.
const otherService = "other"

// serviceOf is which service answers a path, by its first segment. Each has a
// breaker: reports that fail close the way to nothing else.
var serviceOf = map[string]string{
	"auth": "auth", "api-keys": "auth",
	"me": "users", "users": "users", "invitations": "users", "apartment-links": "users", "executors": "users",
	"company": "company",
	"yards":   "buildings", "buildings": "buildings", "entrances": "buildings", "apartments": "buildings",
	"requests": "requests",
	"shifts":   "shifts", "handovers": "shifts", "absences": "shifts", "availability": "shifts",
	"reports": "reports", "webhooks": "webhooks",
	filesService: filesService,
}

// filesService stands on the object store, which can be away on its own.
const filesService = "files"

func services() []string {
	names := make([]string, 0, len(serviceOf))
	seen := map[string]bool{}
	for _, service := range serviceOf {
		if !seen[service] {
			seen[service] = true
			names = append(names, service)
		}
	}
	return names
}

// service is the service of a path below the API's address.
func service(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for _, part := range parts[1:] {
		if part == filesService {
			return filesService
		}
	}
	if name, ok := serviceOf[parts[0]]; ok {
		return name
	}
	return otherService
}

// below is a request's path below the API's address.
func (l *Line) below(r *http.Request) string { return strings.TrimPrefix(r.URL.Path, l.base.Path) }

// away is ErrAway with what was asked of whom and how it ended, in words without an address.
func away(r *http.Request, service, cause string) error {
	return fmt.Errorf("%w: %s %s: %s", ErrAway, r.Method, service, cause)
}
