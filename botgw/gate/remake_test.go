package gate_test

import (
	"strings"
	"testing"

	"ukbot/botgw/gate"
	"ukbot/botgw/talk"
	"ukbot/nats"
	"ukbot/nats/natstest"
)

// The windows are in the servers' memory: one that was started again has no such
// bucket. Nobody may be without limits until the program is started again, too.
func TestLimitsComeBackAfterTheServersForgotThem(t *testing.T) {
	s := newScene(t)
	anna := s.s.Applicant()
	id, g := s.telegram(anna), s.gate()
	s.pass(g, s.update(id, talk.Text), who)
	if err := s.s.NATS.Conn.JS.DeleteKeyValue(t.Context(), nats.BucketLimits); err != nil {
		t.Fatal(err)
	}
	warned, updates := 0, 0
	another := func() bool {
		updates++
		if got := s.pass(g, s.update(id, talk.Text), who); !strings.Contains(got, anna.ID()) && got != "" {
			warned++
		}
		return warned > 0
	}
	// A busy store answers too late now and then, and some pass beyond the limit.
	natstest.Wait(t, "a warning", another)
	for range 5 {
		another()
	}
	if first := updates - 5; first < gate.Limits[""].Minute {
		t.Errorf("warned at update %d, want one beyond %d", first, gate.Limits[""].Minute)
	}
	if warned != 1 {
		t.Errorf("%d warnings, want 1", warned)
	}
}
