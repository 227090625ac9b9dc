//go:build !broken_secret_in_log

package ingress

import "github.com/rs/zerolog"

// leak logs nothing more of a request.
func leak(*zerolog.Event, *request) {}
