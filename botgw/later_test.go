package botgw

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ukbot/botgw/pace"
	"ukbot/botgw/simulator"
	"ukbot/botgw/telegram"
	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

func TestANoticeOfQuietHoursComesWhenTheyEnd(t *testing.T) {
	t.Parallel() // it mostly waits
	b := newBackbone(t, dbtest.New(t))
	b.start()
	n := events.Notice{
		ID: events.DeriveID("test", "quiet"), Tenant: "demo", ChatID: 7, Text: "good morning", Template: "test", Language: "en",
		Priority: events.PriorityNormal, Event: "e-1", Since: time.Now(),
	}
	began := time.Now()
	const wait = 4 * time.Second // "now" is told before, even on a busy machine
	p, err := newPending(n, fact{Envelope: housingEvent("e-1", "t", nil)}, began.Add(wait), 0)
	if err != nil {
		t.Fatal(err)
	}
	b.store(p.message)
	p.message.Header.Set("Nats-Msg-Id", "again") // one made again replaces itself
	b.store(p.message)
	b.notice("now", 7, "now")
	if got := b.texts(7, 2); !slices.Equal(got, []string{"now", "good morning"}) {
		t.Errorf("messages %q", got)
	}
	if took := time.Since(began); took < wait-100*time.Millisecond {
		t.Errorf("it came after %s, want %s", took, wait)
	}
	b.delivered(n)
	b.settled()
	if got := b.texts(7, 2); len(got) != 2 {
		t.Errorf("messages %q, want two", got)
	}
}

func TestPeopleHearWhatTheyWantAndWhenTheyWantIt(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	b.exec(`INSERT INTO companies (tenant_id, name, time_zone) VALUES ('demo', 'Demo', 'Asia/Tashkent')`)
	b.person("m-2", 9, "manager", "en")
	b.person("m-3", 10, "manager", "en")
	// Quiet all day but for the minute that is half a day away.
	now := time.Now().UTC().Add(5*time.Hour + 12*time.Hour)
	awake := now.Hour()*60 + now.Minute()
	b.exec(`UPDATE bot_people SET quiet_from = $1, quiet_to = $2 WHERE person_id = 'm-2'`, (awake+1)%1440, awake)
	b.exec(`UPDATE bot_people SET muted = ARRAY['queue'] WHERE person_id = 'm-3'`)
	b.start()
	created := func(name, urgency string) {
		b.publishTo(events.RequestSubject("demo", events.RequestCreated), housingEvent(name, ofRequest(events.RequestCreated), events.RequestChanged{
			Request: events.RequestBrief{ID: name, Number: name, Status: "new", Category: "lift", Urgency: urgency, Version: 1},
			Action:  "create", To: "new", Know: []events.Knower{{Relation: events.RelationManager}},
		}))
	}
	created("251007-001", "normal")
	created("251007-002", "critical")
	if got := b.texts(8, 2); !strings.Contains(got[0], "251007-001") || !strings.Contains(got[1], "251007-002") {
		t.Errorf("the manager reads %q", got)
	}
	if got := b.texts(9, 1); !strings.Contains(got[0], "251007-002") {
		t.Errorf("who has quiet hours reads %q, want what is urgent", got)
	}
	b.settled()
	if got := b.texts(9, 1); len(got) != 1 {
		t.Errorf("who has quiet hours reads %q, want what is urgent alone", got)
	}
	if got := b.texts(10, 0); len(got) != 0 {
		t.Errorf("who switched it off reads %q", got)
	}
	stream, err := b.conn.JS.Stream(t.Context(), nats.StreamNotices)
	if err != nil {
		t.Fatal(err)
	}
	later, err := stream.GetLastMsgForSubject(t.Context(), "bot.notice.demo.later.*")
	if err != nil || !strings.HasPrefix(later.Header.Get("Nats-Schedule"), "@at ") || later.Header.Get("Nats-Schedule-Target") != events.NoticeSubject("demo", normal, 9) {
		t.Errorf("what waits: %+v, %v, want a schedule for the lane of 9", later, err)
	}
}

