package simulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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
	"ukbot/botgw/simulator/pagetest"
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
		if err := app.ShutdownWithTimeout(5 * time.Second); err != nil || time.Since(began) > 3*time.Second {
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

func TestThePageIsAPhoneInEveryWay(t *testing.T) {
	s := newStage(t)
	b := pagetest.Start(t, s.url)
	one, two := b.Phone(1), b.Phone(2)

	b.Click(`[data-language="en"]`)
	one.Finds(`[data-testid=start]`)
	b.Shot("1-nobody-has-started")
	one.Start()
	one.Sees("Hello, friend! One two 1 < 2 site")
	one.Finds(`.text b`)
	one.Finds(`.text pre`)
	one.Finds(`.text a[href="https://example.org/x"][rel="noopener noreferrer"]`)
	one.Finds(`.text blockquote`)
	one.Finds(`textarea[placeholder="Ask me"]`)
	if pagetest.Ask[int](b, `document.querySelectorAll("article img").length`) != 0 {
		t.Error("markup in a text became an element")
	}

	one.Key("📋 Menu")
	one.SeesButton("Toast")
	one.Tap("Toast")
	one.Toast("Just a toast")
	one.Tap("Alert")
	one.Alert("Mind the gap")
	b.Shot("2-buttons")
	one.Tap("Edit me")
	one.Sees("Edited in place")
	one.Sees("edited")
	one.SeesButton("Done")

	one.Key("Share phone")
	one.Sees("Phone 998000001001 of 1001")
	one.Key("Share place")
	one.Sees("Place 41.31")
	one.Write("<b>a</b> & <3")
	one.Sees("You said: <b>a</b> & <3")

	one.Photos(1, "a leak")
	one.Sees("Your photo back")
	one.Finds(`[data-from=person] .photos img`)
	one.Photos(2, "")
	one.Sees("part of an album")
	one.Finds(`[data-from=person] .photos.many`)
	one.Finds(`.quote`)
	one.Command("album")
	one.Sees("Before and after")
	one.Finds(`[data-from=bot] .photos.many img:nth-child(1)`)
	b.Shot("2b-photos")
	b.Click(`[data-phone="1"] [data-testid=attach]`)
	b.Shot("2c-what-can-be-sent")
	b.Click(`[data-phone="1"] [data-testid=attach]`)
	one.Attach("sticker")
	one.Finds(`.sticker`)
	one.Attach("voice")
	one.Finds(`[data-from=person] .attachment`)
	one.Attach("friend")
	one.Sees("Phone +998000000000 of 0")
	one.Link("req_251007-001")
	one.Sees("Came by req_251007-001")
	one.Write("slow")
	one.Finds(`.status.busy`)
	b.Shot("3-a-conversation")

	two.Start() // the executor's
	two.Sees("Hello, friend!")
	two.More("block")
	two.Finds(`[data-testid=start]:not([hidden])`)
	two.Start()
	two.Write("back again")
	two.Sees("You said: back again")
	two.Give("demo_bot:1002")
	two.Start()
	two.Sees("Hello, friend!")

	b.Click(`[data-phone="1"] [data-testid=calls-open]`)
	one.Finds(`[data-call=sendChatAction]`)
	b.Shot("4-calls")
	b.Click(`[data-phone="1"] [data-testid=calls-open]`)
	b.Size(480, 900)
	b.Shot("5-narrow")
	if wide := pagetest.Ask[int](b, `document.documentElement.scrollWidth`); wide > 480 {
		t.Errorf("the page is %d wide on a screen of 480", wide)
	}
	if troubles := b.Troubles(); troubles != nil {
		t.Errorf("the page complains: %v", troubles)
	}
}

func TestThePageSwitchesFaultsOnAndOff(t *testing.T) {
	s := newStage(t)
	b := pagetest.Start(t, s.url)
	one := b.Phone(1)
	b.Click(`[data-language="ru"]`)
	one.Start()
	one.Sees("Hello, friend!")

	b.Click(`[data-testid=faults-open]`)
	b.Click(`#kinds input[value="5xx"]`)
	b.Click(`[data-testid=fault-on]`)
	b.Until("the fault is listed", `document.querySelector('[data-fault="5xx"]')`)
	b.Shot("6-faults")
	one.Write("lost") // the small bot does not try again
	b.Until("the call is shown as spoiled", `(document.querySelector('[data-phone="1"] .calls').hidden && document.querySelector('[data-phone="1"] .calls-open').click(), document.querySelector('[data-phone="1"] .call .bad'))`)
	b.Click(`[data-testid=faults-clear]`)
	b.Until("no fault is listed", `document.querySelector("#active .none")`)
	one.Write("found")
	one.Sees("You said: found")

	b.Click(`#kinds input[value="duplicate"]`)
	b.Click(`[data-testid=fault-on]`)
	b.Until("the fault is listed", `document.querySelector('[data-fault="duplicate"]')`)
	one.Write("twice")
	b.Until("the update came twice", `[...document.querySelectorAll('[data-phone="1"] [data-from=bot]')].filter(a => a.innerText.includes("You said: twice")).length === 2`)
}

func TestThePageKeepsItsPlaceAndComesBack(t *testing.T) {
	s := newStage(t)
	if err := s.sim.Start(botToken, 1001); err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		s.call(t.Context(), "sendMessage", "chat_id", "1001", "text", fmt.Sprintf("message %d", i))
	}
	b := pagetest.Start(t, s.url)
	one := b.Phone(1)
	one.Sees("message 39")
	one.Sees("Hello, friend!")
	b.Until("the newest is in view", `(c => c.scrollTop + c.clientHeight > c.scrollHeight - 5)(document.querySelector(".chat"))`)
	pagetest.Ask[int](b, `document.querySelector(".chat").scrollTop = 0`)
	b.Until("the page has noticed", `!phones[0].stuck`)
	s.call(t.Context(), "sendMessage", "chat_id", "1001", "text", "unread")
	b.Until("the reader is told of one more", `document.querySelector(".down b").textContent === "1"`)
	if at := pagetest.Ask[float64](b, `document.querySelector(".chat").scrollTop`); at != 0 {
		t.Errorf("the reader was moved to %v", at)
	}
	b.Click(`[data-phone="1"] .down`)
	b.Until("the newest is in view", `(c => c.scrollTop + c.clientHeight > c.scrollHeight - 5)(document.querySelector(".chat"))`)

	// The stream is cut and everything said meanwhile is there again, once.
	pagetest.Ask[bool](b, `(stream.close(), true)`)
	s.call(t.Context(), "sendMessage", "chat_id", "1001", "text", "meanwhile")
	pagetest.Ask[bool](b, `(connect(), true)`)
	one.Sees("meanwhile")
	if n := pagetest.Ask[int](b, `[...document.querySelectorAll('[data-phone="1"] article')].filter(a => a.innerText.includes("unread")).length`); n != 1 {
		t.Errorf("a message is shown %d times", n)
	}
}

