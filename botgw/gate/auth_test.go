package gate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/gate"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
	"ukbot/nats"
	"ukbot/nats/natstest"
)

func turnHasItsPerson(t *testing.T, s *scene) {
	anna := s.s.Applicant(housingtest.AlsoRole(access.Executor), housingtest.Name("Анна Каренина"))
	id, g := s.telegram(anna), s.gate()
	for range 10 {
		u := s.update(id, talk.Text)
		s.pass(g, u, func(ctx context.Context, t *talk.Turn) error {
			if p := t.Person; p == nil || p.ID != anna.ID() || p.Role != api.RoleApplicant || len(p.Roles) != 2 || p.Name != "Анна Каренина" {
				s.t.Errorf("person %+v, want %s", p, anna.ID())
			}
			if t.Standing != talk.Approved || t.Book.Language() != "ru" || t.Zone.String() != "Asia/Tashkent" || !t.Now.Equal(s.s.Clock.Now()) {
				s.t.Errorf("standing %s, language %s, zone %s, now %s", t.Standing, t.Book.Language(), t.Zone, t.Now)
			}
			return who(ctx, t)
		})
		if want := "say " + anna.ID() + " applicant " + anna.ID(); s.outbox.answered(u.ID) != want {
			t.Fatalf("answered %q, want %q", s.outbox.answered(u.ID), want)
		}
	}
	if n := s.front.count("/auth/telegram"); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
	if n := s.front.count("/company"); n != 1 {
		t.Errorf("the company was asked for %d times, want once", n)
	}
	// Another replica has the session from the bucket.
	s.pass(s.gate(), s.update(id, talk.Text), who)
	if n := s.front.count("/auth/telegram"); n != 1 {
		t.Errorf("%d logins after another replica's turn, want 1", n)
	}
	for _, private := range []string{"Каренина", "Телеграма", "Секретный", anna.ID(), "uk_", "eyJ", "ukr_", `"from"`} {
		if s.leaks(private) {
			t.Errorf("the log tells %q", private)
		}
	}
	if line, _, _ := strings.Cut(s.log.String(), "\n"); !strings.Contains(line, `"outcome":"done"`) || !strings.Contains(line, `"api_calls":3`) {
		t.Errorf("the first line is %s", line)
	}
}

func callsAreNamed(t *testing.T, s *scene) {
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	g := s.gate(func(c *gate.Config) { c.Trace = func(context.Context) string { return trace } })
	u := s.update(s.telegram(s.s.Applicant()), talk.Text)
	s.pass(g, u, who)
	s.front.mu.Lock()
	defer s.front.mu.Unlock()
	if want := fmt.Sprintf("tg-%d-%d %s", s.bot, u.ID, trace); len(s.front.named) != 1 || !s.front.named[want] {
		t.Errorf("calls are named %v, want all %q", s.front.named, want)
	}
}

func sessionsAreSealed(t *testing.T, s *scene) {
	anna, boris := s.s.Applicant(housingtest.Name("Анна")), s.s.Applicant()
	g := s.gate()
	s.pass(g, s.update(s.telegram(anna), talk.Text), who)
	kv, err := s.s.NATS.Conn.JS.KeyValue(t.Context(), nats.BucketSessions)
	if err != nil {
		t.Fatal(err)
	}
	key := "acme." + itoa(s.telegram(anna))
	entry, err := kv.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(entry.Value()); !strings.HasPrefix(text, "v1.") || strings.Contains(text, "eyJ") || strings.Contains(text, "Анна") {
		t.Errorf("stored as %s", text)
	}
	// Copied to another's key it opens nothing.
	other := strings.Replace(key, "."+itoa(s.telegram(anna)), "."+itoa(s.telegram(boris)), 1)
	if _, err := kv.Put(t.Context(), other, entry.Value()); err != nil {
		t.Fatal(err)
	}
	if got := s.pass(s.gate(), s.update(s.telegram(boris), talk.Text), who); !strings.Contains(got, boris.ID()) {
		t.Errorf("with a copied session: %s", got)
	}
}

func TestTokensAreRefreshedBeforeTheyExpire(t *testing.T) {
	s := newScene(t)
	anna := s.s.Applicant()
	id, g := s.telegram(anna), s.gate()
	s.pass(g, s.update(id, talk.Text), who)
	s.exec("UPDATE users SET language = 'en' WHERE id = $1", anna.User)
	for _, after := range []time.Duration{12 * time.Minute, 2 * time.Minute, 13 * time.Minute, time.Minute} {
		s.s.Clock.Advance(after)
		if got := s.pass(g, s.update(id, talk.Text), who); !strings.Contains(got, anna.ID()) {
			t.Errorf("%s later: %s", after, got)
		}
	}
	if logins, refreshes := s.front.count("/auth/telegram"), s.front.count("/auth/refresh"); logins != 1 || refreshes != 2 {
		t.Errorf("%d logins and %d refreshes, want 1 and 2", logins, refreshes)
	}
	s.pass(g, s.update(id, talk.Text), func(_ context.Context, turn *talk.Turn) error {
		if turn.Book.Language() != "en" {
			t.Errorf("after a refresh the language is %s, want en", turn.Book.Language())
		}
		return nil
	})
	s.s.Clock.Advance(31 * 24 * time.Hour) // the refresh token is over, too
	if got := s.pass(g, s.update(id, talk.Text), who); !strings.Contains(got, anna.ID()) {
		t.Errorf("a month later: %s", got)
	}
}

