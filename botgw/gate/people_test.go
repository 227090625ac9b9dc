package gate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"ukbot/botgw/gate"
	"ukbot/botgw/talk"
	"ukbot/housing/housingtest"
	"ukbot/nats/natstest"
)

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
		t.Errorf("figures\n%s\nwant\n%s\nlog\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), s.log.String())
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

func TestWhoIsPartedFromHasNoSessionAnywhere(t *testing.T) {
	s := newScene(t)
	anna := s.s.Applicant()
	id := s.telegram(anna)
	replicas := make([]*gate.Gate, 2)
	for i := range replicas {
		replicas[i], _ = s.running(unlimited)
		s.pass(replicas[i], s.update(id, talk.Tap), who)
	}
	s.exec("UPDATE users SET status = 'blocked' WHERE id = $1", anna.User)
	if err := replicas[0].Part(t.Context(), "acme", id); err != nil {
		t.Fatal(err)
	}
	idle := func(_ context.Context, t *talk.Turn) error { // asks nothing of the services
		t.Say(talk.Screen{Text: "menu"})
		return nil
	}
	for _, g := range replicas {
		natstest.Wait(t, "a replica to turn them away", func() bool {
			return strings.HasPrefix(s.pass(g, s.update(id, talk.Text), idle), "say ⛔")
		})
	}
}
