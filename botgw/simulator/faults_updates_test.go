package simulator

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// texts are the texts and taps of updates, in their order.
func texts(bodies []string) string {
	var out []string
	for _, body := range bodies {
		for _, key := range []string{`"data":"`, `"text":"`} {
			if _, rest, ok := strings.Cut(body, key); ok {
				text, _, _ := strings.Cut(rest, `"`)
				out = append(out, text)
				break
			}
		}
	}
	return strings.Join(out, " ")
}

func TestAnUpdateComesTwiceToWhoPolls(t *testing.T) {
	d := newDesk(t, Config{})
	d.updates("offset=900000000")
	must(t, d.sim.SetFault(Fault{Kind: FaultDuplicate, Count: 1, Method: "message"}))
	d.say("one", "two")
	ids, first := d.updates()
	_, second := d.updates(fmt.Sprint("offset=", ids[1]+1))
	_, third := d.updates(fmt.Sprint("offset=", ids[1]+1))
	if texts(first) != "one two" || texts(second) != "one" || third != nil {
		t.Errorf("updates: %q, then %q, then %q", texts(first), texts(second), texts(third))
	}
}

func TestAnUpdateComesTwiceToAWebhook(t *testing.T) {
	d := newDesk(t, Config{})
	d.updates("offset=900000000")
	must(t, d.sim.SetFault(Fault{Kind: FaultDuplicate, Count: 1}))
	r := &receiver{come: make(chan struct{}, 100)}
	web := httptest.NewServer(http.HandlerFunc(r.ServeHTTP))
	t.Cleanup(web.Close)
	d.call("setWebhook", "url="+web.URL)
	d.say("one", "two")
	r.await(t, 3)
	if got := strings.Join(r.got, " "); got != "one one two" {
		t.Errorf("delivered %q", got)
	}
}

func TestUpdatesComeOutOfOrder(t *testing.T) {
	d := newDesk(t, Config{})
	id := d.send("choose", keyboard("tap"))
	d.updates("offset=900000000")
	must(t, d.sim.SetFault(Fault{Kind: FaultReorder, Count: 1, RetryAfter: 60}))
	d.say("written-first")
	_, err := d.sim.Tap(token, 7, id, "tap")
	must(t, err)
	if _, bodies := d.updates(); texts(bodies) != "tap written-first" {
		t.Errorf("updates: %q", texts(bodies))
	}
}

func TestAnUpdateComesLate(t *testing.T) {
	d := newDesk(t, Config{})
	d.updates("offset=900000000")
	must(t, d.sim.SetFault(Fault{Kind: FaultDelay, Count: 1, RetryAfter: 1}))
	d.say("late", "early")
	if _, bodies := d.updates(); texts(bodies) != "early" {
		t.Errorf("at once: %q", texts(bodies))
	}
	d.waitUntil("the late one", func() bool { return len(d.sim.bots[token].pending) == 2 })
	must(t, d.sim.SetFault(Fault{Kind: FaultDelay, RetryAfter: 3600}))
	d.say("held")
	d.sim.ClearFaults()
	if _, bodies := d.updates(); texts(bodies) != "early late held" {
		t.Errorf("with the faults cleared: %q", texts(bodies))
	}
}

func TestWhatWasCalledAboutAChatIsRemembered(t *testing.T) {
	d := newDesk(t, Config{})
	d.send("hello there")
	d.call("sendMessage", "chat_id=7")
	must(t, d.sim.SetFault(Fault{Kind: FaultServer, Count: 1}))
	resp, err := http.Post(d.url+"/bot"+token+"/sendMessage?chat_id=7&text=x", "", nil)
	must(t, err)
	resp.Body.Close()
	calls := d.sim.Calls(token, 7)
	if len(calls) != 3 || calls[0].Params != `parse_mode=HTML text="hello there"` || calls[0].Error != "" ||
		calls[1].Error != errTextEmpty.text || calls[2].Fault != FaultServer {
		t.Errorf("calls: %+v", calls)
	}
}

func TestMediaIsEditedAndManyMessagesDeleted(t *testing.T) {
	d := newDesk(t, Config{})
	_, err := d.sim.SendPhoto(token, 7, picture(t, 200, 100), "")
	must(t, err)
	_, err = d.sim.SendPhoto(token, 7, picture(t, 300, 100), "")
	must(t, err)
	all := d.sim.Messages(7)
	one, two := all[len(all)-2].Photo, all[len(all)-1].Photo
	text := d.send("a text")
	if r := d.call("editMessageMedia", "chat_id=7", fmt.Sprint("message_id=", text), `media={"type":"photo","media":"`+one+`","caption":"<b>one</b>","parse_mode":"HTML"}`); !r.OK || !strings.Contains(string(r.Result), `"caption":"one"`) {
		t.Fatalf("a photo in place of a text: %+v", r)
	}
	if r := d.call("editMessageCaption", "chat_id=7", fmt.Sprint("message_id=", text), "caption=two"); !r.OK {
		t.Errorf("a new caption: %+v", r)
	}
	r := d.call("sendMediaGroup", "chat_id=7", `media=[{"type":"photo","media":"`+one+`","caption":"both"},{"type":"photo","media":"`+two+`"}]`)
	if !r.OK || strings.Count(string(r.Result), `"media_group_id"`) != 2 {
		t.Fatalf("an album: %+v", r)
	}
	all = d.sim.Messages(7)
	album := all[len(all)-2:]
	if r := d.call("deleteMessages", "chat_id=7", fmt.Sprintf("message_ids=[%d,%d,99999]", album[0].ID, album[1].ID)); !r.OK || len(d.sim.Messages(7)) != len(all)-2 {
		t.Errorf("deleteMessages: %+v", r)
	}
}
