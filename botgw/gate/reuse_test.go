package gate_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"ukbot/botgw/talk"
	"ukbot/events"
	"ukbot/nats"
)

// TestASessionSetBackFrightensNobody is a bucket restored from yesterday's copy:
// the token in it is used up, and the answer to it is kept no more.
func TestASessionSetBackFrightensNobody(t *testing.T) {
	s := newScene(t)
	anna := s.s.Applicant()
	id := s.telegram(anna)
	s.pass(s.gate(), s.update(id, talk.Text), who)
	kv, err := s.s.NATS.Conn.JS.KeyValue(t.Context(), nats.BucketSessions)
	if err != nil {
		t.Fatal(err)
	}
	before, err := kv.Get(t.Context(), "acme."+itoa(id))
	if err != nil {
		t.Fatal(err)
	}
	s.s.Clock.Advance(14 * time.Minute)
	s.pass(s.gate(), s.update(id, talk.Text), who)
	if _, err := kv.Put(t.Context(), "acme."+itoa(id), before.Value()); err != nil {
		t.Fatal(err)
	}
	s.s.Clock.Advance(25 * time.Hour)
	if got := s.pass(s.gate(), s.update(id, talk.Text), who); !strings.Contains(got, anna.ID()) {
		t.Errorf("answered %q", got)
	}
	reused := 0
	for _, e := range s.s.Outbox(t) {
		if e.Type != "housing.user.session_reused" {
			continue
		}
		reused++
		var data events.UserChanged
		if err := json.Unmarshal(e.Data, &data); err != nil || len(data.Know) > 0 {
			t.Errorf("told %+v, %v, want nobody", data.Know, err)
		}
	}
	if reused != 1 {
		t.Errorf("%d events about a reuse, want one: the test does not do what it says", reused)
	}
}
