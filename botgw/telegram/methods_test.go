package telegram

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"ukbot/botgw/simulator"
)

// last is the newest message of Aziza's chat.
func last(t *testing.T, sim *simulator.Server) simulator.Message {
	t.Helper()
	all := sim.Messages(7)
	if len(all) == 0 {
		t.Fatal("no messages")
	}
	return all[len(all)-1]
}

func keys(data string) tgbotapi.InlineKeyboardMarkup {
	return tgbotapi.NewInlineKeyboardMarkup(tgbotapi.NewInlineKeyboardRow(tgbotapi.NewInlineKeyboardButtonData("Go", data)))
}

// picture is a photo that Telegram takes.
func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAMessageIsEditedAndTakenBack(t *testing.T) {
	sim, bot := newTelegram(t, simulator.Config{})
	id, err := bot.Send(t.Context(), Outgoing{ChatID: 7, Text: "before", Markup: keys("a")})
	if err != nil {
		t.Fatal(err)
	}
	edit := Edited{ChatID: 7, MessageID: id, Text: "<b>after</b> &lt;3", Markup: keys("b")}
	if err := bot.EditText(t.Context(), edit); err != nil {
		t.Fatal(err)
	}
	if m := last(t, sim); m.Text != "after <3" || m.Buttons[0][0].Data != "b" {
		t.Errorf("edited: %+v", m)
	}
	if v := Classify(bot.EditText(t.Context(), edit)); v.Action != Success {
		t.Errorf("the same again asks for %s", v.Action)
	}
	edit.Text, edit.Plain = "<b> & no markup", true
	if err := bot.EditText(t.Context(), edit); err != nil || last(t, sim).Text != edit.Text {
		t.Errorf("plain: %v, %+v", err, last(t, sim))
	}
	if err := bot.EditMarkup(t.Context(), 7, id, nil); err != nil || len(last(t, sim).Buttons) != 0 {
		t.Errorf("keys taken away: %v, %+v", err, last(t, sim).Buttons)
	}
	if err := bot.Delete(t.Context(), 7, id); err != nil {
		t.Fatal(err)
	}
	if v := Classify(bot.EditText(t.Context(), edit)); v.Action != SendNew {
		t.Errorf("an edit of what is gone asks for %s", v.Action)
	}
	if v := Classify(bot.Delete(t.Context(), 7, id)); v.Action != Ignore {
		t.Errorf("deleted again: %s", v.Action)
	}
}

func TestATapIsAnswered(t *testing.T) {
	sim, bot := newTelegram(t, simulator.Config{})
	id, err := bot.Send(t.Context(), Outgoing{ChatID: 7, Text: "x", Markup: keys("a")})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []simulator.Answer{{}, {Text: "done"}, {Text: "no", Alert: true}} {
		query, err := sim.Tap(token, 7, id, "a")
		if err != nil {
			t.Fatal(err)
		}
		if err := bot.AnswerCallback(t.Context(), query, want.Text, want.Alert); err != nil {
			t.Fatal(err)
		}
		if got, err := sim.WaitAnswer(t.Context(), query); err != nil || got.Text != want.Text || got.Alert != want.Alert {
			t.Errorf("answer %+v, %v; want %+v", got, err, want)
		}
	}
	if v := Classify(bot.AnswerCallback(t.Context(), "no such query", "", false)); v.Action != Ignore {
		t.Errorf("too late asks for %s", v.Action)
	}
	if err := bot.ChatAction(t.Context(), 7, ActionTyping); err != nil || sim.Action(token, 7) != ActionTyping {
		t.Errorf("action %q, %v", sim.Action(token, 7), err)
	}
}

