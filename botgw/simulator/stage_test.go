package simulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"

	"ukbot/botgw/simulator"
)

const botToken = "100:page"

// stage is a simulator with four people, a small bot, and the page under Fiber.
type stage struct {
	t   *testing.T
	sim *simulator.Server
	api string // of the Bot API
	url string // of the page
}

func newStage(t *testing.T) *stage {
	t.Helper()
	sim := simulator.New(simulator.Config{})
	sim.AddBot(botToken, "demo_bot")
	for _, u := range []simulator.User{
		{ID: 1001, FirstName: "Дилноза", LastName: "Каримова", LanguageCode: "uz", Role: "applicant"},
		{ID: 1002, FirstName: "Мадина", LastName: "Абдуллаева", LanguageCode: "ru", Role: "applicant"},
		{ID: 2002, FirstName: "Ольга", LastName: "Петрова", LanguageCode: "ru", Role: "manager"},
		{ID: 3003, FirstName: "Алишер", LastName: "Тошматов", LanguageCode: "uz", Role: "executor"},
		{ID: 4004, FirstName: "Сергей", LastName: "Волков", LanguageCode: "ru", Role: "admin"},
	} {
		sim.AddUser(u)
	}
	api := httptest.NewServer(sim.Handler())
	app := fiber.New(fiber.Config{DisableStartupMessage: true, WriteTimeout: time.Second}) // shorter than the test: the stream must outlive it
	app.All("/simulator*", adaptor.HTTPHandler(sim.Inspect()))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- app.Listener(listener) }()
	s := &stage{t: t, sim: sim, api: api.URL, url: "http://" + listener.Addr().String() + "/simulator"}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { defer close(over); s.bot(ctx) }()
	t.Cleanup(func() {
		stop()
		<-over
		began := time.Now()
		if err := app.ShutdownWithTimeout(time.Minute); err != nil || time.Since(began) > 20*time.Second {
			t.Errorf("the page's stream held up the stop: %v after %s", err, time.Since(began))
		}
		<-served
		sim.Close()
		api.Close()
	})
	return s
}

// incoming is what the small bot understands of an update.
type incoming struct {
	ID      int64 `json:"update_id"`
	Message *struct {
		ID    int `json:"message_id"`
		Chat  struct{ ID int64 }
		Text  string
		Photo []struct {
			ID string `json:"file_id"`
		}
		Contact *struct {
			Phone string `json:"phone_number"`
			User  int64  `json:"user_id"`
		}
		Location *struct{ Latitude float64 }
		Group    string `json:"media_group_id"`
	}
	Callback *struct {
		ID      string
		Data    string
		Message struct {
			ID   int `json:"message_id"`
			Chat struct{ ID int64 }
		}
	} `json:"callback_query"`
}

// bot is a bot of a few lines that uses all that the page shows.
func (s *stage) bot(ctx context.Context) {
	s.call(ctx, "setMyDescription", "description", "Write here if something drips, does not light or does not lift.\n\nРусский · Oʻzbekcha · English")
	s.call(ctx, "setMyName", "name", "Chinar")
	s.call(ctx, "setMyCommands", "commands", `[{"command":"start","description":"begin"},{"command":"album","description":"an album"}]`)
	offset := int64(0)
	for ctx.Err() == nil {
		var updates []incoming
		if json.Unmarshal(s.call(ctx, "getUpdates", "timeout", "20", "offset", fmt.Sprint(offset)), &updates) != nil {
			continue
		}
		for _, u := range updates {
			offset = u.ID + 1
			s.answer(ctx, u)
		}
	}
}

const (
	menuKeys = `{"keyboard":[["📋 Menu","❓ Help"],[{"text":"Share phone","request_contact":true},{"text":"Share place","request_location":true}]],"resize_keyboard":true,"input_field_placeholder":"Ask me"}`
	choices  = `{"inline_keyboard":[[{"text":"Toast","callback_data":"toast"},{"text":"Alert","callback_data":"alert"}],[{"text":"Edit me","callback_data":"edit"}],[{"text":"Site","url":"https://example.org/"}]]}`
	greeting = `<b>Hello</b>, <i>friend</i>! <u>One</u> <s>two</s> <code>1 &lt; 2</code> <a href="https://example.org/x">site</a> <tg-spoiler>secret</tg-spoiler>
<blockquote>quoted</blockquote><pre><code class="language-go">x := "&lt;img src=x onerror=alert(1)&gt;"</code></pre>See /album`
)

