package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAMessageKeepsWhatItSaidBefore(t *testing.T) {
	d := newDesk(t, Config{})
	id := d.send("  <b>old</b> text\n", keyboard("a"))
	if r := d.call("editMessageText", "chat_id=7", fmt.Sprint("message_id=", id), "text=new <i>text</i>", "parse_mode=HTML"); !r.OK {
		t.Fatalf("edit: %+v", r)
	}
	all := d.sim.Messages(7)
	m := all[len(all)-1]
	if m.Text != "new text" || m.HTML != "new <i>text</i>" || m.Buttons != nil || len(m.Edits) != 1 || m.Edits[0].Text != "old text" {
		t.Errorf("after the edit: %+v", m)
	}
	if r := d.call("editMessageReplyMarkup", "chat_id=7", fmt.Sprint("message_id=", id), keyboard("b")); !r.OK {
		t.Fatalf("edit of the keyboard: %+v", r)
	}
	if r := d.call("deleteMessage", "chat_id=7", fmt.Sprint("message_id=", id)); !r.OK || len(d.sim.Messages(7)) != len(all)-1 {
		t.Errorf("delete: %+v", r)
	}
	if d.sim.Sent() != 1 {
		t.Errorf("Sent() = %d, want 1: edits do not count", d.sim.Sent())
	}
}

func TestMemoryIsBoundedAndCountersGoOn(t *testing.T) {
	d := newDesk(t, Config{KeepPerChat: 10, KeepUpdates: 5})
	for i := range 35 {
		d.send(fmt.Sprint(i))
		_, err := d.sim.SendText(token, 7, fmt.Sprint("answer ", i))
		must(t, err)
	}
	all := d.sim.Messages(7)
	if len(all) != 10 || all[9].Text != "answer 34" || all[8].Text != "34" || d.sim.Sent() != 35 {
		t.Errorf("%d messages kept, last %q, sent %d; want 10, \"answer 34\", 35", len(all), all[len(all)-1].Text, d.sim.Sent())
	}
	if n := len(d.sim.dialogs[dialogKey{100, 7}].messages); n >= 20 {
		t.Errorf("%d messages in memory, want fewer than twice KeepPerChat", n)
	}
	if ids, _ := d.updates(); len(ids) != 5 {
		t.Errorf("%d updates kept, want 5", len(ids))
	}
}

func TestATapIsAnsweredOnceAndInTime(t *testing.T) {
	now := time.Now()
	d := newDesk(t, Config{CallbackTTL: time.Minute, Now: func() time.Time { return now }})
	id := d.send("choose", keyboard("yes"))
	if _, err := d.sim.Tap(token, 7, id, "no"); err == nil {
		t.Error("a button that is not there was tapped")
	}
	first, err := d.sim.Tap(token, 7, id, "yes")
	must(t, err)
	late, err := d.sim.Tap(token, 7, id, "yes")
	must(t, err)
	_, bodies := d.updates("offset=-2")
	if !strings.Contains(bodies[0], `"callback_query":{"id":"`+first) || !strings.Contains(bodies[0], `"data":"yes"`) {
		t.Errorf("update of the tap: %s", bodies[0])
	}
	if r := d.call("answerCallbackQuery", "callback_query_id="+first, "text=thanks", "show_alert=true"); !r.OK {
		t.Errorf("answer: %+v", r)
	}
	got, err := d.sim.WaitAnswer(soon(t), first)
	if err != nil || got != (Answer{Text: "thanks", Alert: true}) {
		t.Errorf("WaitAnswer() = %+v, %v", got, err)
	}
	if r := d.call("answerCallbackQuery", "callback_query_id="+first); r.Description != errQuery.text {
		t.Errorf("second answer: %+v", r)
	}
	now = now.Add(2 * time.Minute)
	if r := d.call("answerCallbackQuery", "callback_query_id="+late); r.Description != errQuery.text {
		t.Errorf("late answer: %+v", r)
	}
}

