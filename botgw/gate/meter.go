package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/botgw/company"
	"ukbot/botgw/talk"
)

// outcome is how an update ended.
type outcome string

const (
	done    outcome = "done"
	limited outcome = "limited" // over a limit
	refused outcome = "refused" // by the housing services
	blocked outcome = "blocked"
	away    outcome = "away" // the housing services do not answer
	failed  outcome = "failed"
	ignored outcome = "ignored" // of another bot, or of nobody
)

func outcomeOf(err error) outcome {
	_, isRefusal := errors.AsType[*company.Refusal](err)
	switch {
	case err == nil:
		return done
	case errors.Is(err, errBlocked):
		return blocked
	case errors.Is(err, company.ErrAway):
		return away
	case isRefusal:
		return refused
	}
	return failed
}

// record is what is noted of one update.
type record struct {
	update   talk.Update
	began    time.Time
	handled  time.Duration // until what to answer was known
	telegram time.Duration // until it was delivered
	spent    *company.Spent
	step     string
	outcome  outcome
	err      error // what Pass returns
	cause    error // of away
}

// metrics is what a gate counts. Labels are kinds of updates and words of this package.
type metrics struct {
	updates      *prometheus.CounterVec
	handler      *prometheus.HistogramVec
	api          *prometheus.HistogramVec
	telegram     *prometheus.HistogramVec
	sessions     *prometheus.CounterVec
	limitAway    prometheus.Counter
	sessionsAway prometheus.Counter
	waitingAway  prometheus.Counter
	peopleAway   prometheus.Counter
	told         prometheus.Counter
	lost         prometheus.Counter
}

func newMetrics(registry prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return shared(registry, prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help}))
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return shared(registry, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels))
	}
	seconds := func(name, help string) *prometheus.HistogramVec {
		return shared(registry, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16), // to 16 s
		}, []string{"kind"}))
	}
	return &metrics{
		updates:      counters("ukbot_bot_updates_total", "Updates done, by kind and outcome.", "kind", "outcome"),
		handler:      seconds("ukbot_bot_handler_seconds", "Time of an update until its answer was known, the housing services' included."),
		api:          seconds("ukbot_bot_api_seconds", "Time of an update in calls to the housing services."),
		telegram:     seconds("ukbot_bot_telegram_seconds", "Time of delivering an update's answer."),
		sessions:     counters("ukbot_bot_sessions_total", "Sessions with the housing services: begun, refreshed.", "how"),
		limitAway:    counter("ukbot_bot_limit_store_away_total", "Updates let through unlimited because the store was away."),
		sessionsAway: counter("ukbot_bot_session_store_away_total", "Times that the store of sessions was away: this replica went on by itself."),
		waitingAway:  counter("ukbot_bot_waiting_store_away_total", "People who will not be told that the services are back."),
		peopleAway:   counter("ukbot_bot_people_away_total", "Times that PostgreSQL did not take who came."),
		told:         counter("ukbot_bot_waiting_told_total", "Chats told that the services are back."),
		lost:         counter("ukbot_bot_metrics_lost_total", "Updates missing in bot_metrics because PostgreSQL was away for too long."),
	}
}

// shared registers a collector, or returns the one that is registered already.
func shared[C prometheus.Collector](registry prometheus.Registerer, c C) C {
	err := registry.Register(c)
	if there, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if same, ok := there.ExistingCollector.(C); ok {
			return same
		}
	}
	return c
}

// note counts an update and writes its line.
func (g *Gate) note(r *record) {
	if r.handled == 0 { // nothing was delivered
		r.handled = time.Since(r.began)
	}
	kind, u := string(r.update.Kind), r.update
	g.metrics.updates.WithLabelValues(kind, string(r.outcome)).Inc()
	g.metrics.handler.WithLabelValues(kind).Observe(r.handled.Seconds())
	g.metrics.api.WithLabelValues(kind).Observe(r.spent.Time().Seconds())
	g.metrics.telegram.WithLabelValues(kind).Observe(r.telegram.Seconds())
	name := g.name(r)
	g.tally.add(cell{u.Tenant, g.cfg.Now().UTC().Truncate(time.Hour), kind, name, string(r.outcome)}, sumOf(r))

	level, err := zerolog.InfoLevel, r.err
	switch {
	case r.err != nil:
		level = zerolog.ErrorLevel
	case r.cause != nil:
		level, err = zerolog.WarnLevel, r.cause
	}
	g.cfg.Log.WithLevel(level).Err(err).Str("tenant", u.Tenant).Int64("bot", u.Bot).Int64("update_id", u.ID).Str("kind", kind).Str("name", name).
		Str("outcome", string(r.outcome)).Str("person", personHash(u)).Dur("handler_ms", r.handled).Dur("api_ms", r.spent.Time()).
		Int64("api_calls", r.spent.Calls()).Dur("telegram_ms", r.telegram).Msg("update handled")
}

// stepForm is what a step's name looks like in the figures.
var stepForm = regexp.MustCompile(`^[a-z0-9_./:-]{1,40}$`)

// name is the step or the command, if it is one of ours: people write anything.
func (g *Gate) name(r *record) string {
	known := g.cfg.Commands
	switch {
	case stepForm.MatchString(r.step):
		return r.step
	case r.update.Kind == talk.Command && known != nil && known(r.update.Command):
		return r.update.Command
	case r.update.Kind == talk.Command:
		return "other"
	}
	return ""
}

// personHash tells one person's lines from another's, and cannot be turned back:
// its 32 bits are shared by several of the ids there are.
func personHash(u talk.Update) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%s/%d/%d", u.Tenant, u.Bot, u.From.ID)))
	return hex.EncodeToString(sum[:4])
}

// requestID is by what the services' logs name the calls of an update.
func requestID(u talk.Update) string {
	return "tg-" + strconv.FormatInt(u.Bot, 10) + "-" + strconv.FormatInt(u.ID, 10)
}
