package gate_test

import (
	"context"
	"strings"
	"testing"

	"ukbot/botgw/gate"
	"ukbot/botgw/talk"
)

// inAGroup: nobody reads there how somebody else stands, or hears the bot at all
// unless it is spoken to; and what people say there is not counted against them.
func inAGroup(t *testing.T, s *scene) {
	blocked, anna := s.s.Applicant(), s.s.Applicant()
	s.exec("UPDATE users SET status = 'blocked' WHERE id = $1", blocked.User)
	g := s.gate()
	group := func(u *talk.Update) { u.Chat = -100 }
	hint := func(_ context.Context, t *talk.Turn) error {
		if t.Person != nil {
			return who(context.Background(), t)
		}
		t.Say(talk.Screen{Text: "hint"})
		return nil
	}
	for kind, want := range map[talk.Kind]string{talk.Text: "", talk.Photo: "", talk.Command: "say hint", talk.Tap: "say hint"} {
		if got := s.pass(g, s.update(s.telegram(blocked), kind, group), hint); got != want {
			t.Errorf("%s of a blocked person in a group: %q, want %q", kind, got, want)
		}
	}

	id, most := s.telegram(anna), gate.Limits[""]
	for range most.Minute + 5 {
		if got := s.pass(g, s.update(id, talk.Text, group), hint); got != "" {
			t.Fatalf("chatter in a group: %q", got)
		}
	}
	if got := s.pass(g, s.update(id, talk.Text), who); !strings.Contains(got, anna.ID()) {
		t.Errorf("in private after that: %q", got)
	}
	for range most.Commands * 3 {
		if got := s.pass(g, s.update(id, talk.Command, group), hint); got != "say hint" && got != "" {
			t.Fatalf("commands in a group: %q", got)
		}
	}
}
