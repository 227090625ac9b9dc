package housing

import (
	"bytes"
	"time"

	"github.com/valyala/fasthttp"
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
// jsonLimit bytes. Files, imports and exports have transferTime.
func BodyLimit(jsonLimit int) func(*fasthttp.RequestHeader) fasthttp.RequestConfig {
	return func(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
		config := fasthttp.RequestConfig{MaxRequestBodySize: jsonLimit}
		path, _, _ := bytes.Cut(header.RequestURI(), []byte("?"))
		files := bytes.HasPrefix(path, []byte(basePath+"/requests/")) && bytes.Contains(path, []byte("/files"))
		switch {
		case header.IsGet() && (files || bytes.HasSuffix(path, []byte("/export"))):
			config.WriteTimeout = transferTime
		case !header.IsPost():
		case files && bytes.HasSuffix(path, []byte("/files")):
			config.MaxRequestBodySize, config.ReadTimeout = uploadLimit, transferTime
		case bytes.Equal(path, []byte(basePath+"/buildings/import")):
			config.MaxRequestBodySize, config.ReadTimeout = importLimit, transferTime
		}
		return config
	}
}
