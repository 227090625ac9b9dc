package botgw

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ukbot/botgw/pace"
	"ukbot/botgw/simulator"
	"ukbot/events"
	"ukbot/sql/dbtest"
)

func TestTelegramsLimitsAreKept(t *testing.T) {
	t.Parallel() // it mostly waits
	b := newBackboneWith(t, dbtest.New(t), simulator.Config{Flood: true})
	b.rate = pace.DefaultRate
	if err := b.sim.AddGroup(token, -5, "Дом 15"); err != nil {
		t.Fatal(err)
	}
	for chat := range int64(20) {
		b.person(fmt.Sprint("p", chat), 100+chat, "applicant", "en")
		for i := range 3 {
			b.notice(fmt.Sprint(chat, "/", i), 100+chat, fmt.Sprint(i))
		}
	}
	for i := range 5 {
		b.notice(fmt.Sprint("one ", i), 7, fmt.Sprint(i))
		if i < 3 {
			b.notice(fmt.Sprint("group ", i), -5, fmt.Sprint(i))
		}
	}
	began := time.Now()
	b.start()
	slowest := b.answering(50, 50*time.Millisecond)
	b.texts(7, 5)
	b.texts(-5, 3)
	if took := time.Since(began); took < 3*time.Second {
		t.Errorf("a burst of two and one more to a group took %s, want 3.5 s", took)
	}
	if strings.Contains(b.logged.String(), "Too Many Requests") {
		t.Errorf("Telegram had to say it:\n%s", b.logged)
	}
	// The notices before it would take two seconds and more; how exactly answers
	// keep to 300 ms is package pace's to prove, whose clock no busy machine moves.
	if slowest > time.Second {
		t.Errorf("an answer waited %s while notices were sent", slowest)
	}
}

// answering takes turns for answers, each to another chat, and says how long the
// slowest waited.
func (b *backbone) answering(answers int64, every time.Duration) (slowest time.Duration) {
	b.t.Helper()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for chat := range answers {
		<-tick.C
		asked := time.Now()
		if err := b.lines.Of(b.bot.ID()).Wait(b.t.Context(), 5000+chat, events.PriorityReply); err != nil {
			b.t.Fatal(err)
		}
		slowest = max(slowest, time.Since(asked))
	}
	return slowest
}

func TestManyChatsToldToWaitHoldTheBot(t *testing.T) {
	t.Parallel() // it mostly waits
	b := newBackbone(t, dbtest.New(t))
	const hold = 5 * time.Second
	for chat := range int64(pace.FloodChats) {
		b.person(fmt.Sprint("p", chat), 100+chat, "applicant", "en")
		b.fault(simulator.Fault{Kind: simulator.FaultFlood, Chat: 100 + chat, RetryAfter: int(hold / time.Second), Count: 1})
		b.notice(fmt.Sprint(chat), 100+chat, "x")
	}
	began := time.Now()
	b.start()
	b.until("the bot is held", func() bool { return strings.Contains(b.logged.String(), "holds the bot") })
	b.notice("another", 7, "another")
	b.texts(7, 1)
	if waited := time.Since(began); waited < hold {
		t.Errorf("another chat was written to after %s, want %s", waited, hold)
	}
	for chat := range int64(pace.FloodChats) {
		b.texts(100+chat, 1)
	}
}