// together passes n turns of one person through the gates at once.
func (s *scene) together(n int, id int64, gates ...*gate.Gate) {
	s.t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			u := s.update(id, talk.Photo)
			if got := s.pass(gates[i%len(gates)], u, who); strings.Count(got, "applicant") != 1 {
				s.t.Errorf("turn %d: %q", i, got)
			}
		})
	}
	wg.Wait()
}

// unlimited is for who does what a person cannot.
func unlimited(cfg *gate.Config) {
	cfg.Limits = map[api.Role]gate.Limit{"": {}, api.RoleApplicant: {}, api.RoleExecutor: {}}
}

func manyTurnsLogInOnce(t *testing.T, s *scene) {
	anna := s.s.Applicant()
	s.together(200, s.telegram(anna), s.gate(unlimited))
	if n := s.front.count("/auth/telegram"); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
}

func TestTwoReplicasKeepOneSession(t *testing.T) {
	s := newScene(t)
	anna := s.s.Applicant()
	id := s.telegram(anna)
	here, _ := s.running(unlimited)
	there, _ := s.running(unlimited)
	for range 4 {
		s.together(24, id, here, there)
		s.s.Clock.Advance(14 * time.Minute)
	}
	if n := s.front.count("/auth/telegram"); n > 2 { // both may begin at the same moment
		t.Errorf("%d logins, want at most 2", n)
	}
	for _, e := range s.s.Outbox(t) {
		if e.Type == "housing.user.session_reused" {
			t.Errorf("a refresh token was used twice: %s", e.Data)
		}
	}
}

func TestARefreshWhoseAnswerWasLostIsAskedForAgain(t *testing.T) {
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
	// A replica that died between the answer and the bucket.
	if _, err := kv.Put(t.Context(), "acme."+itoa(id), before.Value()); err != nil {
		t.Fatal(err)
	}
	s.s.Clock.Advance(time.Minute)
	if got := s.pass(s.gate(), s.update(id, talk.Text), who); !strings.Contains(got, anna.ID()) {
		t.Errorf("answered %q", got)
	}
	if n := s.front.count("/auth/telegram"); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
}

func sessionEndsInTheMiddle(t *testing.T, s *scene) {
	anna := s.s.Applicant()
	g := s.gate()
	runs := 0
	got := s.pass(g, s.update(s.telegram(anna), talk.Text), func(ctx context.Context, t *talk.Turn) error {
		runs++
		anna.Do("POST", "/users/"+anna.ID()+"/sessions/revoke", nil).Want(s.t, 200)
		return who(ctx, t)
	})
	if !strings.Contains(got, anna.ID()) || runs != 1 || s.front.count("/auth/telegram") != 2 {
		t.Errorf("answered %q after %d runs and %d logins; want her id after one and two", got, runs, s.front.count("/auth/telegram"))
	}
}

func whoHasNoSession(t *testing.T, s *scene) {
	g := s.gate()
	pending, blocked := s.s.Applicant(housingtest.Status("pending")), s.s.Applicant(housingtest.Status("blocked"))
	machine := func(want talk.Standing) gate.Next {
		return func(ctx context.Context, turn *talk.Turn) error {
			if turn.Person != nil || turn.Standing != want {
				t.Errorf("person %v, standing %s; want none, %s", turn.Person, turn.Standing, want)
			}
			if company, err := turn.API.GetCompanyWithResponse(ctx); err != nil || company.JSON200 == nil {
				t.Errorf("the company by the bot's key: %v, %v", company, err)
			}
			turn.Say(talk.Screen{Text: string(want)})
			return nil
		}
	}
	never := func(context.Context, *talk.Turn) error { t.Error("handled"); return nil }
	if got := s.pass(g, s.update(1<<40, talk.Text), machine(talk.Unknown)); got != "say unknown" {
		t.Errorf("a stranger: %q", got)
	}
	if got := s.pass(g, s.update(s.telegram(pending), talk.Text), machine(talk.Pending)); got != "say pending" {
		t.Errorf("who waits: %q", got)
	}
	if got := s.pass(g, s.update(s.telegram(blocked), talk.Text), never); !strings.HasPrefix(got, "say ⛔ Sizga") {
		t.Errorf("who is blocked: %q", got)
	}
	if got := s.pass(g, s.update(s.telegram(blocked), talk.Tap), never); !strings.HasPrefix(got, "alert ⛔") {
		t.Errorf("a tap of who is blocked: %q", got)
	}
	if got := s.pass(g, s.update(5, talk.Text, func(u *talk.Update) { u.Tenant = "other" }), never); !strings.Contains(got, words.For("uz").Plain("gate.away")) {
		t.Errorf("by a bot of no company people are told %q", got)
	}
	s.pass(g, s.update(5, talk.Text, func(u *talk.Update) { u.From.Bot = true }), never)
	// Approved, they are let in at once.
	s.exec("UPDATE users SET status = 'approved' WHERE id = ANY ($1)", []any{pending.User, blocked.User})
	if got := s.pass(g, s.update(s.telegram(pending), talk.Text), who); !strings.Contains(got, pending.ID()) {
		t.Errorf("after the approval: %q", got)
	}
}

