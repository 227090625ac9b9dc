package gate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"ukbot/api"
	"ukbot/botgw/gate"
	"ukbot/botgw/talk"
	"ukbot/nats"
	"ukbot/nats/natstest"
)

func TestServicesThatAreAwayAreToldOnceAndSoIsTheirReturn(t *testing.T) {
	s := newScene(t)
	anna, boris := s.telegram(s.s.Applicant()), s.telegram(s.s.Manager())
	slowly := func(cfg *gate.Config) { // so that two who tell would both begin
		cfg.Deliver = func(ctx context.Context, tenant string, bot, chat int64, outs []talk.Out) error {
			<-time.After(100 * time.Millisecond)
			return s.outbox.deliver(ctx, tenant, bot, chat, outs)
		}
	}
	here, _ := s.running(slowly)
	there, _ := s.running(slowly)
	s.pass(here, s.update(anna, talk.Text), who) // her language is known now; his is not
	s.front.down.Store(true)

	u := s.update(anna, talk.Text)
	half := func(ctx context.Context, t *talk.Turn) error {
		t.Say(talk.Screen{Text: "half"})
		return who(ctx, t)
	}
	if got := s.pass(here, u, half); !strings.HasPrefix(got, "say 🛠 Сервис") || strings.Contains(got, "half") {
		t.Errorf("at first: %q", got)
	}
	if got := s.pass(there, s.update(anna, talk.Text), who); got != "" {
		t.Errorf("a second message: %q, want nothing", got)
	}
	if got := s.pass(there, s.update(anna, talk.Tap), who); got != "toast 🛠 Сервис временно недоступен" {
		t.Errorf("a tap: %q", got)
	}
	if got := s.pass(there, s.update(boris, talk.Tap), who); !strings.HasPrefix(got, "toast 🛠 Xizmat") || !strings.Contains(got, "\nsay 🛠 Xizmat") {
		t.Errorf("somebody else's tap: %q", got)
	}

	s.front.down.Store(false)
	for chat, want := range map[int64]string{anna: "✅ Сервис", boris: "✅ Xizmat"} {
		natstest.Wait(t, "the chat to be told", func() bool { return len(s.outbox.toldTo(chat)) > 0 })
		if told := s.outbox.toldTo(chat); !strings.HasPrefix(told[0], want) {
			t.Errorf("told %q, want %s…", told, want)
		}
	}
	natstest.Wait(t, "the bucket to be empty", func() bool { return len(s.waiting()) == 0 })
	if got := s.pass(here, s.update(anna, talk.Text), who); !strings.Contains(got, " applicant ") {
		t.Errorf("afterwards: %q", got)
	}
	for _, chat := range []int64{anna, boris} {
		if told := s.outbox.toldTo(chat); len(told) != 1 {
			t.Errorf("told %d times: %q", len(told), told)
		}
	}

	// The next outage is another one.
	s.front.down.Store(true)
	if got := s.pass(here, s.update(anna, talk.Text), who); !strings.HasPrefix(got, "say 🛠") {
		t.Errorf("in the next outage: %q", got)
	}
}