func TestNoticesOfATenantWithoutABotWaitAndDelayNobody(t *testing.T) {
	t.Parallel() // it mostly waits
	b := newBackbone(t, dbtest.New(t))
	line := pace.NewLine(0)
	b.outlets = func(tenant string) (Outlet, bool) { return Outlet{b.bot, line}, tenant == "demo" }
	b.start()
	for i := range 3 {
		n := events.Notice{
			ID: events.DeriveID("test", string(rune('a'+i))), Tenant: "other", ChatID: 7 + int64(i), Text: "x", Template: "test", Language: "en",
			Priority: events.PriorityNormal, Event: "e-1", Since: time.Now(),
		}
		p, err := newPending(n, fact{Envelope: housingEvent("e-1", "t", nil)}, time.Time{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		b.store(p.message)
	}
	b.notice("demo", 7, "demo") // the same chat, by another bot
	b.texts(7, 1)
	b.until("the three are parked", func() bool {
		stream, err := b.conn.JS.Stream(t.Context(), nats.StreamNotices)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "b", "c"} {
			if _, err = stream.GetLastMsgForSubject(t.Context(), events.LaterSubject("other", events.DeriveID("test", name))); err != nil {
				return false
			}
		}
		return true
	})
	b.settled()
	if said := strings.Count(b.logged.String(), "the tenant has no bot\""); said != 1 {
		t.Errorf("said %d times, want once a minute:\n%s", said, b.logged)
	}
}

func TestEachTenantIsWrittenToByItsOwnBot(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	const second = "200:AAanotherSECRET"
	b.sim.AddBot(second, "second_bot")
	other := telegram.New(second, b.api, 5*time.Second)
	defer other.Close()
	if err := b.sim.Start(second, 7); err != nil {
		t.Fatal(err)
	}
	lines := pace.NewLines(pace.DefaultRate)
	bots := map[string]*telegram.Bot{"demo": b.bot, "acme": other}
	b.outlets = func(tenant string) (Outlet, bool) {
		bot, found := bots[tenant]
		return Outlet{bot, lines.Of(bot.ID())}, found
	}
	b.fault(simulator.Fault{Kind: simulator.FaultRefuse, Bot: second, Status: 401, Description: "Unauthorized", Count: 1})
	b.start()
	for tenant := range bots {
		n := events.Notice{
			ID: events.DeriveID("test", tenant), Tenant: tenant, ChatID: 7, Text: tenant, Template: "test", Language: "en",
			Priority: events.PriorityNormal, Event: "e-1", Since: time.Now(),
		}
		p, err := newPending(n, fact{Envelope: housingEvent("e-1", "t", nil)}, time.Time{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		b.store(p.message)
	}
	b.texts(7, 1)
	b.until("the other's token is refused", func() bool { return b.metric("ukbot_telegram_token_refused") == 1 })
	for _, m := range b.sim.Messages(7) {
		if m.FromBot && (m.Text != "demo" || m.Bot != "test_bot") {
			t.Errorf("%s wrote %q, want demo by its own bot", m.Bot, m.Text)
		}
	}
}

func TestTheDirectoryFollowsTheCompany(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	b.exec(`INSERT INTO companies (tenant_id, name) VALUES ('demo', 'Demo')`)
	b.exec(`INSERT INTO users (tenant_id, id, telegram_id, name, language, status, roles, active_role, search)
		VALUES ('demo', $1, 41, 'Ўктам', 'uz', 'approved', '{applicant,manager}', 'applicant', '')`, resident)
	b.sim.AddUser(simulator.User{ID: 41, FirstName: "U"})
	if err := b.sim.Start(token, 41); err != nil {
		t.Fatal(err)
	}
	b.start()
	changed := func(name, change string) {
		b.publishTo(events.UserSubject("demo", change), housingEvent(name, ofUser(change), events.UserChanged{
			User: events.UserBrief{ID: resident, Name: "Ўктам"}, Know: []events.Knower{{Person: resident, Relation: events.RelationSubject}},
		}))
	}
	changed("approved", events.UserApproved) // nobody has told the bot of this person yet
	if got := b.texts(41, 1); !strings.Contains(got[0], "tasdiqlandi") {
		t.Errorf("who was approved reads %q", got)
	}
	b.publish(payment("one", "p-1"))
	b.texts(41, 2) // a manager by one of the roles
	b.exec(`UPDATE users SET status = 'blocked', language = 'ru' WHERE id = $1`, resident)
	changed("blocked", events.UserBlocked)
	// All of it within a moment: one message about this person.
	b.until("who was blocked reads so", func() bool { return strings.Contains(b.texts(41, 2)[0], "закрыла вам доступ") })
	b.publish(payment("two", "p-1"))
	changed("roles", events.UserRoles)
	b.texts(8, 2)
	b.settled()
	if got := b.texts(41, 2); len(got) != 2 || strings.Contains(got[0], "роли") {
		t.Errorf("who was blocked reads on: %q", got)
	}
	b.exec(`UPDATE users SET telegram_id = NULL WHERE id = $1`, resident)
	changed("edited", events.UserEdited)
	b.settled()
	people, err := db.New(b.pool).People(t.Context(), "demo")
	if err != nil || slices.ContainsFunc(people, func(p db.BotPerson) bool { return p.PersonID == resident }) {
		t.Errorf("who has no Telegram any more is still there: %+v, %v", people, err)
	}
}

// TestASessionEndsWithWhatItKnew: the gate would let who was blocked go on for as
// long as nothing asks the services.
func TestASessionEndsWithWhatItKnew(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	ended := make(chan string, 10)
	b.forget = func(_ context.Context, tenant string, telegram int64) error {
		ended <- fmt.Sprint(tenant, " ", telegram)
		return nil
	}
	b.start()
	for i, change := range []string{events.UserApproved, events.UserBlocked, events.UserApartmentAsked, events.UserUnblocked, events.UserRoles, events.UserEdited} {
		b.publishTo(events.UserSubject("demo", change), housingEvent(strconv.Itoa(i), ofUser(change), events.UserChanged{User: events.UserBrief{ID: "m-1"}}))
	}
	b.settled()
	close(ended)
	got := map[string]int{}
	for who := range ended {
		got[who]++
	}
	if n := got["demo 8"]; len(got) != 1 || n < 1 || n > len(stale) { // once per batch that has such a change
		t.Errorf("sessions ended: %v, want that of m-1 for each change that matters", got)
	}
}

func TestAWeekOfShiftsIsOneMessage(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	b.start()
	monday := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	for day := range 5 {
		starts := monday.AddDate(0, 0, day)
		b.publishTo(events.ShiftSubject("demo", events.ShiftPlanned), housingEvent(starts.String(), ofShift(events.ShiftPlanned), events.ShiftChanged{
			Shift: events.ShiftBrief{ID: starts.String(), Person: &events.Named{ID: "m-1"}, Role: "manager", StartsAt: starts, EndsAt: starts.Add(9 * time.Hour), Version: 1},
			Know:  []events.Knower{{Person: "m-1", Relation: events.RelationSubject}},
		}))
	}
	b.until("all five are told", func() bool { return strings.Count(b.texts(8, 1)[0], "Новая смена") == 5 })
	b.settled()
	got := b.texts(8, 1)
	if len(got) != 1 || !strings.Contains(got[0], "пн, 23 ноября, 09:00–18:00") || !strings.Contains(got[0], "пт, 27 ноября") {
		t.Errorf("messages %q, want one with Monday to Friday", got)
	}
}
