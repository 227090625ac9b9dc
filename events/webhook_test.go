package events

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzRequestJSON: the wire form is what encoding/json makes.
func FuzzRequestJSON(f *testing.F) {
	f.Add("hook-1", "stripe", "t=1,v1=ab", "curl/8 <&>", "x-a", "b", 5)
	f.Add("", "", "", "", "", "", 0)
	f.Add("\"\\", "\x00\x7f", "\u2028\u2029", "Квартира 🏠", "\xff\xfe", "a\nb", -1)
	f.Fuzz(func(t *testing.T, hook, preset, signature, agent, name, value string, retries int) {
		r := Request{
			HookID: hook, Preset: preset, Scheme: SchemeHMAC, Signature: signature, RemoteIP: "2001:db8::1", UserAgent: agent, RequestID: value,
			MaxRetries: retries, Headers: map[string]string{name: value, value: name, "x-b": agent, "X": hook, strings.Repeat("k", len(name)): "v"},
		}
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(r.appendJSON(nil)); got != string(want) {
			t.Errorf("appendJSON = %s, want %s", got, want)
		}
		r.Headers = nil
		if want, _ = json.Marshal(r); string(r.appendJSON(nil)) != string(want) {
			t.Errorf("without headers: %s, want %s", r.appendJSON(nil), want)
		}
	})
}

// FuzzTokenShortcut: what is taken as it is would have come out of the long way too.
func FuzzTokenShortcut(f *testing.F) {
	for _, text := range []string{"a.b", "_", "a_b.c-d.1.2.3", "a..b", ".", "A.b", "a.b.c.d.e.f", strings.Repeat("a", 65), "a.b.c.d.e"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parts := strings.SplitN(text, ".", typeTokensMax)
		for i, part := range parts {
			parts[i] = Token(part)
		}
		if got, want := typeTokens(text), strings.Join(parts, "."); got != want {
			t.Errorf("typeTokens(%q) = %q, want %q", text, got, want)
		}
		if plainToken(text) && text != "" && Token(text+"!") != "" && len(text) <= tokenMax-3 {
			if got := Token(text + "!"); got != text+"=21" {
				t.Errorf("Token(%q) = %q", text+"!", got)
			}
		}
	})
}