func TestABlockIsToldAndStartLiftsIt(t *testing.T) {
	d := newDesk(t, Config{})
	must(t, d.sim.Block(token, 7), d.sim.Block(token, 7), d.sim.StartWith(token, 7, "inv_abc"))
	_, bodies := d.updates()
	if len(bodies) != 4 { // /start, blocked, unblocked, /start inv_abc
		t.Fatalf("updates: %v", bodies)
	}
	for i, want := range []string{`"text":"/start"`, `"new_chat_member":{"user":{"id":100`, `"old_chat_member":{"user":{"id":100`, `"text":"/start inv_abc"`} {
		if !strings.Contains(bodies[i], want) {
			t.Errorf("update %d: %s, want %s in it", i, bodies[i], want)
		}
	}
	if !strings.Contains(bodies[1], `"status":"kicked","until_date":0`) || !strings.Contains(bodies[3], `"type":"bot_command","offset":0,"length":6`) {
		t.Errorf("updates: %s and %s", bodies[1], bodies[3])
	}
	d.send("welcome back")
}

func TestAFileIsStoredAndSentAgainByItsID(t *testing.T) {
	d := newDesk(t, Config{})
	png := "\x89PNG\r\n\x1a\n picture"
	for method, key := range map[string]string{"sendPhoto": "photo", "sendDocument": "document"} {
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		must(t, w.WriteField("chat_id", "7"), w.WriteField("caption", "<b>plan</b>"), w.WriteField("parse_mode", "HTML"))
		part, err := w.CreateFormFile(key, "plan.png")
		must(t, err)
		_, err = part.Write([]byte(png))
		must(t, err, w.Close())
		resp, err := http.Post(d.url+"/bot"+token+"/"+method, w.FormDataContentType(), &form)
		must(t, err)
		if r := d.read(resp); !r.OK {
			t.Fatalf("%s: %+v", method, r)
		}
		all := d.sim.Messages(7)
		m := all[len(all)-1]
		id := m.Photo + m.Document
		if f, ok := d.sim.File(id); !ok || string(f.Data) != png || f.Mime != "image/png" || m.Text != "plan" {
			t.Errorf("%s stored %+v of %+v", method, f, m)
		}
		if r := d.call(method, "chat_id=7", key+"="+id); !r.OK {
			t.Errorf("%s by id: %+v", method, r)
		}
	}
}

func TestCommandsBelongToScopeAndLanguage(t *testing.T) {
	d := newDesk(t, Config{})
	chat := `scope={"type":"chat","chat_id":7}`
	set := func(text string, fields ...string) {
		t.Helper()
		if r := d.call("setMyCommands", append(fields, `commands=[{"command":"/menu","description":"`+text+`"}]`)...); !r.OK {
			t.Fatalf("setMyCommands: %+v", r)
		}
	}
	set("default")
	set("uz", "language_code=uz")
	set("chat", chat)
	if r := d.call("deleteMyCommands", "language_code=uz"); !r.OK {
		t.Errorf("deleteMyCommands: %+v", r)
	}
	for name, tc := range map[string]struct{ field, want string }{
		"default":            {"x=", `[{"command":"menu","description":"default"}]`},
		"deleted":            {"language_code=uz", `[]`},
		"of a chat":          {chat, `[{"command":"menu","description":"chat"}]`},
		"of an unknown chat": {`scope={"type":"chat","chat_id":99}`, ``},
	} {
		if r := d.call("getMyCommands", tc.field); string(r.Result) != tc.want {
			t.Errorf("%s: %+v, want %s", name, r, tc.want)
		}
	}
	d.call("setChatMenuButton", "chat_id=7", `menu_button={"type":"commands"}`)
	if r := d.call("getChatMenuButton", "chat_id=7"); string(r.Result) != `{"type":"commands"}` {
		t.Errorf("menu button: %+v", r)
	}
	if r := d.call("getChat", "chat_id=7"); !strings.Contains(string(r.Result), `"type":"private"`) {
		t.Errorf("getChat: %+v", r)
	}
}

