package ingress

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

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
	proxies []netip.Prefix // whose X-Forwarded-For is believed; Register sets it
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
	s := &Ingress{
		cfg: cfg, log: log, meter: newMeter(cfg.Registry),
		repeats: newRepeats(cfg.Publisher, cfg.Now, log),
	}
	s.hooks = &hooks{conn: cfg.Conn, keys: cfg.Keys, meter: s.meter, log: log}
	return s
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

// webhook is the way of one request: read, verify, identify, filter, limit,
// store, answer. Its error is a Refusal.
func (s *Ingress) webhook(c *fiber.Ctx, source string) error {
	r := s.read(c)
	found, outcome, err := s.take(c, source, r)
	if err != nil {
		refusal, _ := asRefusal(err)
		outcome = refusal.Code
		s.refused(source, refusal, err, r)
	}
	s.meter.count(found, outcome, s.cfg.Now().Sub(r.now))
	return err
}

// Outcomes that are no refusal, as the answer's status says them.
const (
	accepted  = "accepted"
	duplicate = "duplicate"
	ignored   = "ignored" // the configuration's event filter leaves it out
	synced    = "sync"    // Google's first message of a channel
)

func (s *Ingress) take(c *fiber.Ctx, source string, r *request) (*hook, string, error) {
	tenant := c.Params("tenant")
	if tenant != "" && !events.ValidName(tenant) {
		return nil, "", errTenantInvalid
	}
	if err := readable(r); err != nil {
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
	case found.limiter != nil && !found.limiter.AllowN(r.now, 1):
		return found, "", errRateLimited.after(refilled(found.limiter, r.now))
	}
	outcome, err := s.store(c, found, id, r)
	return found, outcome, err
}

// slackHandshake is the event with which Slack, once, asks a new address to
// repeat a challenge.
const slackHandshake = "url_verification"

// refilled is the time until an empty bucket lets one more through.
func refilled(limiter *rate.Limiter, now time.Time) time.Duration {
	missing := 1 - limiter.TokensAt(now)
	return time.Duration(max(missing, 0) / float64(limiter.Limit()) * float64(time.Second))
}

// store publishes the event and answers what the stream says.
func (s *Ingress) store(c *fiber.Ctx, found *hook, id identity, r *request) (string, error) {
	// The body is copied to the connection before Publish waits, so Fiber may reuse its buffer.
	msg := message(describe(c, found, id, r))
	// The sender hanging up must not undo a publish that may be stored already.
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.PublishTimeout)
	defer cancel()
	ack, err := s.cfg.Publisher.Publish(ctx, msg)
	switch {
	case errors.Is(err, nats.ErrRefused):
		return "", fmt.Errorf("%w: %w", errTooLarge, err)
	case err != nil:
		return "", fmt.Errorf("%w: %w", errStreamUnavailable, err)
	case ack.Duplicate:
		s.repeats.add(found.Tenant, found.Source, id.ID)
		return duplicate, reply(c, fiber.StatusOK, duplicate, id.ID)
	}
	return accepted, reply(c, fiber.StatusAccepted, accepted, id.ID)
}

// message is what the stream gets of a webhook.
func message(event events.Webhook) *natsgo.Msg {
	msg := &natsgo.Msg{
		Subject: events.WebhookSubject(event.Tenant, event.Source, event.Type),
		Header:  event.Header(), Data: event.Data,
	}
	msg.Header[jetstream.MsgIDHeader] = []string{events.MessageID(event.Tenant, event.Source, event.ID)}
	msg.Header[traceDestHeader] = traceDestNone
	return msg
}

// A server takes a sampled traceparent for a wish to have the message's way
// through the servers traced, and reads all headers into a map to see where to.
// Nobody here wants that, and saying so spares it 30 allocations per webhook.
const traceDestHeader = "Nats-Trace-Dest"

var traceDestNone = []string{"trace disabled"} // server.MsgTraceDestDisabled

// replyRoom is what a reply takes besides the id, in bytes.
const replyRoom = 48

// reply is the answer of an event that was not refused.
func reply(c *fiber.Ctx, status int, outcome, eventID string) error {
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	c.Status(status)
	body := append(make([]byte, 0, replyRoom+len(eventID)), `{"status":"`...)
	body = append(body, outcome...)
	body = append(body, `","event_id":`...)
	body = strconv.AppendQuote(body, eventID) // printable ASCII (events.CapID): quoted as JSON quotes it
	c.Response().SetBodyRaw(append(body, '}'))
	return nil
}

// refused logs a refusal: without body, signature or token. The cause of what is
// ours to mend is in the line.
func (s *Ingress) refused(source string, refusal Refusal, err error, r *request) {
	level := zerolog.InfoLevel
	if refusal.Status >= fiber.StatusInternalServerError {
		level = zerolog.ErrorLevel
	}
	line := s.log.WithLevel(level).Str("reason", refusal.Code).Str("detail", refusal.Detail).Int("status", refusal.Status).
		Str("source", events.Token(source)).Str("remote_ip", ipText(r.ip)).Str("request_id", r.id).Int("bytes", len(r.body))
	if level == zerolog.ErrorLevel {
		line.Err(err)
	}
	leak(line, r)
	line.Msg("webhook refused")
}
