package ingress

import (
	"encoding/json"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"
)

// Limits of a request, in bytes.
const (
	DefaultBodyLimit = 1 << 20  // 413 above, chunked or not
	headerLimit      = 16 << 10 // 431 above
)

// AppConfig is the HTTP server that the routes of all roles hang on.
type AppConfig struct {
	BodyLimit      int      // bytes; default 1 MiB, the streams take 2 MiB with headers
	TrustedProxies []string // addresses whose X-Forwarded-For is believed; none: the peer's address counts
	Log            zerolog.Logger
}

// NewApp makes the HTTP server: limits, timeouts, and every error as a problem document.
func NewApp(cfg AppConfig) *fiber.App {
	if cfg.BodyLimit == 0 {
		cfg.BodyLimit = DefaultBodyLimit
	}
	config := fiber.Config{
		AppName: "ukbot", ServerHeader: "", DisableStartupMessage: true,
		BodyLimit: cfg.BodyLimit, ReadBufferSize: headerLimit,
		DisablePreParseMultipartForm: true, // or forms would be parsed, and files of theirs written, before any handler
		ReadTimeout:                  30 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorHandler: problems(cfg.Log),
	}
	if len(cfg.TrustedProxies) > 0 {
		// No ProxyHeader: Fiber would take the leftmost address of X-Forwarded-For,
		// which is the sender's own word. remoteIP reads the header from the right.
		config.EnableTrustedProxyCheck, config.TrustedProxies = true, cfg.TrustedProxies
	}
	app := fiber.New(config)
	app.Use(recover.New())
	answer := app.Server().ErrorHandler
	app.Server().ErrorHandler = func(c *fasthttp.RequestCtx, err error) {
		if errors.Is(err, fasthttp.ErrBodyTooLarge) {
			discard(c.Conn())
		}
		answer(c, err)
	}
	return app
}

// Bounds of reading what nobody wants.
const (
	discardMax  = 32 << 20 // bytes
	discardTime = 5 * time.Second
	discardGap  = 200 * time.Millisecond // of silence, after which the sender waits for its answer
)

// discard reads the rest of a body that is too large, within bounds. Closing a
// connection with unread bytes resets it, and a sender that is still writing
// then sees a broken connection instead of 413: it would send all of it again.
func discard(conn net.Conn) {
	buffer := make([]byte, 64<<10)
	for end, left := time.Now().Add(discardTime), discardMax; left > 0 && time.Now().Before(end); {
		if conn.SetReadDeadline(time.Now().Add(discardGap)) != nil {
			return
		}
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		left -= n
	}
}

// problems answers every error as RFC 9457; strangers learn nothing of an
// unknown one, the log does.
func problems(log zerolog.Logger) fiber.ErrorHandler {
	return func(c *fiber.Ctx, err error) error {
		refusal, known := asRefusal(err)
		if !known {
			log.Error().Err(err).Str("method", c.Method()).Str("route", c.Route().Path).Msg("request failed")
		}
		if len(c.Response().Header.Peek(fiber.HeaderXRequestID)) == 0 {
			requestID(c)
		}
		return refusal.answer(c)
	}
}

// statusRefusals turns the framework's own errors into refusals.
var statusRefusals = map[int]Refusal{
	fiber.StatusRequestEntityTooLarge:       errTooLarge,
	fiber.StatusRequestHeaderFieldsTooLarge: errHeadersTooLarge,
	fiber.StatusMethodNotAllowed:            {Status: 405, Code: errMethodNotAllowed.Code, Detail: "this address is there, but not with this method"},
	fiber.StatusNotFound:                    {Status: 404, Code: "not_found", Detail: "there is nothing here"},
	fiber.StatusRequestTimeout:              {Status: 408, Code: "timeout", Detail: "the request did not arrive in time"},
	fiber.StatusBadRequest:                  errMalformed,
	fiber.StatusBadGateway:                  {Status: 400, Code: "incomplete", Detail: "the request did not arrive whole"}, // Fiber's word for a connection that broke
}

func asRefusal(err error) (Refusal, bool) {
	var refusal Refusal
	if errors.As(err, &refusal) {
		return refusal, true
	}
	var framework *fiber.Error
	if errors.As(err, &framework) {
		if refusal, known := statusRefusals[framework.Code]; known {
			return refusal, true
		}
		if framework.Code < fiber.StatusInternalServerError {
			return Refusal{Status: framework.Code, Code: "refused", Detail: framework.Message}, true
		}
	}
	var small *fasthttp.ErrSmallBuffer
	if errors.As(err, &small) {
		return errHeadersTooLarge, true
	}
	return errInternal, false
}

// answer writes the refusal.
func (r Refusal) answer(c *fiber.Ctx) error {
	body, err := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}{"about:blank", fasthttp.StatusMessage(r.Status), r.Status, r.Code, r.Detail})
	if err != nil {
		return err
	}
	if r.RetryAfter > 0 {
		seconds := int64((r.RetryAfter + time.Second - 1) / time.Second)
		c.Set(fiber.HeaderRetryAfter, strconv.FormatInt(seconds, 10))
	}
	c.Set(fiber.HeaderContentType, "application/problem+json")
	return c.Status(r.Status).Send(body)
}
