package telegram

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"ukbot/botgw/simulator"
	"ukbot/secret"
)

const token = "100:AAtheSECRETpart"

// newTelegram starts a simulator that Aziza, 7, has started the bot on, and a
// client of it.
func newTelegram(t *testing.T, cfg simulator.Config) (*simulator.Server, *Bot) {
	t.Helper()
	sim := simulator.New(cfg)
	sim.AddBot(token, "test_bot")
	sim.AddUser(simulator.User{ID: 7, FirstName: "Aziza", LanguageCode: "uz"})
	if err := sim.Start(token, 7); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(sim.Handler())
	bot := New(token, web.URL, 5*time.Second)
	t.Cleanup(func() { bot.Close(); sim.Close(); web.Close() })
	return sim, bot
}

func TestMeSaysWhoTheBotIs(t *testing.T) {
	_, bot := newTelegram(t, simulator.Config{})
	me, err := bot.Me(t.Context())
	if err != nil || me.ID != 100 || me.UserName != "test_bot" {
		t.Errorf("Me() = %+v, %v", me, err)
	}
}

func TestSendGivesTheMessageAllItsParts(t *testing.T) {
	sim, bot := newTelegram(t, simulator.Config{})
	first, err := bot.Send(t.Context(), Outgoing{ChatID: 7, Text: "<b>25 000</b> so'm &amp; rahmat"})
	if err != nil {
		t.Fatal(err)
	}
	keys := tgbotapi.NewInlineKeyboardMarkup(tgbotapi.NewInlineKeyboardRow(tgbotapi.NewInlineKeyboardButtonData("OK", "ok")))
	second, err := bot.Send(t.Context(), Outgoing{ChatID: 7, Text: "<b> & not markup", Plain: true, Markup: keys, ReplyTo: first})
	if err != nil {
		t.Fatal(err)
	}
	got := sim.Messages(7)
	got = got[len(got)-2:]
	if got[0].ID != first || got[0].Text != "25 000 so'm & rahmat" || len(got[0].Entities) != 1 {
		t.Errorf("first message: %+v", got[0])
	}
	if got[1].ID != second || got[1].Text != "<b> & not markup" || got[1].ReplyTo != first || got[1].Buttons[0][0].Data != "ok" {
		t.Errorf("second message: %+v", got[1])
	}
}

func TestAReplyToADeletedMessageIsSentWithoutIt(t *testing.T) {
	_, bot := newTelegram(t, simulator.Config{})
	if _, err := bot.Send(t.Context(), Outgoing{ChatID: 7, Text: "x", ReplyTo: 999}); err != nil {
		t.Error(err)
	}
}

func TestManyCallsAtOnceKeepApart(t *testing.T) {
	sim, bot := newTelegram(t, simulator.Config{})
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%4 == 0 {
				cancel() // must end this call and no other
			}
			_, err := bot.Send(ctx, Outgoing{ChatID: 7, Text: fmt.Sprint(i)})
			if (err != nil) != (i%4 == 0) {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if got := sim.Sent(); got != 30 {
		t.Errorf("Sent() = %d, want 30", got)
	}
}

func TestACallEndsWithItsTimeoutAndItsContext(t *testing.T) {
	sim, bot := newTelegram(t, simulator.Config{})
	if err := sim.SetFault(simulator.Fault{Kind: simulator.FaultHang}); err != nil {
		t.Fatal(err)
	}
	bot.timeout = 50 * time.Millisecond
	if _, err := bot.Me(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("time-out: %v", err)
	}
	bot.timeout = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := bot.Me(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("context: %v", err)
	}
}

func TestAPageInsteadOfAnAnswerKeepsItsStatus(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		after  string
		want   int
		wait   time.Duration
	}{
		"502 of nginx":           {502, "", 502, 0},
		"503 with a wait":        {503, "7", 503, 7 * time.Second},
		"a proxy's 403":          {403, "", 502, 0},
		"a redirect":             {302, "", 502, 0},
		"a proxy's 429":          {429, "9", 502, 9 * time.Second},
		"a captive portal's 404": {404, "", 502, 0},
	} {
		bot := botFor(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", tc.after)
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(tc.status)
			_, _ = w.Write([]byte("<html>no</html>"))
		})
		_, err := bot.Me(t.Context())
		refusal, _ := errors.AsType[*tgbotapi.Error](err)
		v := Classify(err)
		if refusal == nil || refusal.Code != tc.want || v.Action != Retry || v.RetryAfter != tc.wait {
			t.Errorf("%s: %v → %+v, want code %d, retry after %s", name, err, v, tc.want, tc.wait)
		}
	}
}

