package speak

import (
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"ukbot/botgw/simulator"
	"ukbot/golden"
	"ukbot/nats/natstest"
)

func TestABotSaysWhoseItIs(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	conn := natstest.Start(t).Connect("bot")
	intro := NewIntro(IntroConfig{Conn: conn, Log: zerolog.Nop()})
	s.must(intro.Introduce(t.Context(), s.bot, `УК «Чинар» <3 & Co`))
	golden.Equal(t, "a_bot_says_whose_it_is.golden.txt", s.tape.text())

	s.tape.rewind()
	calls := func() int { return s.tape.count("setMyDescription") + s.tape.count("setMyShortDescription") }
	other := NewIntro(IntroConfig{Conn: conn, Log: zerolog.Nop()}) // another replica, or after a restart
	s.must(other.Introduce(t.Context(), s.bot, `УК «Чинар» <3 & Co`))
	if n := calls(); n != 0 {
		t.Errorf("said again what was said, in %d calls", n)
	}
	s.must(other.Introduce(t.Context(), s.bot, strings.Repeat("Щ", 200)))
	if n := calls(); n != 6 {
		t.Errorf("another name, as long as one may be, is said in %d calls, want 6", n)
	}
}

// Telegram takes few introductions: it is not asked again before the time it
// said, and then for what is missing alone.
func TestAnIntroductionWaitsWhereTelegramSaysSo(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	intro := NewIntro(IntroConfig{Conn: natstest.Start(t).Connect("bot"), Log: zerolog.Nop()})
	s.fault(simulator.Fault{Kind: simulator.FaultFlood, Method: "setMyShortDescription", RetryAfter: 3600, Count: 1})
	for range 3 {
		if err := intro.Introduce(t.Context(), s.bot, "Чинар"); err == nil {
			t.Fatal("the short description is not set, and nobody is told")
		}
	}
	if text := s.tape.text(); strings.Count(text, "setMyShortDescription\n") != 1 || s.tape.count("setMyDescription") != 1 {
		t.Errorf("calls:\n%s", text)
	}
	clear(intro.held) // an hour later
	s.must(intro.Introduce(t.Context(), s.bot, "Чинар"))
	if d, short := s.tape.count("setMyDescription"), s.tape.count("setMyShortDescription"); d != 3 || short != 3 {
		t.Errorf("set %d and %d times in all, want each language once", d, short)
	}
}
