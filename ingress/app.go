package ingress

import (
	"encoding/json"
	"errors"
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
		ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorHandler: problems(cfg.Log),
	}
	if len(cfg.TrustedProxies) > 0 {
		config.EnableTrustedProxyCheck, config.TrustedProxies = true, cfg.TrustedProxies
		config.ProxyHeader, config.EnableIPValidation = fiber.HeaderXForwardedFor, true
	}
	app := fiber.New(config)
	app.Use(recover.New())
	return app
}

// problems answers every error as RFC 9457; strangers learn nothing of an
// unknown one, the log does.
func problems(log zerolog.Logger) fiber.ErrorHandler {
	return func(c *fiber.Ctx, err error) error {
		refusal, known := asRefusal(err)
		if !known {
			log.Error().Err(err).Str("method", c.Method()).Str("route", c.Route().Path).Msg("request failed")
		}
		return refusal.answer(c)
	}
}

// statusRefusals turns the framework's own errors into refusals.
var statusRefusals = map[int]Refusal{
	fiber.StatusRequestEntityTooLarge:       errTooLarge,
	fiber.StatusRequestHeaderFieldsTooLarge: errHeadersTooLarge,
	fiber.StatusMethodNotAllowed:            errMethodNotAllowed,
	fiber.StatusNotFound:                    {Status: 404, Code: "not_found", Detail: "there is nothing here"},
	fiber.StatusRequestTimeout:              {Status: 408, Code: "timeout", Detail: "the request did not arrive in time"},
	fiber.StatusBadRequest:                  errMalformed,
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
