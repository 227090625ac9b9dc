package updates

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"mime"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"ukbot/botgw/bots"
	"ukbot/botgw/telegram"
	"ukbot/nats"
	"ukbot/secret"
)

// bodyMax is the largest update that is taken, in bytes; Telegram's are below 100 KiB.
const bodyMax = 1 << 20

// retrySeconds is what Telegram is told to wait while the stream is away; it obeys
// up to an hour.
const retrySeconds = "5"

// headerSecret is how Telegram shows that it is Telegram.
const headerSecret = "X-Telegram-Bot-Api-Secret-Token" //nolint:gosec // a header's name

// path is where a bot's updates are brought to.
const path = "/telegram/"

// Reasons of refusals, as the metrics call them.
const (
	refusedSecret   = "secret"
	refusedType     = "content_type"
	refusedTooLarge = "too_large"
	refusedStream   = "stream"
)

// Register hangs POST /telegram/<bot id> on an app.
func (in *Intake) Register(app fiber.Router) {
	app.Post(path+":bot", in.webhook)
}

// webhook is the way of one update that Telegram brings. Who cannot show the
// secret learns nothing, not even whether there is such a bot. What is brought
// and is no update is taken all the same: refusing it would have Telegram repeat
// it for a day and hold back everything behind it.
func (in *Intake) webhook(c *fiber.Ctx) error {
	b := in.authentic(c.Params("bot"), c.Get(headerSecret))
	if b == nil {
		return in.refuse(c, fiber.StatusUnauthorized, refusedSecret)
	}
	if kind, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType)); err != nil || kind != fiber.MIMEApplicationJSON {
		return in.refuse(c, fiber.StatusUnsupportedMediaType, refusedType)
	}
	body := c.BodyRaw()
	if len(body) > bodyMax {
		return in.refuse(c, fiber.StatusRequestEntityTooLarge, refusedTooLarge)
	}
	// Publish copies the body to the connection before it waits, and returns before
	// Fiber uses the buffer again.
	msg, h, flaw := message(b, body, time.Now())
	ctx, cancel := context.WithTimeout(context.Background(), in.cfg.PublishTimeout)
	defer cancel()
	ack, err := in.cfg.Publisher.Publish(ctx, msg)
	if err != nil {
		if errors.Is(err, nats.ErrRefused) {
			in.log.Error().Err(err).Str("tenant", b.Tenant).Int("bytes", len(body)).Msg("update refused by the stream")
		}
		c.Set(fiber.HeaderRetryAfter, retrySeconds)
		return in.refuse(c, fiber.StatusServiceUnavailable, refusedStream)
	}
	in.took(wayWebhook, h, ack, flaw)
	return c.SendStatus(fiber.StatusOK)
}

func (in *Intake) refuse(c *fiber.Ctx, status int, reason string) error {
	in.cfg.Metrics.refused.WithLabelValues(wayWebhook, reason).Inc()
	return c.SendStatus(status)
}

// authentic is the bot that a request is for, if it shows that bot's secret. An
// unknown bot takes as long as a wrong secret.
func (in *Intake) authentic(id, shown string) *bots.Bot {
	number, err := strconv.ParseInt(id, 10, 64)
	b, known := in.cfg.Bots.ByID(number)
	want := in.dummy
	if known && err == nil {
		want = sha256.Sum256([]byte(Secret(b.Token).Reveal()))
	} else {
		_ = sha256.Sum256([]byte(Secret("nobody's").Reveal()))
	}
	got := sha256.Sum256([]byte(shown))
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 || !known || err != nil {
		return nil
	}
	return b
}

const hashBytes = sha256.Size

// randomHash is the hash of no secret.
func randomHash() (h [hashBytes]byte) {
	_, _ = rand.Read(h[:]) // never fails
	return h
}

// Secret is what Telegram shows when it brings updates of the bot with this
// token: derived, so that every replica knows it and nobody stores it.
func Secret(token secret.Text) secret.Text {
	mac := hmac.New(sha256.New, []byte(token.Reveal()))
	mac.Write([]byte("ukbot telegram webhook"))
	return secret.Text(base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
}

// How often the webhook is looked after.
const (
	hookEvery = 5 * time.Minute
	hookMax   = time.Minute // between tries to set it
)

// keepWebhook has Telegram bring a bot's updates here, until ctx ends, and looks
// after it: another one who sets a webhook for this bot takes its updates away.
func (in *Intake) keepWebhook(ctx context.Context, b *bots.Bot) {
	log := in.log.With().Str("tenant", b.Tenant).Int64("bot", b.ID).Logger()
	set := false
	for failures := 0; ; {
		err := in.setWebhook(ctx, b, &set)
		pause := hookEvery
		if err != nil && ctx.Err() == nil {
			verdict := telegram.Classify(err)
			pause = min(backoff(verdict, failures), hookMax)
			failures++
			in.cfg.Metrics.failed.WithLabelValues(verdict.Action.String()).Inc()
			log.Warn().Err(err).Dur("retry_in_ms", pause).Msg("webhook not set")
		} else {
			failures = 0
		}
		in.cfg.Metrics.tokenRefused.WithLabelValues(b.Tenant).Set(refusal(err))
		if rest(ctx, pause) != nil {
			return
		}
	}
}

// refusal is 1 for an error that says the token is not accepted.
func refusal(err error) float64 {
	if telegram.Classify(err).Action == telegram.Fatal {
		return 1
	}
	return 0
}

// setWebhook sets the webhook at first, and where it is no longer ours.
func (in *Intake) setWebhook(ctx context.Context, b *bots.Bot, set *bool) error {
	address := strings.TrimRight(in.cfg.WebhookURL, "/") + path + strconv.FormatInt(b.ID, 10)
	if *set {
		info, err := b.Client.WebhookInfo(ctx)
		if err != nil {
			return err
		}
		in.cfg.Metrics.waiting.WithLabelValues(b.Tenant).Set(float64(info.PendingUpdateCount))
		if info.URL == address {
			return nil
		}
	}
	err := b.Client.SetWebhook(ctx, telegram.Webhook{
		URL: address, Secret: Secret(b.Token), Allowed: Allowed(), MaxConnections: in.cfg.MaxConnections,
	})
	*set = *set || err == nil
	return err
}
