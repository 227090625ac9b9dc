package housing

import (
	"fmt"
	"slices"

	"github.com/gofiber/fiber/v2"
)

// guarded puts the guard in front of every handler that the generated code
// registers, on the same route: whichever route Fiber finds, its own guard ran.
type guarded struct {
	fiber.Router
	guard      guard
	operations map[string]*operation
}

func (g guarded) with(method, path string, handlers []fiber.Handler) []fiber.Handler {
	op, ok := g.operations[method+" "+path]
	if !ok {
		// The document and what was generated of it differ: nothing may be served unguarded.
		panic(fmt.Sprintf("%s %s is not in api/openapi.yaml: run task gen", method, path))
	}
	return slices.Concat([]fiber.Handler{g.guard.of(op)}, handlers)
}

func (g guarded) Get(path string, handlers ...fiber.Handler) fiber.Router {
	return g.Router.Get(path, g.with(fiber.MethodGet, path, handlers)...)
}

func (g guarded) Post(path string, handlers ...fiber.Handler) fiber.Router {
	return g.Router.Post(path, g.with(fiber.MethodPost, path, handlers)...)
}

func (g guarded) Put(path string, handlers ...fiber.Handler) fiber.Router {
	return g.Router.Put(path, g.with(fiber.MethodPut, path, handlers)...)
}

func (g guarded) Patch(path string, handlers ...fiber.Handler) fiber.Router {
	return g.Router.Patch(path, g.with(fiber.MethodPatch, path, handlers)...)
}

func (g guarded) Delete(path string, handlers ...fiber.Handler) fiber.Router {
	return g.Router.Delete(path, g.with(fiber.MethodDelete, path, handlers)...)
}
