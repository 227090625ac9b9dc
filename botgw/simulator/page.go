package simulator

import (
	"embed"
	"io/fs"
	"net"
	"net/http"
	"strings"
)

// assets is the page: plain HTML, style and one script.
//
//go:embed page
var assets embed.FS

// pages adds the page itself.
func pages(mux *http.ServeMux) {
	files, err := fs.Sub(assets, "page")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	serve := http.StripPrefix("/simulator/", http.FileServerFS(files))
	mux.Handle("GET /simulator/", serve)
	mux.HandleFunc("GET /simulator", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "index.html")
	})
}

// pageHeaders keep the page to itself: nothing foreign is loaded by it or frames it.
var pageHeaders = map[string]string{
	"Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"X-Content-Type-Options":  "nosniff",
	"Referrer-Policy":         "no-referrer",
	"Cache-Control":           "no-cache",
}

// guard refuses what other sites could have sent: there is no login. A name that
// a stranger pointed at this machine is no name of ours.
func guard(next http.Handler) http.Handler {
	same := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range pageHeaders {
			w.Header().Set(name, value)
		}
		if !ownHost(r.Host) {
			show(w, http.StatusForbidden, problem{"call this page by 127.0.0.1 or localhost"})
			return
		}
		same.ServeHTTP(w, r)
	})
}

// ownHost says whether a Host header is this machine's loopback.
func ownHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
