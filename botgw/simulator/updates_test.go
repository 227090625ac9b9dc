package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// say makes person 7 write texts.
func (d *desk) say(texts ...string) {
	d.t.Helper()
	for _, text := range texts {
		_, err := d.sim.SendText(token, 7, text)
		must(d.t, err)
	}
}

func TestOffsetsConfirmAndForget(t *testing.T) {
	d := newDesk(t, Config{})
	d.say("one", "two", "three")
	all, _ := d.updates()
	if len(all) != 4 || all[3] != all[0]+3 { // /start and three texts
		t.Fatalf("updates %v", all)
	}
	if again, _ := d.updates("limit=2"); len(again) != 2 || again[0] != all[0] {
		t.Errorf("without offset nothing is confirmed: %v", again)
	}
	if rest, _ := d.updates(fmt.Sprint("offset=", all[1])); len(rest) != 3 {
		t.Errorf("offset of the second: %v", rest)
	}
	if last, _ := d.updates("offset=-1"); len(last) != 1 || last[0] != all[3] {
		t.Errorf("offset -1: %v", last)
	}
	if still, _ := d.updates(); len(still) != 1 {
		t.Errorf("after offset -1 the older ones are forgotten: %v", still)
	}
	if none, _ := d.updates(fmt.Sprint("offset=", all[3]+1)); len(none) != 0 {
		t.Errorf("all confirmed: %v", none)
	}
}

func TestALongPollEndsWithTheUpdate(t *testing.T) {
	d := newDesk(t, Config{})
	d.updates("offset=900000000")
	got := make(chan []string)
	go func() {
		_, bodies := d.updates("timeout=20")
		got <- bodies
	}()
	d.say("hello")
	select {
	case bodies := <-got:
		if len(bodies) != 1 || !strings.Contains(bodies[0], `"text":"hello"`) {
			t.Errorf("updates: %v", bodies)
		}
	case <-soon(t).Done():
		t.Fatal("the long poll did not end")
	}
}

func TestALongPollWithNothingEndsEmpty(t *testing.T) {
	d := newDesk(t, Config{})
	d.updates("offset=900000000")
	begin := time.Now()
	ids, _ := d.updates("timeout=1")
	if took := time.Since(begin); len(ids) != 0 || took < time.Second {
		t.Errorf("%v after %s", ids, took)
	}
}

func TestAnyWebhookEndsPolling(t *testing.T) {
	d := newDesk(t, Config{})
	d.updates("offset=900000000")
	ended := make(chan result)
	go func() { ended <- d.call("getUpdates", "timeout=20") }()
	d.waitForPoll()
	if r := d.call("setWebhook", "url=http://127.0.0.1:1/"); !r.OK || r.Description != "Webhook was set" {
		t.Errorf("setWebhook: %+v", r)
	}
	if r := <-ended; r.Code != 409 || r.Description != errHookSet.text {
		t.Errorf("the poll that waited: %+v", r)
	}
	if r := d.call("getUpdates"); r.Code != 409 || r.Description != errHookActive.text {
		t.Errorf("a poll beside a webhook: %+v", r)
	}
	if r := d.call("deleteWebhook"); !r.OK || r.Description != "Webhook was deleted" {
		t.Errorf("deleteWebhook: %+v", r)
	}
	d.updates()
}

// waitForPoll returns when a getUpdates call waits.
func (d *desk) waitForPoll() {
	d.t.Helper()
	d.waitUntil("a poll waits", func() bool { return d.sim.bots[token].poll != nil })
}

func TestASecondPollerEndsTheFirst(t *testing.T) {
	d := newDesk(t, Config{})
	d.updates("offset=900000000")
	ended := make(chan result)
	go func() { ended <- d.call("getUpdates", "timeout=20") }()
	d.waitForPoll()
	d.updates()
	if r := <-ended; r.Code != 409 || r.Description != errOtherPoll.text {
		t.Errorf("the first poller: %+v", r)
	}
}

func TestOnlyAllowedUpdatesAreKept(t *testing.T) {
	d := newDesk(t, Config{})
	d.updates("offset=900000000", `allowed_updates=["callback_query"]`)
	id := d.send("x", keyboard("k"))
	d.say("not wanted")
	_, err := d.sim.Tap(token, 7, id, "k")
	must(t, err)
	if _, bodies := d.updates(); len(bodies) != 1 || !strings.Contains(bodies[0], "callback_query") {
		t.Errorf("updates: %v", bodies)
	}
	d.updates("offset=900000000", "allowed_updates=[]")
	d.say("wanted again")
	if _, bodies := d.updates(); len(bodies) != 1 {
		t.Errorf("updates: %v", bodies)
	}
}