func TestPhotosAreSentByIDOrByBytesAloneOrAsAnAlbum(t *testing.T) {
	sim, bot := newTelegram(t, simulator.Config{})
	data := Photo{Name: "кран.jpg", Data: picture(t)}
	ids, err := bot.SendPhotos(t.Context(), Outgoing{ChatID: 7, Text: "<b>one</b>", Markup: keys("a")}, []Photo{data})
	if err != nil || len(ids) != 1 {
		t.Fatalf("one: %v, %v", ids, err)
	}
	m := last(t, sim)
	if m.ID != ids[0] || m.Text != "one" || m.Photo == "" || m.Buttons[0][0].Data != "a" {
		t.Errorf("one: %+v", m)
	}
	if err := bot.EditCaption(t.Context(), Edited{ChatID: 7, MessageID: m.ID, Text: "<i>two</i>"}); err != nil || last(t, sim).Text != "two" {
		t.Errorf("caption: %v, %+v", err, last(t, sim))
	}
	ids, err = bot.SendPhotos(t.Context(), Outgoing{ChatID: 7, Text: "album"}, []Photo{{FileID: m.Photo}, data, {FileID: m.Photo}})
	if err != nil || len(ids) != 3 {
		t.Fatalf("album: %v, %v", ids, err)
	}
	album := sim.Messages(7)
	album = album[len(album)-3:]
	if album[0].Text != "album" || album[0].Photo != m.Photo || album[1].Photo == m.Photo || album[0].Album == "" || album[0].Album != album[2].Album {
		t.Errorf("album: %+v", album)
	}
	if f, ok := sim.File(album[1].Photo); !ok || !bytes.Equal(f.Data, data.Data) {
		t.Errorf("the bytes that arrived: %q", f.Data)
	}
	if _, err := bot.SendPhotos(t.Context(), Outgoing{ChatID: 7, Markup: keys("a")}, []Photo{data, data}); err == nil {
		t.Error("an album with keys was sent")
	}
	for _, n := range []int{0, 11} {
		if _, err := bot.SendPhotos(t.Context(), Outgoing{ChatID: 7}, make([]Photo, n)); err == nil {
			t.Errorf("%d photos were sent", n)
		}
	}
}

func TestAnUploadsRefusalKeepsItsCode(t *testing.T) {
	sim, bot := newTelegram(t, simulator.Config{})
	for _, f := range []simulator.Fault{{Kind: simulator.FaultFlood, RetryAfter: 9, Count: 1}, {Kind: simulator.FaultForbidden, Count: 1}, {Kind: simulator.FaultServer, Count: 1}} {
		if err := sim.SetFault(f); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []Verdict{{Action: HoldChat, RetryAfter: 9 * time.Second}, {Action: Unreachable}, {Action: Retry}} {
		_, err := bot.SendPhotos(t.Context(), Outgoing{ChatID: 7}, []Photo{{Data: picture(t)}})
		if got := Classify(err); got.Action != want.Action || got.RetryAfter != want.RetryAfter {
			t.Errorf("%v → %+v, want %+v", err, got, want)
		}
	}
}

func TestAFileIsFetchedWithinItsLimit(t *testing.T) {
	sim, bot := newTelegram(t, simulator.Config{})
	data := bytes.Repeat([]byte("скан "), 2000)
	if _, err := sim.SendDocument(token, 7, "акт 1.pdf", data, ""); err != nil {
		t.Fatal(err)
	}
	file := last(t, sim).Document
	for name, tc := range map[string]struct {
		id    string
		limit int64
		want  error
	}{
		"all of it":          {file, 0, nil},
		"just the limit":     {file, int64(len(data)), nil},
		"one over the limit": {file, int64(len(data)) - 1, ErrTooLarge},
	} {
		got, err := bot.Fetch(t.Context(), tc.id, tc.limit)
		if !errors.Is(err, tc.want) || tc.want == nil && !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if _, err := bot.Fetch(t.Context(), "no such file", 0); err == nil {
		t.Error("fetched what is not there")
	}
}

// fileServer is a Bot API whose getFile answers with this result, and its files.
func fileServer(result string, files http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/getFile") {
			_, _ = fmt.Fprint(w, result)
			return
		}
		files(w, r)
	}
}

func TestAFetchBelievesNoSizeAndTellsNoToken(t *testing.T) {
	found := `{"ok":true,"result":{"file_path":"a b/../c?d.jpg","file_size":1}}`
	for name, tc := range map[string]struct {
		result string
		files  http.HandlerFunc
		large  bool
	}{
		"more than was said":    {found, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 200)) }, true},
		"too big for bots":      {`{"ok":false,"error_code":400,"description":"Bad Request: file is too big"}`, nil, true},
		"a file that is gone":   {found, http.NotFound, false},
		"a redirect":            {found, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) }, false},
		"a cut connection":      {found, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false},
		"no path":               {`{"ok":true,"result":{"file_id":"x"}}`, nil, false},
		"a result that is none": {`{"ok":true,"result":7}`, nil, false},
		"a body that ends early": {found, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			_, _ = w.Write([]byte("x"))
		}, false},
	} {
		bot := botFor(t, fileServer(tc.result, tc.files))
		_, err := bot.Fetch(t.Context(), "x", 100)
		if err == nil || errors.Is(err, ErrTooLarge) != tc.large {
			t.Errorf("%s: %v", name, err)
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if text := fmt.Sprintf("%v %#v", e, e); strings.Contains(text, "SECRET") {
				t.Errorf("%s: the token stands in %s", name, text)
			}
		}
	}
	asked := ""
	bot := botFor(t, fileServer(found, func(_ http.ResponseWriter, r *http.Request) { asked = r.URL.EscapedPath() + "?" + r.URL.RawQuery }))
	if _, err := bot.Fetch(t.Context(), "x", 100); err != nil {
		t.Error(err)
	}
	if want := "/file/bot" + token + "/a%20b/../c%3Fd.jpg?"; asked != want {
		t.Errorf("asked for %s, want %s", asked, want)
	}
}

