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
	"ukbot/housing/housingtest"
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

// person is a row of bot_people.
type person struct {
	Chat        int64
	Name, Role  string
	Roles       []string
	Language    string
	Unreachable bool
}

func (s *scene) person(who *housingtest.Client) (p person) {
	s.t.Helper()
	_ = s.s.Pool.QueryRow(s.t.Context(), "SELECT chat_id, name, role, roles, language, unreachable_at IS NOT NULL FROM bot_people WHERE person_id = $1", who.ID()).
		Scan(&p.Chat, &p.Name, &p.Role, &p.Roles, &p.Language, &p.Unreachable) // none: the zero person
	return p
}

func TestWhoComesIsNoted(t *testing.T) {
	s := newScene(t)
	anna := s.s.Applicant(housingtest.Name("Анна"))
	id := s.telegram(anna)
	g, _ := s.running()
	group := func(u *talk.Update) { u.Chat = -100 }
	s.pass(g, s.update(id, talk.Text, group), who)
	s.pass(g, s.update(id, talk.Text), who)
	natstest.Wait(t, "the person to be noted", func() bool { return s.person(anna).Chat == id })
	if p := s.person(anna); p.Name != "Анна" || p.Role != "applicant" || len(p.Roles) != 1 || p.Language != "ru" || p.Unreachable {
		t.Errorf("noted %+v", p)
	}

	s.pass(g, s.update(id, talk.Blocked), nil)
	if !s.person(anna).Unreachable {
		t.Error("reachable after they blocked the bot")
	}
	s.pass(g, s.update(id, talk.Returned), nil)
	if s.person(anna).Unreachable {
		t.Error("unreachable after they returned")
	}
	s.pass(g, s.update(id, talk.Blocked), nil)
	s.pass(g, s.update(id, talk.Command, func(u *talk.Update) { u.Command = "start" }), who)
	natstest.Wait(t, "the person to be reachable", func() bool { return !s.person(anna).Unreachable })

	s.exec("UPDATE users SET name = 'Анна К.' WHERE id = $1", anna.User)
	if err := g.Forget(t.Context(), "acme", id); err != nil {
		t.Fatal(err)
	}
	s.pass(g, s.update(id, talk.Text), who)
	natstest.Wait(t, "the new name", func() bool { return s.person(anna).Name == "Анна К." })
}

func TestAGroupThatMovesIsFollowed(t *testing.T) {
	s := newScene(t)
	s.exec("INSERT INTO bot_subscriptions (tenant_id, chat_id, pattern, language) VALUES ('acme', -5, 'x', 'ru')")
	s.pass(s.gate(), s.update(7, talk.Migrated, func(u *talk.Update) { u.Chat, u.MigratedTo = -5, -100500 }), nil)
	var chat int64
	if err := s.s.Pool.QueryRow(t.Context(), "SELECT chat_id FROM bot_subscriptions").Scan(&chat); err != nil || chat != -100500 {
		t.Errorf("chat %d, %v", chat, err)
	}
}

