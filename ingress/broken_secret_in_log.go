//go:build broken_secret_in_log

package ingress

import (
	"github.com/gofiber/fiber/v2"
	"github.com/rs/zerolog"
)

// leak logs what must not be logged: the tests must notice.
func leak(line *zerolog.Event, c *fiber.Ctx) {
	line.Interface("headers", c.GetReqHeaders()).Bytes("body", c.Request().Body())
}
