package ingress

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/secret"
)

// Config is what the ingress needs.
type Config struct {
	Conn           *nats.Conn
	Publisher      *nats.Publisher
	Keys           *secret.Keyset // opens the secrets of the configurations
	Registry       prometheus.Registerer
	PublishTimeout time.Duration    // wait for the stream's acknowledgement; default 5 s, below every provider's timeout
	Now            func() time.Time // default time.Now
	Log            zerolog.Logger
}

// Ingress takes webhooks in.
type Ingress struct {
	cfg     Config
	hooks   *hooks
	repeats *repeats
	meter   *meter
	log     zerolog.Logger
}

// New makes an ingress. It serves once Register has hung its routes, and knows
// the webhook configurations while Run runs.
func New(cfg Config) *Ingress {
	if cfg.PublishTimeout == 0 {
		cfg.PublishTimeout = 5 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	log := cfg.Log.With().Str("component", "ingress").Logger()
	return &Ingress{
		cfg: cfg, log: log, meter: newMeter(cfg.Registry),
		hooks:   &hooks{conn: cfg.Conn, keys: cfg.Keys, log: log},
		repeats: newRepeats(cfg.Publisher, cfg.Now, log),
	}
}

// Run watches the configurations and reports repeats until ctx ends.
func (s *Ingress) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { s.hooks.run(ctx) })
	wg.Go(func() { s.repeats.run(ctx) })
	wg.Wait()
	return nil
}

// Ready says whether the configurations have been read and events can be stored.
func (s *Ingress) Ready() error {
	switch {
	case !s.cfg.Conn.IsConnected():
		return errors.New("streams not reachable")
	case s.hooks.table.Load() == nil:
		return errors.New("webhook configurations not read yet")
	}
	return nil
}

// sources are the fixed paths of providers and the source each is stored under.
var sources = []struct{ path, source string }{
	{"/stripe", "stripe"},
	{"/google/sheets", "google-sheets"},
	{"/yandex/maps", "yandex-maps"},
}

// Register hangs the webhook routes on an app.
func (s *Ingress) Register(app *fiber.App) {
	for _, prefix := range []string{"/api/v1/webhooks", "/api/v1/t/:tenant/webhooks"} {
		for _, fixed := range sources {
			app.Post(prefix+fixed.path, func(c *fiber.Ctx) error { return s.webhook(c, fixed.source) })
		}
		app.Post(prefix+"/generic/:source", func(c *fiber.Ctx) error { return s.webhook(c, c.Params("source")) })
	}
	app.Get("/api/v1/webhooks/health", s.health)
}

func (s *Ingress) health(c *fiber.Ctx) error {
	if err := s.Ready(); err != nil {
		return errStreamUnavailable.because(err.Error())
	}
	return c.JSON(fiber.Map{"status": "ok"})
}

// webhook is the way of one request: read, verify, identify, filter, limit,
// store, answer. Its error is a Refusal.
func (s *Ingress) webhook(c *fiber.Ctx, source string) error {
	began := s.cfg.Now()
	found, outcome, err := s.take(c, source, began)
	if refusal, refused := asRefusal(err); err != nil && refused {
		outcome = refusal.Code
		s.refused(c, source, refusal, err)
	}
	s.meter.count(found, outcome, time.Since(began))
	return err
}

// Outcomes that are no refusal, as the answer's status says them.
const (
	accepted  = "accepted"
	duplicate = "duplicate"
	ignored   = "ignored" // the configuration's event filter leaves it out
	synced    = "sync"    // Google's first message of a channel
)

func (s *Ingress) take(c *fiber.Ctx, source string, now time.Time) (*hook, string, error) {
	tenant := c.Params("tenant")
	if tenant != "" && !events.ValidName(tenant) {
		return nil, "", errTenantInvalid
	}
	r, err := read(c, now)
	if err != nil {
		return nil, "", err
	}
	found, err := s.hooks.find(tenant, source, r)
	if err != nil {
		return found, "", err
	}
	id, err := found.identify(r)
	switch {
	case err != nil:
		return found, "", err
	case id.Sync:
		return found, synced, reply(c, fiber.StatusOK, synced, id.ID)
	case found.Preset == "slack" && id.Type == slackHandshake:
		return found, synced, c.JSON(fiber.Map{"challenge": path{"challenge"}.scalar(r.body)})
	case !events.MatchType(found.Events, id.Type):
		return found, ignored, reply(c, fiber.StatusOK, ignored, id.ID)
	case found.limiter != nil && !found.limiter.AllowN(now, 1):
		return found, "", errRateLimited
	}
	outcome, err := s.store(c, found, id, r)
	return found, outcome, err
}

// slackHandshake is the event with which Slack, once, asks a new address to
// repeat a challenge.
const slackHandshake = "url_verification"

// store publishes the event and answers what the stream says.
func (s *Ingress) store(c *fiber.Ctx, found *hook, id identity, r *request) (string, error) {
	event := describe(c, found, id, r)
	msg := &natsgo.Msg{
		Subject: events.WebhookSubject(found.Tenant, found.Source, id.Type),
		Header:  event.Header(), Data: r.body, // copied to the connection before Publish waits: Fiber may reuse it then
	}
	msg.Header[jetstream.MsgIDHeader] = []string{events.MessageID(found.Tenant, found.Source, id.ID)}
	// The sender hanging up must not undo a publish that may be stored already.
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.PublishTimeout)
	defer cancel()
	ack, err := s.cfg.Publisher.Publish(ctx, msg)
	switch {
	case errors.Is(err, nats.ErrRefused):
		return "", errTooLarge
	case err != nil:
		s.log.Error().Err(err).Str("tenant", found.Tenant).Str("source", found.Source).Msg("webhook not stored")
		return "", errStreamUnavailable
	case ack.Duplicate:
		s.repeats.add(found.Tenant, found.Source, id.ID)
		return duplicate, reply(c, fiber.StatusOK, duplicate, id.ID)
	}
	return accepted, reply(c, fiber.StatusAccepted, accepted, id.ID)
}

// reply is the answer of an event that was not refused.
func reply(c *fiber.Ctx, status int, outcome, eventID string) error {
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	c.Status(status)
	body := append(c.Response().Body(), `{"status":"`...)
	body = append(body, outcome...)
	body = append(body, `","event_id":`...)
	body = strconv.AppendQuote(body, eventID) // printable ASCII (events.CapID): quoted as JSON quotes it
	c.Response().SetBodyRaw(append(body, '}'))
	return nil
}

// refused logs a refusal: without body, signature or token.
func (s *Ingress) refused(c *fiber.Ctx, source string, refusal Refusal, err error) {
	line := s.log.Info().Str("reason", refusal.Code).Str("detail", refusal.Detail).Int("status", refusal.Status).
		Str("source", events.Token(source)).Str("remote_ip", c.IP()).Int("bytes", len(c.Request().Body()))
	leak(line, c)
	line.Msg("webhook refused")
	_ = err
}
