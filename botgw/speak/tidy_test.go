package speak

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"ukbot/botgw/pace"
	"ukbot/botgw/simulator"
	"ukbot/botgw/talk"
	"ukbot/events"
)

// Taking buttons away is tidying: whatever Telegram says to it, the turn is
// answered, and first.
func TestButtonsThatGoHinderNothing(t *testing.T) {
	fault := func(f simulator.Fault) func(*scene, int) {
		f.Method = "editMessageReplyMarkup"
		return func(s *scene, _ int) { s.fault(f) }
	}
	for name, before := range map[string]func(s *scene, message int){
		"they go":                 func(*scene, int) {},
		"they are gone already":   func(s *scene, m int) { s.must(s.bot.EditMarkup(s.Context(), aziza, m, nil)) },
		"the message is gone":     func(s *scene, m int) { s.must(s.bot.Delete(s.Context(), aziza, m)) },
		"Telegram holds the chat": fault(simulator.Fault{Kind: simulator.FaultFlood, RetryAfter: 60}),
		"Telegram is down":        fault(simulator.Fault{Kind: simulator.FaultServer}),
		"the answer is lost":      fault(simulator.Fault{Kind: simulator.FaultDrop}),
		"a refusal never heard of": fault(simulator.Fault{
			Kind: simulator.FaultRefuse, Status: 400, Description: "Bad Request: MESSAGE_ID_INVALID",
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, Config{})
			message := s.shown("Шаг 1")
			before(s, message)
			s.tape.rewind()
			u := s.wrote("ответ")
			for range 2 { // and once more, when the update comes again
				s.deliver(u, talk.Out{Way: talk.Unkey, Message: message}, talk.Out{Screen: talk.Screen{Text: "Шаг 2"}})
			}
			calls := strings.Split(s.tape.text(), "\n")
			calls = slices.DeleteFunc(calls, func(line string) bool { return line == "" || strings.HasPrefix(line, " ") })
			if want := []string{"sendMessage", "editMessageReplyMarkup", "sendMessage", "editMessageReplyMarkup"}; !slices.Equal(calls, want) {
				t.Errorf("calls are %q, want %q", calls, want)
			}
			if log := s.log.String(); strings.Contains(log, `"level":"error"`) {
				t.Errorf("the log says %s", log)
			}
		})
	}
}

func TestButtonsThatGoTakeNobodysTurn(t *testing.T) {
	lines := pace.NewLines(pace.DefaultRate)
	s := newScene(t, Config{Lines: lines})
	message := s.shown("Шаг 1")
	for range 5 {
		s.deliver(s.wrote("x"), talk.Out{Way: talk.Unkey, Message: message})
	}
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	for range 2 { // what is left of the chat's burst
		if err := lines.Of(100).Wait(short, aziza, events.PriorityReply); err != nil {
			t.Fatalf("an answer waits behind buttons that went: %v", err)
		}
	}
}

func TestButtonsThatGoWaitForNoSlowTelegram(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	message := s.shown("Шаг 1")
	s.fault(simulator.Fault{Kind: simulator.FaultHang, Method: "editMessageReplyMarkup"})
	began := time.Now()
	s.deliver(s.wrote("x"), talk.Out{Way: talk.Unkey, Message: message})
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the chat's next update waits %s", took)
	}
}
