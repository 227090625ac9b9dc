package simulator

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestAFaultSpoilsTheCallsItNames(t *testing.T) {
	for name, tc := range map[string]struct {
		fault Fault
		hits  bool // a sendMessage to chat 7
	}{
		"any call":            {Fault{}, true},
		"this chat":           {Fault{Chat: 7}, true},
		"another chat":        {Fault{Chat: 8}, false},
		"this method":         {Fault{Method: "SendMessage"}, true},
		"another method":      {Fault{Method: "getMe"}, false},
		"this bot by token":   {Fault{Bot: token}, true},
		"this bot by name":    {Fault{Bot: "test_bot"}, true},
		"another bot":         {Fault{Bot: "200:x"}, false},
		"all three, but chat": {Fault{Bot: token, Method: "sendMessage", Chat: 8}, false},
	} {
		d := newDesk(t, Config{})
		tc.fault.Kind = FaultForbidden
		must(t, d.sim.SetFault(tc.fault))
		if r := d.call("sendMessage", "chat_id=7", "text=x"); (r.Code == 403) != tc.hits {
			t.Errorf("%s: %+v, want spoiled: %v", name, r, tc.hits)
		}
	}
}

func TestAFaultEndsAfterItsCountOrWhenCleared(t *testing.T) {
	d := newDesk(t, Config{})
	must(t, d.sim.SetFault(Fault{Kind: FaultFlood, RetryAfter: 5, Count: 2}))
	for range 2 {
		if r := d.call("getMe"); r.Code != 429 || r.Parameters.RetryAfter != 5 || r.Description != "Too Many Requests: retry after 5" {
			t.Errorf("within the count: %+v", r)
		}
	}
	if r := d.call("getMe"); !r.OK {
		t.Errorf("after the count: %+v", r)
	}
	must(t, d.sim.SetFault(Fault{Kind: FaultRefuse, Status: 400, Description: "Bad Request: because"}))
	if r := d.call("getMe"); r.Description != "Bad Request: because" {
		t.Errorf("refuse: %+v", r)
	}
	d.sim.ClearFaults()
	if r := d.call("getMe"); !r.OK {
		t.Errorf("after clearing: %+v", r)
	}
}

func TestAServerErrorIsAPage(t *testing.T) {
	d := newDesk(t, Config{})
	must(t, d.sim.SetFault(Fault{Kind: FaultServer}))
	resp, err := http.Get(d.url + "/bot" + token + "/getMe")
	must(t, err)
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusBadGateway || !strings.HasPrefix(string(body), "<html>") {
		t.Errorf("%s %s", resp.Status, body)
	}
}

func TestADroppedCallIsDoneAndNotAnswered(t *testing.T) {
	d := newDesk(t, Config{})
	must(t, d.sim.SetFault(Fault{Kind: FaultDrop, Count: 1}))
	resp, err := http.PostForm(d.url+"/bot"+token+"/sendMessage", url.Values{"chat_id": {"7"}, "text": {"x"}})
	if err == nil {
		resp.Body.Close()
		t.Errorf("answered: %s", resp.Status)
	}
	if d.sim.Sent() != 1 {
		t.Errorf("Sent() = %d, want 1", d.sim.Sent())
	}
}

func TestAHangingCallEndsWithItsClientOrGoesOnWhenCleared(t *testing.T) {
	d := newDesk(t, Config{})
	must(t, d.sim.SetFault(Fault{Kind: FaultHang, Count: 2}))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+"/bot"+token+"/sendMessage?chat_id=7&text=x", nil)
	must(t, err)
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Error("a hanging call was answered")
	}
	done := make(chan result)
	go func() { done <- d.call("sendMessage", "chat_id=7", "text=x") }()
	d.waitUntil("the second call hangs", func() bool { return d.sim.faults[0].Count < 0 })
	d.sim.ClearFaults()
	if r := <-done; !r.OK || d.sim.Sent() != 1 {
		t.Errorf("after clearing: %+v, sent %d", r, d.sim.Sent())
	}
}