func (s *stage) answer(ctx context.Context, u incoming) {
	if q := u.Callback; q != nil {
		switch q.Data {
		case "toast":
			s.call(ctx, "answerCallbackQuery", "callback_query_id", q.ID, "text", "Just a toast")
		case "alert":
			s.call(ctx, "answerCallbackQuery", "callback_query_id", q.ID, "text", "Mind the gap", "show_alert", "true")
		case "edit":
			s.call(ctx, "editMessageText", "chat_id", fmt.Sprint(q.Message.Chat.ID), "message_id", fmt.Sprint(q.Message.ID), "text", "Edited in place", "reply_markup", strings.ReplaceAll(choices, "Edit me", "Done"))
			s.call(ctx, "answerCallbackQuery", "callback_query_id", q.ID)
		}
		return
	}
	if u.Message == nil {
		return
	}
	chat := fmt.Sprint(u.Message.Chat.ID)
	say := func(text string, more ...string) {
		s.call(ctx, "sendMessage", append([]string{"chat_id", chat, "parse_mode", "HTML", "text", text}, more...)...)
	}
	switch m := u.Message; {
	case m.Photo != nil && m.Group != "":
		say("part of an album", "reply_to_message_id", fmt.Sprint(m.ID))
	case m.Photo != nil:
		s.call(ctx, "sendPhoto", "chat_id", chat, "photo", m.Photo[len(m.Photo)-1].ID, "caption", "Your photo back", "reply_markup", choices)
	case m.Contact != nil:
		say(fmt.Sprintf("Phone %s of %d", m.Contact.Phone, m.Contact.User))
	case m.Location != nil:
		say(fmt.Sprintf("Place %.2f", m.Location.Latitude))
	case m.Text == "/start":
		say(greeting, "reply_markup", menuKeys)
	case strings.HasPrefix(m.Text, "/start "):
		say("Came by " + strings.TrimPrefix(m.Text, "/start "))
	case m.Text == "📋 Menu":
		say("Choose", "reply_markup", choices)
	case m.Text == "/album":
		s.album(ctx, chat)
	case m.Text == "slow":
		s.call(ctx, "sendChatAction", "chat_id", chat, "action", "typing")
	default:
		say("You said: " + strings.ReplaceAll(m.Text, "<", "&lt;"))
	}
}

// album sends three pictures as one.
func (s *stage) album(ctx context.Context, chat string) {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	_ = w.WriteField("chat_id", chat)
	_ = w.WriteField("media", `[{"type":"photo","media":"attach://a","caption":"Before and after"},{"type":"photo","media":"attach://b"},{"type":"photo","media":"attach://c"}]`)
	for i, name := range []string{"a", "b", "c"} {
		part, _ := w.CreateFormFile(name, name+".jpg")
		_, _ = part.Write(colours(i))
	}
	_ = w.Close()
	s.post(ctx, "sendMediaGroup", w.FormDataContentType(), form.Bytes())
}

// call makes a call of the Bot API with parameters in pairs.
func (s *stage) call(ctx context.Context, method string, pairs ...string) json.RawMessage {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return s.post(ctx, method, "application/x-www-form-urlencoded", []byte(form.Encode()))
}

func (s *stage) post(ctx context.Context, method, kind string, body []byte) json.RawMessage {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.api+"/bot"+botToken+"/"+method, bytes.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return nil
	}
	r.Header.Set("Content-Type", kind)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil // a fault, or the end of the test
	}
	defer resp.Body.Close()
	var answer struct{ Result json.RawMessage }
	_ = json.NewDecoder(resp.Body).Decode(&answer)
	return answer.Result
}
