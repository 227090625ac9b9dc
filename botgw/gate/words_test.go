package gate_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"ukbot/botgw/words"
	"ukbot/golden"
)

// said is everything that the gate says, and what it must fit into.
var said = []struct {
	key string
	max int // UTF-16 units; 200 is a toast
}{
	{"gate.slow_minute", 4096},
	{"gate.slow_hour", 4096},
	{"gate.slow_commands", 4096},
	{"gate.slow_taps", 200},
	{"gate.blocked", 200},
	{"gate.away", 4096},
	{"gate.away_toast", 200},
	{"gate.back", 4096},
}

func TestWhatTheGateSays(t *testing.T) {
	t.Parallel()
	for _, language := range words.Languages {
		var all strings.Builder
		for _, s := range said {
			text := words.For(language).Plain(s.key, words.Args{"Wait": 60})
			if n := len(utf16.Encode([]rune(text))); n > s.max || text == s.key || strings.Contains(text, "<no value>") {
				t.Errorf("%s %s: %d units of at most %d: %s", language, s.key, n, s.max, text)
			}
			all.WriteString(s.key + ": " + text + "\n")
		}
		golden.Equal(t, language+".golden.txt", all.String())
	}
}
