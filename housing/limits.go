package housing

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// Limits of bodies, in bytes, beyond the one of JSON. 413 above.
const (
	uploadLimit = 21 << 20 // a file of 20 MiB and its form
	importLimit = 8 << 20  // about 50,000 lines of CSV
)

// BodyLimit is for fasthttp's HeaderReceived: the limit of each request's body,
// chosen before any of it is read. Everything but uploads and imports has
// jsonLimit bytes.
func BodyLimit(jsonLimit int) func(*fasthttp.RequestHeader) fasthttp.RequestConfig {
	return func(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
		limit := jsonLimit
		path, _, _ := bytes.Cut(header.RequestURI(), []byte("?"))
		switch {
		case !header.IsPost():
		case bytes.HasPrefix(path, []byte(basePath+"/requests/")) && bytes.HasSuffix(path, []byte("/files")):
			limit = uploadLimit
		case bytes.Equal(path, []byte(basePath+"/buildings/import")):
			limit = importLimit
		}
		return fasthttp.RequestConfig{MaxRequestBodySize: limit}
	}
}
