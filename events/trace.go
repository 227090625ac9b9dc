package events

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strings"
)

// traceLen is the length of a version 00 traceparent (W3C Trace Context), in bytes.
const traceLen = len("00-") + 32 + len("-") + 16 + len("-01")

// Traceparent is the one that came with a request, if it is well formed, or the
// beginning of a trace: what becomes of the request is found by it.
func Traceparent(given string) string {
	if WellFormedTrace(given) {
		return given
	}
	var ids [24]byte                                      // never zeros: those are none
	binary.BigEndian.PutUint64(ids[:], rand.Uint64()|1)   //nolint:gosec // an id, not a secret
	binary.BigEndian.PutUint64(ids[8:], rand.Uint64())    //nolint:gosec // an id
	binary.BigEndian.PutUint64(ids[16:], rand.Uint64()|1) //nolint:gosec // an id
	made := append(make([]byte, 0, traceLen), "00-"...)
	made = append(hex.AppendEncode(made, ids[:16]), '-')
	return string(append(hex.AppendEncode(made, ids[16:]), "-01"...))
}

// WellFormedTrace says whether text is version-trace-parent-flags in lower-case
// hex; version ff and ids of zeros are none.
func WellFormedTrace(text string) bool {
	if len(text) != traceLen || text[:2] == "ff" {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case i == 2 || i == 35 || i == 52:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return strings.Trim(text[3:35], "0") != "" && strings.Trim(text[36:52], "0") != ""
}

// TraceOf is the traceparent in a message's headers; "" where there is none.
func TraceOf(header map[string][]string) string {
	if values := header[headerTrace]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// TraceID is the trace's part of a traceparent, by which records and log lines
// name it; "" of what is none.
func TraceID(traceparent string) string {
	if parts := strings.Split(traceparent, "-"); len(parts) == 4 {
		return parts[1]
	}
	return ""
}
