package ops

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"ukbot/events"
	"ukbot/secret"
)

// The paths of the API. They lie beside those of the ingress: a key is asked
// for per route, never for the folder.
const (
	pathEvents  = "/api/v1/webhooks/events"
	pathEvent   = "/api/v1/webhooks/events/:id"
	pathRetry   = "/api/v1/webhooks/events/:id/retry"
	pathRetries = "/api/v1/webhooks/retries"
)

// How long a request may take before it is answered 503; a client that went
// away does not end it.
const (
	requestTimeout = 10 * time.Second
	bulkTimeout    = 2 * time.Minute
)

// errKey means that a request brought no key, or one that nobody knows.
var errKey = errors.New("no valid api key")

// Register adds the API to a router. Every route wants a key and sees one tenant.
func Register(router fiber.Router, deps Deps, keys Keys) {
	a := api{deps, keys}
	router.Get(pathEvents, a.route(requestTimeout, a.list))
	router.Get(pathEvent, a.route(requestTimeout, a.show))
	router.Post(pathRetry, a.route(requestTimeout, a.retry))
	router.Post(pathRetries, a.route(bulkTimeout, a.retries))
}

type api struct {
	deps Deps
	keys Keys
}

// answer is what a route says: its status and what becomes the JSON.
type answer struct {
	status int
	body   any
}

// route lets a request with a key in and turns what the handler returns into JSON.
func (a api) route(limit time.Duration, handle func(context.Context, Key, *fiber.Ctx) (answer, error)) fiber.Handler {
	return func(c *fiber.Ctx) error {
		// The handler's own deadline: fasthttp's context is used again after the request.
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		key, known := a.keys.Find(presented(c))
		if !known {
			return a.refuse(c, Key{}, errKey)
		}
		result, err := handle(ctx, key, c)
		if err != nil {
			return a.refuse(c, key, err)
		}
		body, err := json.Marshal(result.body)
		if err != nil {
			return a.refuse(c, key, err)
		}
		return send(c, result.status, fiber.MIMEApplicationJSON, body)
	}
}

func send(c *fiber.Ctx, status int, contentType string, body []byte) error {
	c.Set(fiber.HeaderContentType, contentType)
	c.Set(fiber.HeaderCacheControl, "no-store") // payloads are somebody's data
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	return c.Status(status).Send(body)
}

// refuse answers with a problem document; the cause goes to the log alone.
func (a api) refuse(c *fiber.Ctx, key Key, err error) error {
	p := explain(err)
	if p.Status >= http.StatusInternalServerError {
		a.deps.Log.Error().Err(err).Str("component", "ops").Str("key", key.Name).Str("code", p.Code).Msg("operator's request failed")
	}
	if p.retryAfter != "" {
		c.Set(fiber.HeaderRetryAfter, p.retryAfter)
	}
	if p.Status == http.StatusUnauthorized {
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="ukbot"`)
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return send(c, p.Status, "application/problem+json", body)
}

// presented is the key that a request brings, copied out of its buffer.
func presented(c *fiber.Ctx) secret.Text {
	const scheme = "bearer "
	auth := c.Get(fiber.HeaderAuthorization)
	if len(auth) > len(scheme) && strings.EqualFold(auth[:len(scheme)], scheme) {
		return secret.Text(strings.Clone(strings.TrimSpace(auth[len(scheme):])))
	}
	return secret.Text(strings.Clone(c.Get("X-API-Key")))
}

// tenantFor is the tenant that a key may see of the one that was asked for. For
// a key of another tenant there is nothing there, not even a refusal.
func tenantFor(key Key, asked string) (string, error) {
	switch {
	case asked != "" && !events.ValidName(asked):
		return "", InvalidError{"tenant", "lower-case letters, digits, - and _, at most 48"}
	case key.Tenant == AllTenants && asked == "":
		return events.DefaultTenant, nil
	case key.Tenant == AllTenants:
		return asked, nil
	case asked != "" && asked != key.Tenant:
		return "", ErrNotFound
	}
	return key.Tenant, nil
}
