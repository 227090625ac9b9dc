package events

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"strings"
	"time"
)

// Schemes of verification. The zero value is none of them: a configuration
// without a scheme is refused, never let through.
const (
	SchemeStripe   = "stripe"   // Stripe-Signature: t=…,v1=…
	SchemeStandard = "standard" // Standard Webhooks: webhook-id, -timestamp, -signature
	SchemeHMAC     = "hmac"     // HMAC-SHA256 in a header of the configuration's choice
	SchemeGoogle   = "google"   // Google push channels: a token that is compared
	SchemeToken    = "token"    // a secret header that is compared (Telegram)
	SchemeNone     = "none"     // nothing is verified; needs an IP allow list
)

// Hook is the configuration of one webhook: a row in PostgreSQL and, for the
// ingress, the JSON value of its key in the bucket webhook_configs.
type Hook struct {
	ID      string `json:"id"` // of the row
	Tenant  string `json:"tenant"`
	Source  string `json:"source"` // "stripe", "google-sheets", "yandex-maps" or a name of its own
	Enabled bool   `json:"enabled"`
	Preset  string `json:"preset"` // row of ingress.Presets it was made from; workers choose handlers by it

	Scheme          string   `json:"scheme"`
	Secrets         []string `json:"secrets"`            // sealed (secret.Keyset) for HookOwner; several while rotating
	Header          string   `json:"header,omitempty"`   // that carries the signature or token
	Prefix          string   `json:"prefix,omitempty"`   // before the signature: "sha256="
	Encoding        string   `json:"encoding,omitempty"` // "hex" or "base64"
	TimestampHeader string   `json:"timestamp_header,omitempty"`
	SignedTemplate  string   `json:"signed_template,omitempty"` // what is signed, of {timestamp} and {body}; empty: the body
	Tolerance       Seconds  `json:"tolerance_s,omitempty"`     // of the timestamp, both sides of now; 0: 300 s

	IDHeader   string   `json:"id_header,omitempty"`   // carries the idempotency key
	IDPath     string   `json:"id_path,omitempty"`     // JSON path of the key in the body
	TypeHeader string   `json:"type_header,omitempty"` // carries the event type
	TypePath   string   `json:"type_path,omitempty"`   // JSON path of the type in the body
	Events     []string `json:"events,omitempty"`      // patterns of types to take ("payment_intent.*"); empty: all
	IPs        []string `json:"ips,omitempty"`         // addresses or CIDR that may send; empty: all

	Rate       float64   `json:"rate,omitempty"`        // accepted per second; 0: no limit
	Burst      int       `json:"burst,omitempty"`       // above Rate; 0: max(1, Rate)
	MaxRetries int       `json:"max_retries,omitempty"` // attempts after the first; 0: the preset's or 5
	UpdatedAt  time.Time `json:"updated_at"`
}

// Seconds is a duration in JSON as whole seconds.
type Seconds int

// Duration is s as time.Duration.
func (s Seconds) Duration() time.Duration { return time.Duration(s) * time.Second }

// DefaultTenant takes what nobody else claims.
const DefaultTenant = "default"

// ErrHook means that a webhook configuration is unusable.
var ErrHook = errors.New("webhook configuration")

