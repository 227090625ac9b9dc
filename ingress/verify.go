package ingress

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"ukbot/events"
	"ukbot/secret"
)

// defaultTolerance is how far a signed timestamp may lie from now, either way,
// in seconds: Stripe's, Slack's and Standard Webhooks' own figure.
const defaultTolerance = 300

// request is what verifying and identifying may look at. header gives the first
// value of a header whatever the case of its name, "" if there is none.
type request struct {
	header func(name string) string
	body   []byte // raw, as received
	ip     netip.Addr
	now    time.Time
	id     string // X-Request-ID
}

// verifier decides whether a request comes from who the configuration says. It
// is compiled once and used by any number of goroutines.
type verifier struct {
	layout
	check     func(*verifier, *request) error
	tolerance int64 // seconds
	keys      []*signingKey
	tokens    [][sha256.Size]byte // hashes: comparing them tells nothing of a token's length
	allowed   []netip.Prefix
	lowered   string // header, in lower case
}

// compile makes a verifier of a configuration. What it cannot verify is an
// error, never a verifier that lets requests through.
func compile(h events.Hook, keys *secret.Keyset) (*verifier, error) {
	s, err := schemeOf(h)
	if err != nil {
		return nil, err
	}
	v := &verifier{layout: layoutOf(h, s), check: s.verify, tolerance: int64(h.Tolerance)}
	v.lowered = strings.ToLower(v.header)
	if v.tolerance == 0 {
		v.tolerance = defaultTolerance
	}
	for i, sealed := range h.Secrets {
		plain, err := keys.Open(sealed, events.HookOwner(h.Tenant, h.Source))
		if err != nil {
			return nil, fmt.Errorf("webhook %s/%s: secret %d: %w", h.Tenant, h.Source, i+1, err)
		}
		key, err := s.key(plain)
		if err != nil {
			return nil, fmt.Errorf("webhook %s/%s: secret %d: %w", h.Tenant, h.Source, i+1, err)
		}
		v.keys = append(v.keys, newSigningKey(key))
		v.tokens = append(v.tokens, sha256.Sum256(key))
	}
	if v.allowed, err = events.ParseIPs(h.IPs); err != nil {
		return nil, fmt.Errorf("webhook %s/%s: %w", h.Tenant, h.Source, err)
	}
	return v, nil
}

// verify is nil, or the Refusal to answer with.
func (v *verifier) verify(r *request) error {
	if len(v.allowed) > 0 && !v.allows(r.ip) {
		return errIPNotAllowed
	}
	return v.check(v, r)
}

// allows compares without zone and IPv4-in-IPv6 dress, which depend on how the
// listener was opened and not on who calls.
func (v *verifier) allows(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	for _, prefix := range v.allowed {
		if prefix.Contains(ip) {
			return true
		}
	}
	return false
}

// verifyStripe reads "t=<seconds>,v1=<hex>[,v1=<hex>…]"; other fields (v0, the
// scheme of test events) prove nothing and are skipped.
func verifyStripe(v *verifier, r *request) error {
	header := r.header(v.header)
	if header == "" {
		return v.missing(v.header)
	}
	var got signatures
	timestamp := ""
	for rest, more := header, true; more; {
		var part string
		part, rest, more = strings.Cut(rest, ",")
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case name == "t" && timestamp != "":
			return errSignatureInvalid.because("the signature header has two timestamps")
		case name == "t":
			timestamp = value
		case name == "v1":
			got.add(value, v.encoding)
		}
	}
	return v.match(r, "", timestamp, &got)
}

// verifyStandard reads webhook-id, webhook-timestamp and webhook-signature,
// "v1,<base64>" separated by spaces; asymmetric "v1a" ones are skipped.
func verifyStandard(v *verifier, r *request) error {
	id, timestamp, header := r.header(standardIDHeader), r.header(v.timestamp), r.header(v.header)
	switch {
	case header == "":
		return v.missing(v.header)
	case id == "":
		return v.missing(standardIDHeader)
	case timestamp == "":
		return v.missing(v.timestamp)
	case strings.Contains(id, "."):
		// "a.b" at time c and "a" at time "b.c" would sign the same bytes.
		return errSignatureInvalid.because("webhook-id contains a dot")
	}
	var got signatures
	for rest, more := header, true; more; {
		var part string
		part, rest, more = strings.Cut(rest, " ")
		if value, ok := strings.CutPrefix(part, "v1,"); ok {
			got.add(value, v.encoding)
		}
	}
	return v.match(r, id, timestamp, &got)
}