func blockedInTheMiddle(t *testing.T, s *scene) {
	anna := s.s.Applicant()
	id, g := s.telegram(anna), s.gate()
	s.pass(g, s.update(id, talk.Text), who)
	block := func(status string) gate.Next {
		return func(ctx context.Context, turn *talk.Turn) error {
			if turn.Person == nil {
				turn.Say(talk.Screen{Text: string(turn.Standing)})
				return nil
			}
			s.s.Admin().Do("POST", "/users/"+anna.ID()+"/sessions/revoke", nil).Want(t, 200)
			s.exec("UPDATE users SET status = $2 WHERE id = $1", anna.User, status)
			turn.Say(talk.Screen{Text: "half"})
			return who(ctx, turn)
		}
	}
	if got := s.pass(g, s.update(id, talk.Text), block("pending")); got != "say pending" {
		t.Errorf("who waits again: %q", got)
	}
	s.exec("UPDATE users SET status = 'approved' WHERE id = $1", anna.User)
	if got := s.pass(g, s.update(id, talk.Text), block("blocked")); !strings.HasPrefix(got, "say ⛔ ") || strings.Contains(got, "half") {
		t.Errorf("who is blocked: %q", got)
	}
}

func TestAForgottenSessionIsReadAnewOnEveryReplica(t *testing.T) {
	s := newScene(t)
	anna := s.s.Applicant(housingtest.AlsoRole(access.Executor))
	id := s.telegram(anna)
	here, _ := s.running(unlimited)
	there, _ := s.running(unlimited)
	for _, g := range []*gate.Gate{here, there} {
		s.pass(g, s.update(id, talk.Tap), who)
	}
	s.pass(here, s.update(id, talk.Tap), func(ctx context.Context, t *talk.Turn) error {
		if _, err := t.API.SwitchRole(ctx, nil, api.RoleSwitch{Role: api.RoleExecutor}); err != nil {
			return err
		}
		return here.Forget(ctx, t.Tenant, t.From.ID)
	})
	as := func(_ context.Context, t *talk.Turn) error {
		t.Say(talk.Screen{Text: string(t.Person.Role)})
		return nil
	}
	if got := s.pass(here, s.update(id, talk.Tap), as); got != "say executor" {
		t.Errorf("here: %q", got)
	}
	natstest.Wait(t, "the other replica to know", func() bool { return s.pass(there, s.update(id, talk.Text), as) == "say executor" })
}

func TestWithoutTheBucketEachReplicaGoesOn(t *testing.T) {
	s := newScene(t)
	anna := s.s.Applicant()
	id := s.telegram(anna)
	g := s.gate(unlimited)
	s.s.NATS.Stop()
	for range 3 {
		if got := s.pass(g, s.update(id, talk.Text), who); !strings.Contains(got, anna.ID()) {
			t.Errorf("answered %q", got)
		}
	}
	if n := s.front.count("/auth/telegram"); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
}

func refusalAndFault(t *testing.T, s *scene) {
	anna := s.s.Applicant()
	g := s.gate()
	u := s.update(s.telegram(anna), talk.Tap)
	if got := s.pass(g, u, func(_ context.Context, t *talk.Turn) error {
		t.Toast("taken")
		return &company.Refusal{Problem: api.Problem{Code: "already_taken"}}
	}); got != "toast taken" {
		t.Errorf("answered %q", got)
	}
	fault := errors.New("fault")
	u = s.update(s.telegram(anna), talk.Tap)
	if err := g.Pass(t.Context(), u, func(context.Context, *talk.Turn) error { return fault }); !errors.Is(err, fault) || s.outbox.answered(u.ID) != "" {
		t.Errorf("error %v, answered %q", err, s.outbox.answered(u.ID))
	}
	s.pass(g, s.update(s.telegram(anna), talk.Tap), func(_ context.Context, t *talk.Turn) error { t.Outcome = "stale"; return nil })
	for _, outcome := range []string{"refused", "failed", "stale"} {
		if !s.leaks(`"outcome":"` + outcome + `"`) {
			t.Errorf("no line says %s", outcome)
		}
	}
}