// nameForm has no two dashes in a row: they part tenant and source in the names
// of consumers.
var nameForm = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9_])*$`)

// nameMax is the longest tenant or source, in bytes.
const nameMax = 48

// ValidName says whether s may be a tenant or a source: lower-case letters,
// digits, single dashes inside, underscore; at most 48. Such names are their own subject token.
func ValidName(s string) bool { return len(s) <= nameMax && nameForm.MatchString(s) }

// HookOwner is what the secrets of a configuration are sealed for.
func HookOwner(tenant, source string) string { return "webhook/" + tenant + "/" + source }

// HookKey is the key of a configuration in the bucket webhook_configs.
func HookKey(tenant, source string) string { return tenant + "." + source }

// Check refuses what could never work or would let anybody in.
func (h Hook) Check() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%w %s/%s: %s", ErrHook, h.Tenant, h.Source, fmt.Sprintf(format, args...))
	}
	switch {
	case !ValidName(h.Tenant) || !ValidName(h.Source):
		return fail("tenant and source take lower-case letters, digits, - and _, at most 48")
	case h.Scheme == SchemeNone && len(h.IPs) == 0:
		return fail("scheme none needs a list of IP addresses that may send")
	case h.Scheme != SchemeNone && len(h.Secrets) == 0:
		return fail("scheme %s needs a secret", h.Scheme)
	case (h.Scheme == SchemeHMAC || h.Scheme == SchemeToken) && h.Header == "":
		return fail("scheme %s needs the header that carries the signature", h.Scheme)
	case h.Encoding != "" && h.Encoding != "hex" && h.Encoding != "base64":
		return fail("encoding is hex or base64, not %q", h.Encoding)
	case h.Rate < 0 || h.Burst < 0 || h.MaxRetries < 0 || h.MaxRetries > 30 || h.Tolerance < 0:
		return fail("rate, burst, tolerance and max retries (at most 30) cannot be negative")
	}
	if !knownSchemes[h.Scheme] {
		return fail("unknown scheme %q", h.Scheme)
	}
	if flaw := h.signedFlaw(); flaw != "" {
		return fail("%s", flaw)
	}
	for _, pattern := range h.Events {
		if _, err := path.Match(pattern, ""); err != nil {
			return fail("event pattern %q: %v", pattern, err)
		}
	}
	for _, ip := range h.IPs {
		if _, err := ParseIPs([]string{ip}); err != nil {
			return fail("%v", err)
		}
	}
	return nil
}

// signedFlaw says what is wrong with the way a timestamp and the body are
// signed: each of these would verify and protect nothing.
func (h Hook) signedFlaw() string {
	if h.Scheme != SchemeHMAC {
		return ""
	}
	stamped := strings.Contains(h.SignedTemplate, "{timestamp}")
	rest := strings.NewReplacer("{timestamp}", "", "{body}", "").Replace(h.SignedTemplate)
	switch {
	case h.SignedTemplate != "" && !strings.Contains(h.SignedTemplate, "{body}"):
		return "the signed template leaves out {body}"
	case strings.ContainsAny(rest, "{}"):
		return "the signed template knows {timestamp} and {body} only"
	case stamped && h.TimestampHeader == "":
		return "the signed template has a {timestamp} and no header brings it"
	case !stamped && h.TimestampHeader != "":
		return "the timestamp header is not signed: put {timestamp} into the signed template"
	}
	return ""
}

var knownSchemes = map[string]bool{
	SchemeStripe: true, SchemeStandard: true, SchemeHMAC: true, SchemeGoogle: true, SchemeToken: true, SchemeNone: true,
}

// ParseIPs reads addresses and CIDR ranges. IPv4 in IPv6 dress (::ffff:10.0.0.1)
// becomes IPv4, and zones go: compare with addresses that were treated so.
func ParseIPs(texts []string) ([]netip.Prefix, error) {
	prefixes := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, err := netip.ParseAddr(text)
			if err != nil {
				return nil, fmt.Errorf("%q is no IP address or CIDR range", text)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen()) // drops the zone
		}
		if in4 := prefix.Addr().Is4In6(); in4 && prefix.Bits() >= mappedBits {
			prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mappedBits)
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes, nil
}

// mappedBits are before the IPv4 address in an IPv4-mapped IPv6 one.
const mappedBits = 96

// MatchType says whether an event type matches one of the patterns: "*" takes
// any run of characters, "?" one, "[a-z]" one of a range. No patterns match all.
func MatchType(patterns []string, eventType string) bool {
	for _, pattern := range patterns {
		if ok, _ := path.Match(flat(pattern), flat(eventType)); ok {
			return true
		}
	}
	return len(patterns) == 0
}

// flat hides the slash, at which path.Match would stop: Shopify's types have one.
func flat(s string) string { return strings.ReplaceAll(s, "/", "\x1f") }
