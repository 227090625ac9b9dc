package events

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"
)

// idMax is the longest id of a provider that is kept as it is, in bytes. Longer
// ones become their SHA-256: the unique key stays indexable.
const idMax = 200

// CapID is id, or "sha256:<hex>" of it where it is too long or holds bytes that
// no header may carry.
func CapID(id string) string {
	if len(id) <= idMax && printable(id) {
		return id
	}
	return HashID([]byte(id))
}

// HashID is the idempotency key of an event that brings none: its body's hash.
func HashID(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return false
		}
	}
	return s != ""
}

// MessageID is the Nats-Msg-Id of a webhook. The duplicate window is per
// stream, not per subject, so tenant and source are part of it.
func MessageID(tenant, source, eventID string) string {
	return tenant + "/" + source + "/" + eventID
}

// RowID is the id of a webhook's record: a UUID whose first 48 bits are the
// milliseconds of received (as in version 7, so rows sort by time and the id
// tells the partition) and whose rest is a hash of what identifies the event.
// The same message gives the same id on every delivery.
func RowID(tenant, source, eventID string, received time.Time) string {
	var id [16]byte
	sum := sha256.Sum256([]byte(tenant + "\x00" + source + "\x00" + eventID))
	copy(id[6:], sum[:])
	ms := uint64(received.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return formatUUID(id, 7)
}

// RowTime is the time inside a RowID; false if the text is none.
func RowTime(id string) (time.Time, bool) {
	raw, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err != nil || len(raw) != 16 || len(id) != 36 || raw[6]>>4 != 7 {
		return time.Time{}, false
	}
	var ms int64
	for _, b := range raw[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms).UTC(), true
}

// DeriveID is the id of what cause makes under name: the same pair gives the
// same id, so a handler that runs twice announces once.
func DeriveID(cause, name string) string {
	var id [16]byte
	sum := sha256.Sum256([]byte(cause + "\x00" + name))
	copy(id[:], sum[:])
	return formatUUID(id, 8)
}

func formatUUID(id [16]byte, version byte) string {
	id[6] = id[6]&0x0f | version<<4
	id[8] = id[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[0:8], id[0:4])
	hex.Encode(out[9:13], id[4:6])
	hex.Encode(out[14:18], id[6:8])
	hex.Encode(out[19:23], id[8:10])
	hex.Encode(out[24:36], id[10:16])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

// typeMax is the longest event type kept, in bytes.
const typeMax = 128

// CapType makes an event type safe for a header and a column: control
// characters become "_", invalid UTF-8 is replaced, what is longer than 128 bytes is cut
// between characters. Spaces around it go, as in any header; empty gives "unknown".
func CapType(eventType string) string {
	clean := strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(strings.TrimSpace(eventType), "_"))
	if len(clean) > typeMax {
		cut := typeMax
		for !utf8.RuneStart(clean[cut]) {
			cut--
		}
		clean = strings.TrimSpace(clean[:cut])
	}
	if clean == "" {
		return "unknown"
	}
	return clean
}