func TestFiguresOfTwoReplicasAddUp(t *testing.T) {
	s := newScene(t)
	anna := s.telegram(s.s.Applicant())
	here, stopHere := s.running(unlimited)
	there, stopThere := s.running(unlimited, func(cfg *gate.Config) { cfg.FlushEvery = time.Hour })
	step := func(name string, err error) gate.Next {
		return func(ctx context.Context, t *talk.Turn) error {
			t.Step = name
			return errors.Join(who(ctx, t), err)
		}
	}
	for range 2 {
		for _, g := range []*gate.Gate{here, there} {
			s.pass(g, s.update(anna, talk.Tap), step("card", nil))
			s.pass(g, s.update(anna, talk.Tap), step("Имя Фамилия", nil))
			s.pass(g, s.update(anna, talk.Command, func(u *talk.Update) { u.Command = "start" }), step("", nil))
			s.pass(g, s.update(anna, talk.Command, func(u *talk.Update) { u.Command = "my_password" }), step("", nil))
		}
		s.s.Clock.Advance(time.Hour)
	}
	stopHere()
	stopThere()
	rows, err := s.s.Pool.Query(t.Context(), `SELECT period, kind || ' ' || name || ' ' || outcome, count(*), sum(updates),
		bool_and(handler_ms > 0 AND handler_max > 0 AND handler_max <= handler_ms AND api_ms > 0 AND api_ms <= handler_ms AND telegram_ms >= 0)
		FROM bot_metrics WHERE tenant_id = 'acme' GROUP BY 1, 2 ORDER BY 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var period, what string
		var cells, updates int64
		var sane bool
		if err := rows.Scan(&period, &what, &cells, &updates, &sane); err != nil {
			t.Fatal(err)
		}
		got = append(got, period+": "+what+" "+itoa(cells)+" "+itoa(updates))
		if !sane {
			t.Errorf("%s %s has durations that cannot be", period, what)
		}
	}
	want := []string{
		"day: command other done 1 4", "day: command start done 1 4", "day: tap  done 1 4", "day: tap card done 1 4",
		"hour: command other done 2 4", "hour: command start done 2 4", "hour: tap  done 2 4", "hour: tap card done 2 4",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("figures\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFiguresWaitForPostgreSQL(t *testing.T) {
	s := newScene(t)
	anna := s.telegram(s.s.Applicant())
	s.exec("ALTER TABLE bot_metrics RENAME TO gone")
	s.exec("ALTER TABLE bot_people RENAME TO nobody")
	g, _ := s.running()
	for range 3 {
		if got := s.pass(g, s.update(anna, talk.Text), who); !strings.Contains(got, " applicant ") {
			t.Errorf("answered %q", got)
		}
	}
	natstest.Wait(t, "a flush that fails", func() bool { return s.leaks("bot_metrics wait for PostgreSQL") })
	natstest.Wait(t, "a person that is not taken", func() bool { return s.leaks("who came is not noted yet") })
	s.exec("ALTER TABLE gone RENAME TO bot_metrics")
	s.exec("ALTER TABLE nobody RENAME TO bot_people")
	natstest.Wait(t, "the figures", func() bool {
		var n int64
		err := s.s.Pool.QueryRow(t.Context(), "SELECT coalesce(sum(updates), 0) FROM bot_metrics WHERE period = 'day'").Scan(&n)
		return err == nil && n == 3
	})
	natstest.Wait(t, "the person", func() bool {
		var n int64
		return s.s.Pool.QueryRow(t.Context(), "SELECT count(*) FROM bot_people").Scan(&n) == nil && n == 1
	})
}

func rowNotAllowed(t *testing.T, s *scene) {
	s.exec("ALTER TABLE bot_people ADD CHECK (name <> 'Борис')")
	anna, boris := s.s.Applicant(), s.s.Applicant(housingtest.Name("Борис"))
	g := s.gate()
	for range 2 {
		s.pass(g, s.update(s.telegram(boris), talk.Text), who)
		s.pass(g, s.update(s.telegram(anna), talk.Text), who)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // it writes a last time
	if err := g.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if s.person(anna).Chat == 0 || s.person(boris).Chat != 0 {
		t.Errorf("noted: %+v, %+v; want the first", s.person(anna), s.person(boris))
	}
}

func TestAChatThatComesBackDoesNotWaitForPostgreSQL(t *testing.T) {
	s := newScene(t)
	s.exec("ALTER TABLE bot_people RENAME TO nobody")
	g := s.gate()
	s.pass(g, s.update(7, talk.Returned), nil)
	s.pass(g, s.update(7, talk.Blocked), nil)
	if err := g.Pass(t.Context(), s.update(7, talk.Migrated), nil); err == nil {
		t.Error("a group's new id is lost")
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
