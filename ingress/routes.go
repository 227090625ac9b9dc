package ingress

import (
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"ukbot/events"
)

// sources are the fixed paths of providers and the source each is stored under.
var sources = []struct{ path, source string }{
	{"/stripe", "stripe"},
	{"/google/sheets", "google-sheets"},
	{"/yandex/maps", "yandex-maps"},
}

// Register hangs the webhook routes on an app. It is called once.
func (s *Ingress) Register(app *fiber.App) {
	s.trust(app.Config().TrustedProxies)
	for _, prefix := range []string{"/api/v1/webhooks", "/api/v1/t/:tenant/webhooks"} {
		for _, fixed := range sources {
			app.Post(prefix+fixed.path, func(c *fiber.Ctx) error { return s.webhook(c, fixed.source) })
			app.All(prefix+fixed.path, func(c *fiber.Ctx) error { return s.wrongMethod(c, fixed.source) })
		}
		app.Post(prefix+"/generic/:source", func(c *fiber.Ctx) error { return s.webhook(c, c.Params("source")) })
		app.All(prefix+"/generic/:source", func(c *fiber.Ctx) error { return s.wrongMethod(c, c.Params("source")) })
	}
	app.Get("/api/v1/webhooks/health", s.health)
	answer := app.Server().ErrorHandler
	app.Server().ErrorHandler = func(c *fasthttp.RequestCtx, err error) {
		answer(c, err)
		s.unread(c)
	}
}

// trust sets whose X-Forwarded-For is believed.
func (s *Ingress) trust(proxies []string) {
	for _, text := range proxies {
		prefixes, err := events.ParseIPs([]string{text})
		if err != nil {
			s.log.Error().Err(err).Msg("trusted proxy is not trusted")
		}
		s.proxies = append(s.proxies, prefixes...)
	}
}

func (s *Ingress) health(c *fiber.Ctx) error {
	if err := s.Ready(); err != nil {
		return errStreamUnavailable.because(err.Error())
	}
	return c.JSON(fiber.Map{"status": "ok"})
}

// wrongMethod refuses what is no POST, counted and logged as other refusals are.
func (s *Ingress) wrongMethod(c *fiber.Ctx, source string) error {
	r := s.read(c)
	c.Set(fiber.HeaderAllow, fiber.MethodPost)
	s.refused(source, errMethodNotAllowed, nil, r)
	s.meter.count(nil, errMethodNotAllowed.Code, s.cfg.Now().Sub(r.now))
	return errMethodNotAllowed
}

// unread counts and logs a request that was answered before it could be read
// whole: too large, too slow, or no HTTP. Whose it was is not known.
func (s *Ingress) unread(c *fasthttp.RequestCtx) {
	refusal, known := statusRefusals[c.Response.StatusCode()]
	if !known {
		refusal = errInternal
	}
	s.meter.requests.WithLabelValues("", "", refusal.Code).Inc()
	s.log.Info().Str("reason", refusal.Code).Int("status", refusal.Status).
		Str("remote_ip", ipText(s.remoteIP(c))).Msg("request refused unread")
}
