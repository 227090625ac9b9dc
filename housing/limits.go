package housing

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"ukbot/housing/problem"
)

// Limits of bodies, in bytes, beyond the one of JSON. 413 above.
const (
	uploadLimit = 21 << 20 // a file of 20 MiB and its form
	importLimit = 8 << 20  // about 50,000 lines of CSV
)

// transferTime is how long a file may take on its way, either way: 20 MiB in it
// are 1.4 Mbit/s. Everything else has the server's own, shorter times.
const transferTime = 2 * time.Minute

// BodyLimit is for fasthttp's HeaderReceived: the limit of each request's body,
// chosen before any of it is read. Everything but uploads and imports has
// jsonLimit bytes, and so have these from whom known does not know: a stranger
// must not fill the memory. Files, imports and exports have transferTime.
func BodyLimit(jsonLimit int, known func(*fasthttp.RequestHeader) bool) func(*fasthttp.RequestHeader) fasthttp.RequestConfig {
	return func(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
		config := fasthttp.RequestConfig{MaxRequestBodySize: jsonLimit}
		path := pathOf(header)
		if header.IsGet() && (isFiles(path) || bytes.HasSuffix(path, []byte("/export"))) {
			config.WriteTimeout = transferTime
		}
		most := largeLimit(header)
		if most == 0 {
			return config
		}
		config.ReadTimeout = transferTime
		if n := header.ContentLength(); n >= 0 && n <= jsonLimit || !known(header) {
			return config
		}
		config.MaxRequestBodySize = most
		return config
	}
}

// largeLimit is the limit of a body that may be larger than JSON; else 0.
func largeLimit(header *fasthttp.RequestHeader) int {
	switch path := pathOf(header); {
	case !header.IsPost():
	case isFiles(path) && bytes.HasSuffix(path, []byte("/files")):
		return uploadLimit
	case bytes.Equal(path, []byte(basePath+"/buildings/import")):
		return importLimit
	}
	return 0
}

func pathOf(header *fasthttp.RequestHeader) []byte {
	path, _, _ := bytes.Cut(header.RequestURI(), []byte("?"))
	return path
}

func isFiles(path []byte) bool {
	return bytes.HasPrefix(path, []byte(basePath+"/requests/")) && bytes.Contains(path, []byte("/files"))
}

// bound sets the limits of an app's bodies. A large one from a stranger is
// refused as everything else of theirs, not as too large.
func (g guard) bound(app *fiber.App) {
	server := app.Server()
	server.HeaderReceived = BodyLimit(app.Config().BodyLimit, func(header *fasthttp.RequestHeader) bool { return g.stranger(header) == nil })
	answer := server.ErrorHandler
	server.ErrorHandler = func(c *fasthttp.RequestCtx, err error) {
		answer(c, err) // first: it also reads the rest, so that the answer arrives
		if !errors.Is(err, fasthttp.ErrBodyTooLarge) || largeLimit(&c.Request.Header) == 0 {
			return
		}
		if p := g.stranger(&c.Request.Header); p != nil {
			fc := app.AcquireCtx(c)
			defer app.ReleaseCtx(fc)
			r := &call{Ctx: fc, id: requestID(fc)}
			r.refuse(p)
		}
	}
}

// stranger is the refusal of who does not say who they are; nil for who does.
func (g guard) stranger(header *fasthttp.RequestHeader) *problem.Problem {
	ctx, cancel := context.WithTimeout(context.Background(), quickDeadline)
	defer cancel()
	_, err := g.identify(ctx, string(header.Peek(fiber.HeaderAuthorization)), string(header.Peek(headerKey)))
	if err != nil {
		return refusal(ctx, err)
	}
	return nil
}
