//go:build broken_secret_in_log

package ingress

import "github.com/rs/zerolog"

// leak logs what must not be logged: the tests must notice.
func leak(line *zerolog.Event, r *request) {
	for _, name := range []string{"Authorization", "Stripe-Signature", "X-Signature", "X-Goog-Channel-Token"} {
		line.Str(name, r.header(name))
	}
	line.Bytes("body", r.body)
}
