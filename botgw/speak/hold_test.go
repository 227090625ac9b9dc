package speak

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"ukbot/botgw/pace"
	"ukbot/botgw/simulator"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/nats"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

// three is a turn with three answers and a toast.
var three = []talk.Out{
	{Screen: talk.Screen{Text: "1"}},
	{Way: talk.New, Screen: talk.Screen{Text: "2"}},
	{Way: talk.Toast, Screen: talk.Screen{Text: "готово"}},
	{Way: talk.New, Screen: talk.Screen{Text: "3"}},
}

// TestATapIsAnsweredOnceOnEveryPath: whatever becomes of the messages, also when
// the update comes again, answerCallbackQuery is called once.
func TestATapIsAnsweredOnceOnEveryPath(t *testing.T) {
	for name, tc := range map[string]struct {
		fault *simulator.Fault
		spoil func(s *scene, message int)
		again bool // an error asks for the update again
		never bool // Telegram takes no answer
	}{
		"all goes well":           {},
		"Telegram holds the chat": {fault: &simulator.Fault{Kind: simulator.FaultFlood, Chat: aziza, RetryAfter: 30}, again: true},
		"Telegram is down":        {fault: &simulator.Fault{Kind: simulator.FaultServer, Chat: aziza}, again: true},
		"the message is gone":     {spoil: func(s *scene, m int) { s.must(s.bot.Delete(s.Context(), aziza, m)) }},
		"Telegram refuses for ever": {spoil: func(s *scene, _ int) {
			for _, method := range []string{"editMessageText", "sendMessage"} {
				s.fault(simulator.Fault{Kind: simulator.FaultRefuse, Status: 400, Description: "Bad Request: PEER_FLOOD", Method: method})
			}
		}},
		"the token is not accepted": {fault: &simulator.Fault{Kind: simulator.FaultRefuse, Status: 401, Description: "Unauthorized", Chat: aziza}, again: true},
		"the person blocks the bot": {spoil: func(s *scene, _ int) { s.must(s.sim.Block(token, aziza)) }},
		"the tap is too old":        {fault: &simulator.Fault{Kind: simulator.FaultRefuse, Status: 400, Description: "Bad Request: query is too old and response timeout expired or query ID is invalid", Method: "answerCallbackQuery"}, never: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, Config{})
			message := s.shown("Меню")
			u := s.tapped(message, "x")
			if tc.spoil != nil {
				tc.spoil(s, message)
			}
			s.tape.rewind()
			if tc.fault != nil {
				s.fault(*tc.fault)
			}
			err := s.speak.Deliver(t.Context(), s.bot, u, three)
			if _, retry := nats.RetryDelay(err); retry != tc.again {
				t.Errorf("the error is %v, want one that asks for the update again: %v", err, tc.again)
			}
			if tc.again {
				s.sim.ClearFaults()
				s.deliver(u, three...)
			}
			if n := s.tape.count("answerCallbackQuery"); n > 1 || (n == 0) != tc.never {
				t.Errorf("the tap was answered %d times", n)
			}
		})
	}
}

func TestWhatWasHeldGoesOnWhereItStopped(t *testing.T) {
	s := newScene(t, Config{})
	u := s.tapped(s.shown("Меню"), "x")
	s.fault(simulator.Fault{Kind: simulator.FaultFlood, Method: "sendMessage", RetryAfter: 30, Count: 1})
	err := s.speak.Deliver(t.Context(), s.bot, u, three)
	if delay, retry := nats.RetryDelay(err); !retry || delay < 30*time.Second || delay > 31*time.Second {
		t.Fatalf("held by %v", err)
	}
	if got := s.said(); !slices.Equal(got, []string{"1"}) {
		t.Fatalf("before the hold the chat reads %q", got)
	}
	s.deliver(u, three...)
	if got := s.said(); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("the chat reads %q", got)
	}
	if n := s.tape.count("editMessageText"); n != 1 {
		t.Errorf("the first answer was made %d times", n)
	}
	// Done: the next turn begins anew.
	s.deliver(s.wrote("again"), talk.Out{Screen: talk.Screen{Text: "4"}})
	if got := s.said(); got[len(got)-1] != "4" {
		t.Errorf("the chat reads %q", got)
	}
}

func TestAnotherTurnOfTheSameUpdateIsSaidWhole(t *testing.T) {
	s := newScene(t, Config{})
	u := s.wrote("x")
	s.fault(simulator.Fault{Kind: simulator.FaultFlood, Method: "sendMessage", RetryAfter: 30, Count: 1})
	if err := s.speak.Deliver(t.Context(), s.bot, u, append([]talk.Out{{Way: talk.Typing}}, three...)); err == nil {
		t.Fatal("nothing was held")
	}
	s.deliver(u, talk.Out{Screen: talk.Screen{Text: "sorry"}})
	if got := s.said(); !slices.Equal(got, []string{"sorry"}) {
		t.Errorf("the chat reads %q", got)
	}
}

