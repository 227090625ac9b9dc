package api

import (
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"
)

// The pages of the document.
const (
	docsPath     = "/docs"
	documentPath = "/docs/openapi.yaml"
)

// docsPolicy keeps the page to what this server sends: nothing is loaded from
// elsewhere, and no other page may frame one in which a token may stand.
const docsPolicy = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

// RegisterDocs adds /docs, the document as a page in which every operation can
// be tried, and /docs/openapi.yaml. Swagger UI comes out of the binary.
func RegisterDocs(router fiber.Router) {
	page := v5emb.NewWithConfig(swgui.Config{SettingsUI: map[string]string{
		"docExpansion":           `"none"`, // eighty operations: first the headings
		"filter":                 "true",
		"tryItOutEnabled":        "true",
		"persistAuthorization":   "true", // a reload keeps the token, in the browser only
		"displayRequestDuration": "true",
	}})("ukbot", documentPath, docsPath)
	router.Get(documentPath, func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, "application/yaml; charset=utf-8")
		return c.Send(Document)
	})
	handler := adaptor.HTTPHandler(page)
	show := func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentSecurityPolicy, docsPolicy)
		c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
		return handler(c)
	}
	router.Get(docsPath, show)
	router.Get(docsPath+"/*", show)
}