func TestUpdatesExpire(t *testing.T) {
	now := time.Now()
	d := newDesk(t, Config{Now: func() time.Time { return now }})
	id := d.send("x", keyboard("k"))
	_, err := d.sim.Tap(token, 7, id, "k")
	must(t, err)
	now = now.Add(3 * time.Minute)
	if ids, _ := d.updates(); len(ids) != 1 { // /start stays, the tap is gone
		t.Errorf("after 3 minutes: %v", ids)
	}
	now = now.Add(24 * time.Hour)
	if ids, _ := d.updates(); len(ids) != 0 {
		t.Errorf("after a day: %v", ids)
	}
}

// receiver is a webhook's end that answers with the codes it was given, then 200.
type receiver struct {
	mu    sync.Mutex
	codes []int
	after string // Retry-After of refusals
	got   []string
	sign  []string
	times []time.Time
	come  chan struct{}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var u struct {
		Message struct {
			Text string `json:"text"`
		} `json:"message"`
	}
	_ = json.NewDecoder(req.Body).Decode(&u)
	r.mu.Lock()
	code := 200
	if len(r.codes) > 0 {
		code, r.codes = r.codes[0], r.codes[1:]
		w.Header().Set("Retry-After", r.after)
	}
	r.got, r.times = append(r.got, u.Message.Text), append(r.times, time.Now())
	r.sign = append(r.sign, req.Header.Get("X-Telegram-Bot-Api-Secret-Token"))
	r.mu.Unlock()
	w.WriteHeader(code)
	r.come <- struct{}{}
}

// await returns after n deliveries.
func (r *receiver) await(t *testing.T, n int) {
	t.Helper()
	for range n {
		select {
		case <-r.come:
		case <-soon(t).Done():
			t.Fatalf("%d deliveries awaited, got %q", n, r.got)
		}
	}
}

func TestAWebhookGetsUpdatesInOrderWithItsSecret(t *testing.T) {
	for name, tc := range map[string]struct {
		after string
		codes []int
		pause time.Duration
	}{
		"accepted at once":    {"", nil, 0},
		"refused twice":       {"", []int{500, 302}, 0},
		"waits that double":   {"", []int{500, 500, 500, 500}, 75 * time.Millisecond}, // 5 + 10 + 20 + 40
		"refused with a wait": {"1", []int{503}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, Config{WebhookBackoff: 5 * time.Millisecond})
			r := &receiver{codes: tc.codes, after: tc.after, come: make(chan struct{}, 100)}
			web := httptest.NewServer(r)
			t.Cleanup(web.Close)
			if a := d.call("setWebhook", "url="+web.URL, "secret_token=s_3-cret"); !a.OK {
				t.Fatalf("setWebhook: %+v", a)
			}
			d.say("one", "two")
			r.await(t, 3+len(tc.codes))
			want := strings.Repeat("/start ", len(tc.codes)) + "/start one two"
			if got := strings.Join(r.got, " "); got != want {
				t.Errorf("delivered %q, want %q", got, want)
			}
			if r.sign[0] != "s_3-cret" {
				t.Errorf("secret header %q", r.sign[0])
			}
			if wait := r.times[len(tc.codes)].Sub(r.times[0]); wait < tc.pause {
				t.Errorf("tried again after %s, want at least %s", wait, tc.pause)
			}
		})
	}
}

func TestWhatAWebhookDidNotTakeStaysForPolling(t *testing.T) {
	d := newDesk(t, Config{WebhookBackoff: time.Hour})
	r := &receiver{codes: []int{500}, come: make(chan struct{}, 100)}
	web := httptest.NewServer(r)
	t.Cleanup(web.Close)
	d.call("setWebhook", "url="+web.URL, `allowed_updates=["message"]`)
	r.await(t, 1)
	var info webhookInfo
	for ctx := soon(t); info.LastErrorMessage == "" && ctx.Err() == nil; {
		_ = json.Unmarshal(d.call("getWebhookInfo").Result, &info)
	}
	if info.URL != web.URL || info.PendingUpdateCount != 1 || info.LastErrorMessage != "Wrong response from the webhook: 500 Internal Server Error" || len(info.AllowedUpdates) != 1 {
		t.Errorf("getWebhookInfo: %+v", info)
	}
	d.call("deleteWebhook")
	if ids, _ := d.updates(); len(ids) != 1 {
		t.Errorf("updates left: %v", ids)
	}
	d.call("setWebhook", "url="+web.URL, "drop_pending_updates=true")
	d.say("fresh")
	r.await(t, 1)
	if r.got[1] != "fresh" {
		t.Errorf("delivered %q after dropping, want only \"fresh\"", r.got[1:])
	}
}
