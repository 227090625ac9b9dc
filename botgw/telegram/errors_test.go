package telegram

import (
	"context"
	"errors"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"ukbot/botgw/simulator"
)

// scene is what a case may set up: the simulator's time can be moved.
type scene struct {
	t     *testing.T
	sim   *simulator.Server
	bot   *Bot
	ahead *atomic.Int64 // nanoseconds the simulator's clock runs ahead
}

func (s scene) send(chat int64, text string) error {
	_, err := s.bot.Send(s.t.Context(), Outgoing{ChatID: chat, Text: text})
	return err
}

func (s scene) call(method string, fields ...string) error {
	p := tgbotapi.Params{}
	for _, f := range fields {
		k, v, _ := strings.Cut(f, "=")
		p[k] = v
	}
	_, err := s.bot.Call(s.t.Context(), method, p)
	return err
}

func (s scene) fault(f simulator.Fault) {
	s.must(s.sim.SetFault(f))
}

func (s scene) must(errs ...error) {
	s.t.Helper()
	if err := errors.Join(errs...); err != nil {
		s.t.Fatal(err)
	}
}

// sent sends a message and returns its id as a parameter.
func (s scene) sent(text string) string {
	id, err := s.bot.Send(s.t.Context(), Outgoing{ChatID: 7, Text: text})
	s.must(err)
	return "message_id=" + strconv.Itoa(id)
}

// cases make the simulator refuse, each in its own way, and say what follows.
var cases = map[string]struct {
	make func(scene) error
	want Verdict
}{
	"too many requests": {func(s scene) error {
		s.fault(simulator.Fault{Kind: simulator.FaultFlood, RetryAfter: 3})
		return s.send(7, "x")
	}, Verdict{Action: HoldChat, RetryAfter: 3 * time.Second}},
	"blocked by the user": {func(s scene) error { s.must(s.sim.Block(token, 7)); return s.send(7, "x") }, Verdict{Action: Unreachable}},
	"user is deactivated": {func(s scene) error { s.sim.Deactivate(7); return s.send(7, "x") }, Verdict{Action: Unreachable}},
	"never started":       {func(s scene) error { s.sim.AddUser(simulator.User{ID: 8}); return s.send(8, "x") }, Verdict{Action: Unreachable}},
	"kicked from the group": {func(s scene) error {
		s.must(s.sim.AddGroup(token, -5, "g"), s.sim.Kick(token, -5))
		return s.send(-5, "x")
	}, Verdict{Action: Unreachable}},
	"unknown chat": {func(s scene) error { return s.send(77, "x") }, Verdict{Action: Unreachable}},
	"no rights in the group": {func(s scene) error {
		s.refuse(400, "Bad Request: have no rights to send a message")
		return s.send(7, "x")
	}, Verdict{Action: Unreachable}},
	"rights taken away": {func(s scene) error {
		s.refuse(400, "Bad Request: not enough rights to send text messages to the chat")
		return s.send(7, "x")
	}, Verdict{Action: Unreachable}},
	"group became a supergroup": {func(s scene) error {
		s.must(s.sim.AddGroup(token, -5, "g"), s.sim.Migrate(-5, -1005))
		return s.send(-5, "x")
	}, Verdict{Action: Migrate, MigrateTo: -1005}},
	"supergroup of unknown id": {func(s scene) error {
		s.refuse(400, "Bad Request: group chat was upgraded to a supergroup chat")
		return s.send(7, "x")
	}, Verdict{Action: Unreachable}},

	"nothing to change":   {func(s scene) error { return s.call("editMessageText", "chat_id=7", s.sent("x"), "text=x") }, Verdict{Action: Success}},
	"edited message gone": {func(s scene) error { return s.call("editMessageText", "chat_id=7", "message_id=999", "text=x") }, Verdict{Action: SendNew}},
	"message not ours":    {func(s scene) error { return s.call("editMessageText", "chat_id=7", "message_id=1", "text=x") }, Verdict{Action: SendNew}},
	"message is a photo": {func(s scene) error {
		s.refuse(400, "Bad Request: there is no text in the message to edit")
		return s.call("editMessageText", "chat_id=7", "message_id=1", "text=x")
	}, Verdict{Action: EditCaption}},
	"deleted twice": {func(s scene) error { return s.call("deleteMessage", "chat_id=7", "message_id=999") }, Verdict{Action: Ignore}},
	"too old to be deleted": {func(s scene) error {
		id := s.sent("x")
		s.ahead.Add(int64(49 * time.Hour))
		return s.call("deleteMessage", "chat_id=7", id)
	}, Verdict{Action: Ignore}},
	"query too old":       {func(s scene) error { return s.call("answerCallbackQuery", "callback_query_id=1") }, Verdict{Action: Ignore}},
	"our markup is wrong": {func(s scene) error { return s.send(7, "rent < 3") }, Verdict{Action: SendPlain}},

	"text too long": {func(s scene) error { return s.send(7, strings.Repeat("x", 4097)) }, Verdict{Action: Bug}},
	"callback data too long": {func(s scene) error {
		return s.call("sendMessage", "chat_id=7", "text=x", `reply_markup={"inline_keyboard":[[{"text":"a","callback_data":"`+strings.Repeat("x", 65)+`"}]]}`)
	}, Verdict{Action: Bug}},
	"unknown method":     {func(s scene) error { return s.call("sendPigeon") }, Verdict{Action: Bug}},
	"request too large":  {func(s scene) error { s.refuse(413, "Request Entity Too Large"); return s.send(7, "x") }, Verdict{Action: Bug}},
	"a code never seen":  {func(s scene) error { s.refuse(418, "I'm a teapot"); return s.send(7, "x") }, Verdict{Action: Bug}},
	"unknown token":      {func(s scene) error { s.swap("100:other", ""); return s.send(7, "x") }, Verdict{Action: Fatal}},
	"endpoint of no API": {func(s scene) error { s.swap(token, "/nowhere"); return s.send(7, "x") }, Verdict{Action: Fatal}},
	"webhook is set": {func(s scene) error {
		s.must(s.call("setWebhook", "url=http://127.0.0.1:1/"))
		return s.call("getUpdates")
	}, Verdict{Action: Conflict}},
	"another poller": {func(s scene) error { return s.pollTwice() }, Verdict{Action: Conflict}},

	"server down": {func(s scene) error {
		s.fault(simulator.Fault{Kind: simulator.FaultServer, Status: 503})
		return s.send(7, "x")
	}, Verdict{Action: Retry}},
	"answer lost": {func(s scene) error { s.fault(simulator.Fault{Kind: simulator.FaultDrop}); return s.send(7, "x") }, Verdict{Action: Retry}},
	"no answer in time": {func(s scene) error {
		s.bot.timeout = 50 * time.Millisecond
		s.fault(simulator.Fault{Kind: simulator.FaultHang})
		return s.send(7, "x")
	}, Verdict{Action: Retry}},
	"nobody listens": {func(s scene) error {
		s.bot.api.SetAPIEndpoint("http://" + freeAddress(s.t) + "/bot%s/%s")
		return s.send(7, "x")
	}, Verdict{Action: Retry}},
	"it works": {func(s scene) error { return s.send(7, "x") }, Verdict{Action: Success}},
}