// waiting is the keys of who waits.
func (s *scene) waiting() []string {
	s.t.Helper()
	kv, err := s.s.NATS.Conn.JS.KeyValue(s.t.Context(), nats.BucketWaiting)
	if err != nil {
		s.t.Fatal(err)
	}
	lister, err := kv.ListKeys(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	var keys []string
	for key := range lister.Keys() {
		keys = append(keys, key)
	}
	return keys
}

func TestWhoFindsOutThemselvesIsNotTold(t *testing.T) {
	s := newScene(t)
	anna := s.telegram(s.s.Applicant())
	g, _ := s.running(func(cfg *gate.Config) { cfg.ProbeEvery = time.Hour })
	s.front.down.Store(true)
	s.pass(g, s.update(anna, talk.Text), who)
	if keys := s.waiting(); len(keys) != 1 || keys[0] != "acme.99."+itoa(anna) {
		t.Fatalf("waiting: %v", keys)
	}
	s.front.down.Store(false)
	natstest.Wait(t, "an answer", func() bool { return strings.Contains(s.pass(g, s.update(anna, talk.Tap), who), " applicant ") })
	if keys := s.waiting(); len(keys) != 0 {
		t.Errorf("still waiting: %v", keys)
	}
}

func TestAChatThatCannotBeToldIsTriedAgain(t *testing.T) {
	s := newScene(t)
	anna := s.telegram(s.s.Applicant())
	tries := 0
	g, _ := s.running(func(cfg *gate.Config) {
		cfg.Deliver = func(ctx context.Context, tenant string, bot, chat int64, outs []talk.Out) error {
			if tries++; tries < 3 {
				return errors.New("Telegram does not answer")
			}
			return s.outbox.deliver(ctx, tenant, bot, chat, outs)
		}
	})
	s.front.down.Store(true)
	s.pass(g, s.update(anna, talk.Text), who)
	s.front.down.Store(false)
	natstest.Wait(t, "the chat to be told", func() bool { return len(s.outbox.toldTo(anna)) == 1 })
	natstest.Wait(t, "the bucket to be empty", func() bool { return len(s.waiting()) == 0 })
}

func TestWithoutNATSPeopleAreToldThatServicesAreAway(t *testing.T) {
	s := newScene(t)
	anna := s.telegram(s.s.Applicant())
	g := s.gate()
	s.s.NATS.Stop()
	s.front.down.Store(true)
	if got := s.pass(g, s.update(anna, talk.Text), who); !strings.HasPrefix(got, "say 🛠") {
		t.Errorf("answered %q", got)
	}
}

func timeIsOver(t *testing.T, s *scene) {
	anna := s.telegram(s.s.Applicant())
	g := s.gate(func(cfg *gate.Config) {
		cfg.Answer = func(ctx context.Context, t *talk.Turn) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return s.outbox.answer(ctx, t)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	u := s.update(anna, talk.Text)
	if err := g.Pass(ctx, u, func(ctx context.Context, t *talk.Turn) error {
		<-ctx.Done() // as a service that hangs
		return who(ctx, t)
	}); err != nil {
		t.Fatal(err)
	}
	if got := s.outbox.answered(u.ID); !strings.HasPrefix(got, "say 🛠") {
		t.Errorf("answered %q", got)
	}
	// The program stops: the update comes again.
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := g.Pass(ctx, s.update(anna, talk.Text), who); !errors.Is(err, context.Canceled) {
		t.Errorf("while stopping: %v, want context.Canceled", err)
	}
}

func overTheLimit(t *testing.T, s *scene) {
	anna := s.telegram(s.s.Applicant())
	g := s.gate()
	for range 20 {
		s.pass(g, s.update(anna, talk.Text), who)
	}
	never := func(context.Context, *talk.Turn) error { t.Error("handled"); return nil }
	if got := s.pass(g, s.update(anna, talk.Text), never); got != "say ✋ Слишком много сообщений подряд. Подождите 60 сек., пожалуйста." {
		t.Errorf("the first: %q", got)
	}
	if got := s.pass(g, s.update(anna, talk.Text), never); got != "" {
		t.Errorf("the second: %q, want nothing", got)
	}
	if got := s.pass(g, s.update(anna, talk.Tap), who); !strings.Contains(got, " applicant ") {
		t.Errorf("a tap: %q", got)
	}
	for range 59 {
		s.pass(g, s.update(anna, talk.Tap), who)
	}
	for range 3 {
		if got := s.pass(g, s.update(anna, talk.Tap), never); !strings.HasPrefix(got, "toast ✋ Не так быстро") {
			t.Errorf("a tap too many: %q", got)
		}
	}
	// A stranger is told in Telegram's language.
	for range 5 {
		s.pass(g, s.update(5, talk.Command), func(context.Context, *talk.Turn) error { return nil })
	}
	if got := s.pass(g, s.update(5, talk.Command), never); !strings.HasPrefix(got, "say ✋ Ketma-ket juda koʻp buyruq") {
		t.Errorf("a stranger: %q", got)
	}
}

func BenchmarkPass(b *testing.B) {
	s := newScene(b)
	anna := s.telegram(s.s.Applicant())
	now := s.s.Clock.Now()
	g, _ := s.running(func(cfg *gate.Config) {
		cfg.FlushEvery = time.Second
		cfg.Limits = map[api.Role]gate.Limit{"": {Minute: 100}, api.RoleApplicant: {Minute: 100}}
		cfg.Now = func() time.Time { return now }
	})
	if got := s.pass(g, s.update(anna, talk.Text), who); got == "" { // the login
		b.Fatal("not answered")
	}
	n := 0
	nothing := func(context.Context, *talk.Turn) error { return nil }
	for b.Loop() {
		if err := g.Pass(b.Context(), s.update(anna, talk.Text), nothing); err != nil {
			b.Fatal(err)
		}
		// 89 events in the window, the session always as fresh as it was.
		if n++; n%80 == 0 {
			now = now.Add(time.Duration(1-n/80%2*2) * 2 * time.Minute)
		}
	}
}