func TestAnAcceptedMessageIsNoErrorWhateverItsResult(t *testing.T) {
	bot := botFor(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"ok":true,"result":true}`)) })
	if id, err := bot.Send(t.Context(), Outgoing{ChatID: 7, Text: "x"}); id != 0 || err != nil {
		t.Errorf("Send() = %d, %v, want 0 and no error", id, err)
	}
}

// patience is how long an answer may take that comes at once.
const patience = 20 * time.Second

// botFor is a client of a server of the test's own.
func botFor(t *testing.T, h http.HandlerFunc) *Bot {
	t.Helper()
	web := httptest.NewServer(h)
	bot := New(token, web.URL, patience)
	t.Cleanup(func() { bot.Close(); web.Close() })
	return bot
}

// hurried is a client that waits for nothing.
func hurried(bot *Bot) *Bot {
	bot.timeout = 200 * time.Millisecond
	return bot
}

func TestTheTokenIsInNoError(t *testing.T) {
	bots := map[string]*Bot{
		"refused connection":      New(token, "http://"+freeAddress(t), time.Second),
		"unknown host":            New(token, "http://no-such-host.invalid", time.Second),
		"bad endpoint":            New(token, "http://[::1", time.Second),
		"unknown scheme":          New(token, "carrier-pigeon://x", time.Second),
		"token with a line break": New(token+"\n", "http://127.0.0.1:1", time.Second),
		"time-out": hurried(botFor(t, func(_ http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			<-r.Context().Done()
		})),
		"404":            botFor(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, r.URL.Path, http.StatusNotFound) }),
		"302":            botFor(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x"+r.URL.Path, http.StatusFound) }),
		"bad JSON":       botFor(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("{" + r.URL.Path)) }),
		"empty answer":   botFor(t, func(http.ResponseWriter, *http.Request) {}),
		"cut connection": botFor(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		"wrong result":   botFor(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"ok":true,"result":7}`)) }),
		"refused by name": botFor(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"ok":false,"error_code":400,"description":"Bad Request: no %s"}`, r.URL.Path)
		}),
	}
	for name, bot := range bots {
		_, err := bot.Me(t.Context())
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if text := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(text, "SECRET") {
				t.Errorf("%s: the token stands in %s", name, text)
			}
		}
		if text := fmt.Sprintf("%v %+v %#v %s", bot, bot, bot, bot); strings.Contains(text, "SECRET") {
			t.Errorf("%s: the token stands in the printed bot: %s", name, text)
		}
	}
	if text := fmt.Sprintf("%v", secret.Text(token)); strings.Contains(text, "SECRET") {
		t.Errorf("the token prints itself: %s", text)
	}
}

// The library's logger writes to the standard error it found at its start, so
// only a process of its own can show that it is silent.
func TestTheLibraryLogsNothing(t *testing.T) {
	const inside = "UKBOT_TEST_LIBRARY_LOG"
	if os.Getenv(inside) != "" {
		bot := New(token, "http://127.0.0.1:1", time.Second)
		bot.api.Debug = true // makes it print each call
		_, err := bot.Me(t.Context())
		if err == nil {
			t.Error("no error")
		}
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), inside+"=1")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if out, err := cmd.Output(); err != nil || stderr.String() != "" {
		t.Errorf("printed %q, %v, %s", stderr.String(), err, out)
	}
}

// freeAddress is one that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