func TestThePageIsForThisMachineAndItselfOnly(t *testing.T) {
	s := newStage(t)
	for name, tc := range map[string]struct {
		method, path, host string
		header             [2]string
		want               int
	}{
		"the page":                     {"GET", "", "", [2]string{}, 200},
		"its style":                    {"GET", "/page.css", "", [2]string{}, 200},
		"by a stranger's name":         {"GET", "", "evil.example", [2]string{}, 403},
		"the stream by such a name":    {"GET", "/api/live", "evil.example", [2]string{}, 403},
		"a deed of a script":           {"POST", "/api/act", "", [2]string{}, 400},
		"a deed of another site":       {"POST", "/api/act", "", [2]string{"Sec-Fetch-Site", "cross-site"}, 403},
		"a deed of another origin":     {"POST", "/faults", "", [2]string{"Origin", "https://evil.example"}, 403},
		"clearing of another site":     {"DELETE", "/faults", "", [2]string{"Sec-Fetch-Site", "same-site"}, 403},
		"a file that is not there":     {"GET", "/api/file?id=x", "", [2]string{}, 404},
		"an upload for a person of no": {"POST", "/api/upload?phone=x:1&kind=photo", "", [2]string{}, 400},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tc.method, s.url+tc.path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if r.Host = tc.host; tc.host == "" {
			r.Host = r.URL.Host
		}
		if tc.header[0] != "" {
			r.Header.Set(tc.header[0], tc.header[1])
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tc.want {
			t.Errorf("%s: %d, want %d", name, resp.StatusCode, tc.want)
		}
		if csp := resp.Header.Get("Content-Security-Policy"); tc.path == "" && !strings.Contains(csp, "default-src 'self'") {
			t.Errorf("%s: Content-Security-Policy %q", name, csp)
		}
	}
}

func TestTheStreamOverPlainHTTP(t *testing.T) {
	s := newStage(t)
	web := httptest.NewServer(s.sim.Inspect())
	t.Cleanup(web.Close)
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, web.URL+"/simulator/api/live?phone=demo_bot:1001", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got []byte
	for chunk := make([]byte, 4096); !bytes.Contains(got, []byte("event: phone")); {
		n, err := resp.Body.Read(chunk)
		got = append(got, chunk[:n]...)
		if err != nil {
			t.Fatalf("%s: %v", got, err)
		}
	}
	if !bytes.Contains(got, []byte("event: scene")) || bytes.Contains(got, []byte(botToken)) {
		t.Errorf("stream: %s", got)
	}
	stop()
	if _, err := resp.Body.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("after leaving: %v", err)
	}
}
