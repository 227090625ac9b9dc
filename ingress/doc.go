// Package ingress takes webhooks in over HTTP: it reads the raw body, verifies
// who sent it, finds the event's id and type, publishes, and answers. 202 is
// sent only after the stream has acknowledged. Nothing here acts on a payload's
// content, needs PostgreSQL, or logs a body, a secret or a signature.
//
// Files named broken_<flaw>.go are tests of the tests: each replaces one right
// decision, which stands in broken_<flaw>_off.go, by a known mistake behind a
// build tag of the same name, and `go test -tags broken_<flaw>` must then fail.
package ingress