func TestEveryAnswerHasItsAction(t *testing.T) {
	hit := map[int]bool{}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			err := tc.make(s)
			if got := Classify(err); got != tc.want {
				t.Errorf("Classify(%v) = %+v (%s), want %+v (%s)", err, got, got.Action, tc.want, tc.want.Action)
			}
			if refusal, ok := errors.AsType[*tgbotapi.Error](err); ok {
				hit[match(refusal.Code, refusal.Message)] = true
			}
		})
	}
	for i, r := range rules {
		if !hit[i] {
			t.Errorf("no case reaches the rule %d %q → %s", r.code, r.words, r.action)
		}
	}
}

func newScene(t *testing.T) scene {
	var ahead atomic.Int64
	sim, bot := newTelegram(t, simulator.Config{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	return scene{t: t, sim: sim, bot: bot, ahead: &ahead}
}

func (s scene) refuse(status int, description string) {
	s.fault(simulator.Fault{Kind: simulator.FaultRefuse, Status: status, Description: description})
}

// swap makes the client one with another token or another path.
func (s scene) swap(token, path string) {
	web := httptest.NewServer(s.sim.Handler())
	s.t.Cleanup(web.Close)
	s.bot.api.Token = token
	s.bot.api.SetAPIEndpoint(web.URL + path + "/bot%s/%s")
}

// pollTwice returns what the first of two pollers is told.
func (s scene) pollTwice() error {
	s.must(s.call("getUpdates", "offset=-1"), s.call("getUpdates", "offset=900000000"))
	first := make(chan error)
	go func() { first <- s.call("getUpdates", "timeout=20") }()
	// The second poll ends the first one only once that one waits: ask until it has.
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		s.must(s.call("getUpdates"))
		select {
		case err := <-first:
			return err
		default:
		}
	}
	return context.DeadlineExceeded
}
