package gate_test

import (
	"strings"
	"testing"

	"ukbot/botgw/gate"
	"ukbot/botgw/talk"
	"ukbot/nats"
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
	warned := 0
	for range gate.Limits[""].Minute + 5 {
		if got := s.pass(g, s.update(id, talk.Text), who); !strings.Contains(got, anna.ID()) && got != "" {
			warned++
		}
	}
	if warned != 1 {
		t.Errorf("%d warnings, want 1", warned)
	}
}
