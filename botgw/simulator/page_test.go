package simulator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ukbot/botgw/simulator/pagetest"
)

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
	one.Finds("textarea:placeholder-shown") // and no line break of the Enter that sent it

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
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
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
