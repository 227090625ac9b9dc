// Package secret holds what must not be seen: Text, a string that cannot be
// printed by accident, and Keyset, which encrypts webhook secrets and
// credentials at rest. It never logs, and it reads no environment.
package secret

// Text is a secret in memory. Every usual way of printing it gives "***"; only
// Reveal gives the value. Keep it in exported fields: fmt cannot call methods
// on unexported ones and would print them raw.
type Text string

const mask = "***"

// String masks the value for %s and %v.
func (Text) String() string { return mask }

// GoString masks the value for %#v.
func (Text) GoString() string { return mask }

// MarshalJSON masks the value in JSON, and so in zerolog's Interface.
func (Text) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }

// MarshalText masks the value in text encoders. A map key is beyond it: JSON
// prints keys of a string kind as they are.
func (Text) MarshalText() ([]byte, error) { return []byte(mask), nil }

// UnmarshalText takes the value from configuration.
func (t *Text) UnmarshalText(b []byte) error { *t = Text(b); return nil }

// Reveal is the value itself. Its call sites are where secrets are used; grep
// for it to review them.
func (t Text) Reveal() string { return string(t) }
