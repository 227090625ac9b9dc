package events

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestCapID(t *testing.T) {
	long := strings.Repeat("x", 201)
	for name, tc := range map[string]struct{ in, want string }{
		"an ordinary id stays":         {"evt_1NG8Du2eZvKYlo2CUI79vXWy", "evt_1NG8Du2eZvKYlo2CUI79vXWy"},
		"200 bytes stay":               {long[:200], long[:200]},
		"201 bytes become their hash":  {long, HashID([]byte(long))},
		"a space makes a hash":         {"a b", "sha256:c8687a08aa5d6ed2044328fa6a697ab8e96dc34291e8c2034ae8c38e6fcc6d65"}, // printf 'a b' | sha256sum
		"a line break makes a hash":    {"a\r\nNats-Msg-Id: b", HashID([]byte("a\r\nNats-Msg-Id: b"))},
		"Cyrillic makes a hash":        {"заявка", HashID([]byte("заявка"))},
		"a byte that is no text, too":  {"\xff", HashID([]byte{0xff})},
		"and nothing, which is no id":  {"", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		"punctuation of ids is kept":   {"chan-1:42/x#y=z", "chan-1:42/x#y=z"},
		"a delete character is hashed": {"a\x7f", HashID([]byte("a\x7f"))},
	} {
		t.Run(name, func(t *testing.T) {
			if got := CapID(tc.in); got != tc.want {
				t.Errorf("CapID(%q) = %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}

func TestCapType(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"an ordinary type stays":               {"payment_intent.succeeded", "payment_intent.succeeded"},
		"nothing is unknown":                   {"", "unknown"},
		"only spaces are unknown":              {" \t ", "unknown"},
		"spaces around it go":                  {" order.paid ", "order.paid"},
		"spaces inside stay":                   {"order paid", "order paid"},
		"line breaks cannot split a header":    {"a\r\nX: b", "a__X: b"},
		"Unicode's line breaks neither":        {"a\u0085b\u2028c\u2029d", "a_b_c_d"},
		"bytes that are no text are replaced":  {"a\xff\xfeb", "a_b"},
		"128 bytes stay":                       {strings.Repeat("x", 128), strings.Repeat("x", 128)},
		"129 bytes are cut":                    {strings.Repeat("x", 129), strings.Repeat("x", 128)},
		"a letter on the limit is left out":    {"x" + strings.Repeat("ж", 64), "x" + strings.Repeat("ж", 63)},
		"a cut that ends in a space loses it":  {strings.Repeat("x", 127) + " y", strings.Repeat("x", 127)},
		"Cyrillic stays readable":              {"заявка.создана", "заявка.создана"},
		"a zero byte becomes an underscore":    {"a\x00b", "a_b"},
		"emoji of four bytes is not cut apart": {strings.Repeat("🏠", 33), strings.Repeat("🏠", 32)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := CapType(tc.in); got != tc.want {
				t.Errorf("CapType(%q) = %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}

func FuzzCaps(f *testing.F) {
	for _, seed := range []string{"", " ", "evt_1", "a\r\nb", "\xff", strings.Repeat("ж", 100), strings.Repeat(" ", 300) + "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if id := CapID(text); len(id) > 200 || !printable(id) || CapID(id) != id {
			t.Errorf("CapID(%q) = %q", text, id)
		}
		kind := CapType(text)
		if len(kind) > 128 || kind == "" || strings.ContainsAny(kind, "\r\n\x00") || !utf8.ValidString(kind) ||
			strings.TrimSpace(kind) != kind || CapType(kind) != kind {
			t.Errorf("CapType(%q) = %q", text, kind)
		}
	})
}

func TestRowIDTellsItsTimeAndIsTheSameTwice(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 30, 5, 42_000_000, time.UTC)
	id := RowID("acme", "stripe", "evt_1", at)
	// Computed apart: printf '%012x' 1772368205042 (the time), then the beginning of
	// printf 'acme\0stripe\0evt_1' | sha256sum, with version 7 and variant 10 set.
	if want := "019ca960-94f2-7929-80fc-8fb2ad3bcc2e"; id != want {
		t.Errorf("RowID = %s, want %s", id, want)
	}
	if got, ok := RowTime(id); !ok || !got.Equal(at) {
		t.Errorf("RowTime(%s) = %v, %v; want %v", id, got, ok, at)
	}
	if again := RowID("acme", "stripe", "evt_1", at.Add(900*time.Microsecond)); again != id {
		t.Errorf("the same millisecond gives %s and %s", id, again)
	}
	for name, other := range map[string]string{
		"another tenant":    RowID("acm", "estripe", "evt_1", at),
		"another source":    RowID("acme", "stripee", "vt_1", at),
		"another event":     RowID("acme", "stripe", "evt_2", at),
		"a later reception": RowID("acme", "stripe", "evt_1", at.Add(time.Millisecond)),
	} {
		if other == id {
			t.Errorf("%s has the same row id %s", name, id)
		}
	}
	if later := RowID("a", "a", "a", at.Add(time.Millisecond)); later < id {
		t.Errorf("row %s of a later event sorts before %s", later, id)
	}
}

func TestRowTimeOfWhatIsNoRowID(t *testing.T) {
	for _, id := range []string{
		"", "x", "not-a-uuid-at-all-but-36-bytes-long!", "019ca95d2cf27af6a0afc31aea1dba1c",
		DeriveID("a", "b"), "019ca95d-2cf2-4af6-a0af-c31aea1dba1c",
	} {
		if at, ok := RowTime(id); ok {
			t.Errorf("RowTime(%q) = %v, want none", id, at)
		}
	}
}

func TestDerivedIDsFollowTheirCause(t *testing.T) {
	id := DeriveID("evt_1", "payment.succeeded")
	if again := DeriveID("evt_1", "payment.succeeded"); again != id {
		t.Errorf("the same cause gives %s and %s", id, again)
	}
	if other := DeriveID("evt_1p", "ayment.succeeded"); other == id {
		t.Errorf("another pair gives the same id %s", id)
	}
	if len(id) != 36 || id[14] != '8' || !strings.ContainsRune("89ab", rune(id[19])) {
		t.Errorf("%s is no UUID of version 8", id)
	}
}

func TestMessageIDsOfDifferentSourcesDiffer(t *testing.T) {
	if got := MessageID("acme", "stripe", "evt_1"); got != "acme/stripe/evt_1" {
		t.Errorf("MessageID = %q", got)
	}
}