// standardIDHeader is fixed by the specification, and signed.
const standardIDHeader = "webhook-id"

// verifyHMAC reads one signature after a prefix, and the timestamp where the
// configuration has one.
func verifyHMAC(v *verifier, r *request) error {
	header := r.header(v.header)
	if header == "" {
		return v.missing(v.header)
	}
	value, ok := strings.CutPrefix(header, v.prefix)
	if !ok {
		return errSignatureInvalid.because("the signature does not begin with " + strconv.Quote(v.prefix))
	}
	timestamp := ""
	if v.timestamp != "" {
		if timestamp = r.header(v.timestamp); timestamp == "" {
			return v.missing(v.timestamp)
		}
	}
	var got signatures
	got.add(value, v.encoding)
	return v.match(r, "", timestamp, &got)
}

// verifyGoogle compares the channel's token; Google signs nothing. The headers
// that make the event's id must be there.
func verifyGoogle(v *verifier, r *request) error {
	if err := verifyToken(v, r); err != nil {
		return err
	}
	for _, name := range [...]string{googleChannel, googleState, googleNumber} {
		if r.header(name) == "" {
			return errMalformed.because("no " + name + " header")
		}
	}
	if !digits(r.header(googleNumber)) {
		return errMalformed.because(googleNumber + " is no number")
	}
	return nil
}

// Headers of a Google push channel besides its token.
const (
	googleChannel = "X-Goog-Channel-ID"
	googleState   = "X-Goog-Resource-State"
	googleNumber  = "X-Goog-Message-Number"
)

// verifyToken compares a secret header.
func verifyToken(v *verifier, r *request) error {
	header := r.header(v.header)
	if header == "" {
		return v.missing(v.header)
	}
	got, same := sha256.Sum256([]byte(header)), 0
	for i := range v.tokens {
		same |= subtle.ConstantTimeCompare(v.tokens[i][:], got[:])
	}
	if same == 0 {
		return errSignatureInvalid.because("the token in " + v.header + " is not the configured one")
	}
	return nil
}

// verifyNothing relies on the list of addresses, which verify has checked. A
// configuration without one does not compile; should it, nobody gets in.
func verifyNothing(v *verifier, _ *request) error {
	if len(v.allowed) == 0 {
		return errIPNotAllowed
	}
	return nil
}

// match ends every signing scheme: one of the signatures must be one of the
// keys', and the timestamp, if the template signs one, near now. The signature
// goes first, so that "expired" is only ever said of a genuine request.
func (v *verifier) match(r *request, id, timestamp string, got *signatures) error {
	at, err := v.seconds(timestamp)
	switch {
	case err != nil:
		return err
	case got.count == 0:
		return errSignatureInvalid.because("no readable " + v.encoding + " signature in " + v.header)
	case !v.signed(id, timestamp, signedBytes(r.body), got):
		return errSignatureInvalid
	case timestamp != "" && !fresh(at, r.now.Unix(), v.tolerance):
		return errTimestampExpired.because("the signed timestamp is more than " + strconv.FormatInt(v.tolerance, 10) + " seconds from now")
	}
	return nil
}

// seconds reads a timestamp that the template wants; 0 if it wants none.
func (v *verifier) seconds(timestamp string) (int64, error) {
	if timestamp == "" && !v.template.has(placeTimestamp) {
		return 0, nil
	}
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || !digits(timestamp) {
		return 0, errSignatureInvalid.because("the timestamp is not a whole number of seconds since 1970")
	}
	return at, nil
}

func (v *verifier) signed(id, timestamp string, body []byte, got *signatures) bool {
	for _, key := range v.keys {
		if key.made(v.template, id, timestamp, body, got) {
			return true
		}
	}
	return false
}

func (v *verifier) missing(header string) error {
	return errSignatureMissing.because("no " + header + " header")
}

// digits says whether s is digits only: strconv alone would take a sign.
func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