func TestCommandListsBelongToScopeAndLanguage(t *testing.T) {
	sim, bot := newTelegram(t, simulator.Config{})
	list := func(name string) []tgbotapi.BotCommand {
		return []tgbotapi.BotCommand{{Command: name, Description: "x"}}
	}
	seen := func(want string) {
		t.Helper()
		raw, _ := json.Marshal(sim.CommandsOf(token, 7))
		if !strings.Contains(string(raw), want) {
			t.Errorf("Aziza sees %s, want %q", raw, want)
		}
	}
	ctx := t.Context()
	for _, err := range []error{
		bot.SetCommands(ctx, ScopePrivate(), "", list("all")),
		bot.SetCommands(ctx, ScopePrivate(), "uz", list("uzbek")),
		bot.SetCommands(ctx, ScopeChat(7), "", list("hers")),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	seen("hers")
	if err := bot.DeleteCommands(ctx, ScopeChat(7), ""); err != nil {
		t.Error(err)
	}
	seen("uzbek")
	if err := bot.SetCommands(ctx, ScopePrivate(), "uz", nil); err != nil {
		t.Error(err)
	}
	seen("all")
}

func TestUpdatesArePolledOrBroughtAsAsked(t *testing.T) {
	sim, bot := newTelegram(t, simulator.Config{})
	ctx := t.Context()
	if _, err := sim.SendText(token, 7, "salom"); err != nil {
		t.Fatal(err)
	}
	if _, err := bot.GetUpdates(ctx, 0, 0, nil); err == nil {
		t.Error("polled for no kinds, which Telegram takes for its own choice")
	}
	all, err := bot.GetUpdates(ctx, 0, 0, []string{"message"})
	if err != nil || len(all) != 2 || !json.Valid(all[1]) {
		t.Fatalf("%d updates, %v", len(all), err)
	}
	// The poll waits longer than a call may take.
	bot.timeout = 100 * time.Millisecond
	go func() { _, _ = sim.SendText(token, 7, "yana") }()
	if more, err := bot.GetUpdates(ctx, 300_000_003, 5*time.Second, []string{"message"}); err != nil || len(more) != 1 {
		t.Errorf("%d updates, %v", len(more), err)
	}
	bot.timeout = 5 * time.Second
	hook := Webhook{URL: "https://127.0.0.1:1/telegram/100", Secret: "s_3-cret", Allowed: []string{"message"}, MaxConnections: 7}
	if err := bot.SetWebhook(ctx, hook); err != nil {
		t.Fatal(err)
	}
	if info, err := bot.WebhookInfo(ctx); err != nil || info.URL != hook.URL || info.MaxConnections != 7 || len(info.AllowedUpdates) != 1 {
		t.Errorf("webhook %+v, %v", info, err)
	}
	_, err = bot.GetUpdates(ctx, 0, 0, []string{"message"})
	if v := Classify(err); v.Action != Conflict {
		t.Errorf("a poll beside a webhook asks for %s", v.Action)
	}
	if err := bot.DeleteWebhook(ctx); err != nil {
		t.Error(err)
	}
	if bot.ID() != 100 || New("nonsense", "", 0).ID() != 0 {
		t.Errorf("ids %d, %d", bot.ID(), New("nonsense", "", 0).ID())
	}
}

func TestAFileIsAskedForAgainWhileTelegramIsDown(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		fails  int32
		asked  int32
		got    bool
	}{
		"a hiccup":     {502, 2, 3, true},
		"down":         {503, 9, 3, false},
		"it is gone":   {404, 9, 1, false},
		"too many now": {429, 1, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			bot := botFor(t, fileServer(`{"ok":true,"result":{"file_path":"p.jpg"}}`, func(w http.ResponseWriter, _ *http.Request) {
				if asked.Add(1) <= tc.fails {
					w.WriteHeader(tc.status)
					return
				}
				_, _ = w.Write([]byte("photo"))
			}))
			data, err := bot.Fetch(t.Context(), "x", 100)
			if asked.Load() != tc.asked || (err == nil) != tc.got || tc.got && string(data) != "photo" {
				t.Errorf("asked %d times: %q, %v", asked.Load(), data, err)
			}
		})
	}
}