func TestWaitingSeesEachMessageOnceItIsThere(t *testing.T) {
	d := newDesk(t, Config{KeepPerChat: 10_000})
	const people, each = 20, 50
	var wg sync.WaitGroup
	for p := range people {
		id := int64(1000 + p)
		d.sim.AddUser(User{ID: id})
		must(t, d.sim.Start(token, id))
		wg.Go(func() {
			for i := range each {
				if r := d.call("sendMessage", fmt.Sprint("chat_id=", id), fmt.Sprint("text=", i)); !r.OK {
					t.Errorf("send: %+v", r)
				}
			}
		})
	}
	got, err := d.sim.Wait(soon(t), 1007, func(m []Message) bool { return len(m) == each+1 })
	if err != nil || got[each].Text != fmt.Sprint(each-1) {
		t.Errorf("Wait: %v", err)
	}
	must(t, d.sim.WaitSent(soon(t), people*each))
	wg.Wait()
}

func TestFloodLimitsAreTelegrams(t *testing.T) {
	now := time.Now()
	d := newDesk(t, Config{Flood: true, Now: func() time.Time { return now }})
	must(t, d.sim.AddGroup(token, -5, "yard"))
	refused := func(chat string) (after int) {
		r := d.call("sendMessage", "chat_id="+chat, "text=x")
		return r.Parameters.RetryAfter
	}
	for i, want := range []int{0, 0, 0, 1, 1} { // a burst of three, then one a second; refusals cost nothing
		if got := refused("7"); got != want {
			t.Errorf("message %d to one chat: retry_after %d, want %d", i, got, want)
		}
	}
	now = now.Add(time.Second)
	if got := refused("7"); got != 0 {
		t.Errorf("a second later: retry_after %d, want 0", got)
	}
	sent := 0
	for range 60 { // a minute to a group, one try a second
		now = now.Add(time.Second)
		if refused("-5") == 0 {
			sent++
		}
	}
	if sent < 38 || sent > 41 { // the burst of 20, then 20 a minute
		t.Errorf("%d messages to a group in a minute", sent)
	}
	now = now.Add(time.Minute)
	for i := range 31 {
		id := int64(2000 + i)
		d.sim.AddUser(User{ID: id})
		must(t, d.sim.Start(token, id))
		if got, want := refused(fmt.Sprint(id)) > 0, i == 30; got != want {
			t.Errorf("chat %d of 31 at once: refused %v, want %v", i, got, want)
		}
	}
}

func TestInspectShowsChatsAndMessagesAndSetsFaults(t *testing.T) {
	d := newDesk(t, Config{})
	d.send("<b>hi</b>")
	web := httptest.NewServer(d.sim.Inspect())
	t.Cleanup(web.Close)
	ask := func(method, path, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(method, web.URL+path, strings.NewReader(body))
		must(t, err)
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		defer resp.Body.Close()
		var out bytes.Buffer
		_, err = out.ReadFrom(resp.Body)
		must(t, err)
		return resp.StatusCode, out.String()
	}
	_, body := ask("GET", "/simulator/messages?chat=7", "")
	var all []Message
	if err := json.Unmarshal([]byte(body), &all); err != nil || len(all) != 2 || all[1].HTML != "<b>hi</b>" {
		t.Errorf("messages: %s", body)
	}
	if _, body := ask("GET", "/simulator/chats", ""); !strings.Contains(body, `"started": true`) || strings.Contains(body, token) {
		t.Errorf("chats: %s", body)
	}
	for body, want := range map[string]int{
		`{"kind":"429","chat":7,"retry_after":4}`: 201,
		`{"kind":"earthquake"}`:                   400,
		`{"kind":"5xx","status":200}`:             400,
		`{"knd":"429"}`:                           400,
	} {
		if got, answer := ask("POST", "/simulator/faults", body); got != want {
			t.Errorf("POST %s: %d %s, want %d", body, got, answer, want)
		}
	}
	if r := d.call("sendMessage", "chat_id=7", "text=x"); r.Parameters.RetryAfter != 4 {
		t.Errorf("with the fault: %+v", r)
	}
	if got, _ := ask("DELETE", "/simulator/faults", ""); got != 204 {
		t.Errorf("DELETE: %d", got)
	}
	d.send("works again")
}