func TestAnEndedContextIsItsOwnError(t *testing.T) {
	s := newScene(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	s.fault(simulator.Fault{Kind: simulator.FaultFlood, Method: "sendMessage", RetryAfter: 3, Count: 1})
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := s.speak.Deliver(ctx, s.bot, s.wrote("x"), three[1:2]); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestAMessageThatTelegramNeverTakesIsPermanent(t *testing.T) {
	s := newScene(t, Config{})
	s.fault(simulator.Fault{Kind: simulator.FaultRefuse, Status: 400, Description: "Bad Request: reply markup is too long", Chat: aziza})
	if err := s.speak.Deliver(t.Context(), s.bot, s.wrote("x"), three[:1]); !nats.IsPermanent(err) {
		t.Errorf("the error is %v", err)
	}
}

func TestABlockedBotIsMarkedAndIsSuccess(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	s := newScene(t, Config{Pool: pool})
	q := db.New(pool)
	for _, p := range []db.SetPersonParams{{PersonID: "a", ChatID: aziza}, {PersonID: "b", ChatID: 8}} {
		p.TenantID, p.Name, p.Role, p.Language = tenant, "x", "applicant", "uz"
		s.must(q.SetPerson(t.Context(), p))
	}
	s.must(s.sim.Block(token, aziza))
	s.deliver(s.wrote("x"), three...)
	s.must(s.speak.Tell(t.Context(), s.bot, tenant, aziza, three))
	people, err := q.People(t.Context(), tenant)
	s.must(err)
	for _, p := range people {
		if (p.UnreachableAt != nil) != (p.ChatID == aziza) {
			t.Errorf("%s is unreachable since %v", p.PersonID, p.UnreachableAt)
		}
	}
}

func TestAGroupIsFollowedToItsNewID(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	s := newScene(t, Config{Pool: pool})
	s.must(db.New(pool).Subscribe(t.Context(), db.SubscribeParams{TenantID: tenant, ChatID: -5, Pattern: "x", Language: "ru"}))
	s.must(s.sim.AddGroup(token, -5, "g"))
	s.must(s.sim.Migrate(-5, -1005))
	s.must(s.speak.Tell(t.Context(), s.bot, tenant, -5, three))
	var texts []string
	for _, m := range s.sim.Messages(-1005) {
		if m.FromBot {
			texts = append(texts, m.Text)
		}
	}
	if !slices.Equal(texts, []string{"1", "2", "готово", "3"}) {
		t.Errorf("the group reads %q", texts)
	}
	all, err := db.New(pool).AllSubscriptions(t.Context(), tenant)
	s.must(err)
	if len(all) != 1 || all[0].ChatID != -1005 {
		t.Errorf("subscriptions are %+v", all)
	}
}

func TestRepliesKeepToTheLine(t *testing.T) {
	t.Parallel()
	lines := pace.NewLines(pace.DefaultRate)
	s := newScene(t, Config{Lines: lines})
	began := time.Now()
	for range 5 {
		s.deliver(s.wrote("x"), talk.Out{Screen: talk.Screen{Text: "x"}})
	}
	if took := time.Since(began); took < 2*time.Second || took > 20*time.Second {
		t.Errorf("five messages to one chat took %s, want a burst of three and two turns, a second each", took)
	}
	lines.Of(100).Hold(aziza, time.Minute)
	began = time.Now()
	err := s.speak.Deliver(t.Context(), s.bot, s.wrote("x"), three[:1])
	if _, retry := nats.RetryDelay(err); !retry || time.Since(began) > 2*waitMax {
		t.Errorf("a held chat kept its lane for %s: %v", time.Since(began), err)
	}
}

func TestCallsAreCountedByMethodAndOutcome(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := newScene(t, Config{Metrics: NewMetrics(registry)})
	NewMetrics(registry) // another bot's, the same
	message := s.shown("Меню")
	u := s.tapped(message, "x")
	s.must(s.bot.Delete(t.Context(), aziza, message))
	s.deliver(u, talk.Out{Way: talk.Typing}, talk.Out{Screen: talk.Screen{Text: "1"}})
	s.speak.Type(t.Context(), s.bot, aziza)
	got, err := registry.Gather()
	s.must(err)
	var series []string
	for _, m := range got[0].GetMetric() {
		var labels []string
		for _, l := range m.GetLabel() {
			labels = append(labels, l.GetValue())
		}
		series = append(series, strings.Join(labels, " "))
	}
	want := []string{"answerCallbackQuery success", "editMessageText send_new", "sendChatAction success", "sendMessage success"}
	slices.Sort(series)
	if !slices.Equal(series, want) || testutil.CollectAndCount(s.speak.cfg.Metrics.took) != len(want) {
		t.Errorf("series are %q", series)
	}
}

// TestAMessageIsTriedAgainWhereItCannotHaveArrived: not where only the answer
// was lost, or the person would read it twice.
func TestAMessageIsTriedAgainWhereItCannotHaveArrived(t *testing.T) {
	for name, tc := range map[string]struct {
		bot   func(s *scene) *telegram.Bot
		calls uint64
	}{
		"nobody listens": {func(*scene) *telegram.Bot { return telegram.New(token, "http://127.0.0.1:1", time.Second) }, triesMax},
		"the answer is lost": {func(s *scene) *telegram.Bot {
			s.fault(simulator.Fault{Kind: simulator.FaultDrop, Method: "sendMessage"})
			return s.bot
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registry := prometheus.NewRegistry()
			s := newScene(t, Config{Metrics: NewMetrics(registry)})
			bot := tc.bot(s)
			defer bot.Close()
			err := s.speak.Deliver(t.Context(), bot, s.wrote("x"), three[:1])
			if _, retry := nats.RetryDelay(err); !retry {
				t.Errorf("the error is %v", err)
			}
			families, err := registry.Gather()
			s.must(err)
			if got := families[0].GetMetric()[0].GetHistogram().GetSampleCount(); got != tc.calls {
				t.Errorf("called %d times, want %d", got, tc.calls)
			}
		})
	}
}
