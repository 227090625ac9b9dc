//go:build !broken_fail_open

package ingress

import (
	"fmt"

	"ukbot/events"
)

// schemeOf finds how a configuration is verified. One that could never work, or
// whose scheme is unknown, is an error: nothing is let in by accident.
func schemeOf(h events.Hook) (scheme, error) {
	if err := h.Check(); err != nil {
		return scheme{}, err
	}
	s, known := schemes[h.Scheme]
	if !known {
		return scheme{}, fmt.Errorf("%w %s/%s: unknown scheme %q", events.ErrHook, h.Tenant, h.Source, h.Scheme)
	}
	return s, nil
}
