package botgw

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ukbot/botgw/simulator"
	"ukbot/botgw/telegram"
	"ukbot/events"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

func TestAChatOnHoldKeepsItsOrderAndDelaysNoOther(t *testing.T) {
	t.Parallel() // it mostly waits
	b := newBackbone(t, dbtest.New(t))
	b.person("x", 40, "applicant", "en") // shares the lane of 7 or not: neither may wait
	const hold = 6 * time.Second
	b.fault(simulator.Fault{Kind: simulator.FaultFlood, Chat: 7, RetryAfter: int(hold / time.Second), Count: 1})
	for i := range 4 {
		b.notice(fmt.Sprint("held", i), 7, fmt.Sprint(i))
	}
	began := time.Now()
	b.start()
	b.until("chat 7 was told to wait", func() bool { return strings.Contains(b.logged.String(), "Too Many Requests") })
	b.notice("free", 40, "free")
	b.notice("free too", 8, "free too")
	b.texts(40, 1)
	b.texts(8, 1)
	if got := fromBot(b.sim.Messages(7)); len(got) > 0 {
		t.Errorf("other chats waited until chat 7 read %q", got)
	}
	if got, want := b.texts(7, 4), []string{"0", "1", "2", "3"}; !slices.Equal(got, want) {
		t.Errorf("chat 7 reads %q, want %q", got, want)
	}
	if waited := time.Since(began); waited < hold {
		t.Errorf("chat 7 was written to after %s, want %s", waited, hold)
	}
}

func TestABlockedBotWritesToThePersonNoMore(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	if err := b.sim.Block(token, 7); err != nil {
		t.Fatal(err)
	}
	b.start()
	if d := b.delivered(b.notice("a", 7, "a")); d.Outcome != outcomeUnreachable {
		t.Errorf("delivery %+v, want unreachable", d)
	}
	people, err := db.New(b.pool).People(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range people {
		if marked := p.UnreachableAt != nil; marked != (p.ChatID == 7) {
			t.Errorf("%s is marked unreachable: %v", p.PersonID, marked)
		}
	}
	e := payment("later", "p-1")
	b.publish(e)
	b.texts(8, 1)
	b.settled()
	var told int
	err = b.pool.QueryRow(t.Context(), "SELECT count(*) FROM bot_notices WHERE tenant_id = 'demo' AND chat_id = 7").Scan(&told)
	if err != nil || told != 0 {
		t.Errorf("%d notices were made for who cannot be reached, %v", told, err)
	}
}

func TestNoticesComeLaterWhileTelegramFails(t *testing.T) {
	t.Parallel() // it mostly waits
	for name, fault := range map[string]simulator.Fault{
		"it answers with an error": {Kind: simulator.FaultServer, Status: 503},
		"it hangs":                 {Kind: simulator.FaultHang},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackbone(t, dbtest.New(t))
			// A call that only is slow must not count as lost: it would come twice.
			b.bot = telegram.New(token, b.api, time.Second)
			b.fault(fault)
			b.start()
			b.notice("a", 7, "a")
			last := b.notice("b", 7, "b")
			b.until("a failure is seen", func() bool { return strings.Contains(b.logged.String(), "kept for another attempt") })
			b.sim.ClearFaults()
			b.delivered(last)
			// What hung arrives when the fault is cleared, perhaps after its caller has gone.
			if got := b.texts(7, 2); len(got) > 3 || !slices.Equal(slices.Compact(got), []string{"a", "b"}) {
				t.Errorf("chat 7 reads %q, want a at most twice, then b", got)
			}
		})
	}
}

func TestALostAnswerCostsAtMostOneMoreCopy(t *testing.T) {
	t.Parallel() // it mostly waits
	b := newBackbone(t, dbtest.New(t))
	b.fault(simulator.Fault{Kind: simulator.FaultDrop, Chat: 7, Count: 1})
	b.start()
	b.delivered(b.notice("a", 7, "a"))
	b.delivered(b.notice("b", 7, "b"))
	b.settled()
	if got := b.texts(7, 2); len(got) > 3 || !slices.Equal(slices.Compact(got), []string{"a", "b"}) {
		t.Errorf("chat 7 reads %q, want a at most twice, then b", got)
	}
}

func TestAMigratedGroupIsFollowed(t *testing.T) {
	t.Parallel() // it mostly waits
	b := newBackbone(t, dbtest.New(t))
	if err := b.sim.AddGroup(token, -5, "Дом 15"); err != nil {
		t.Fatal(err)
	}
	b.subscribe(-5, "*")
	if err := b.sim.Migrate(-5, -1005); err != nil {
		t.Fatal(err)
	}
	b.start()
	if d := b.delivered(b.notice("a", -5, "a")); d.Outcome != outcomeSent || d.ChatID != -1005 {
		t.Errorf("delivery %+v, want sent to the new group", d)
	}
	b.publish(generic("b", "crm", "x"))
	b.texts(-1005, 2)
	subscriptions, err := db.New(b.pool).Subscriptions(t.Context(), "demo")
	if err != nil || len(subscriptions) != 1 || subscriptions[0].ChatID != -1005 {
		t.Errorf("subscriptions %+v, %v, want the new group's", subscriptions, err)
	}
}

func TestRefusedMarkupIsSentAsPlainText(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	b.start()
	if d := b.delivered(b.notice("a", 7, "<b>5 &lt; 6<i></b>")); d.Outcome != outcomePlain {
		t.Errorf("delivery %+v, want plain", d)
	}
	if got := b.texts(7, 1); got[0] != "5 < 6" {
		t.Errorf("chat 7 reads %q", got)
	}
	if !strings.Contains(b.logged.String(), "markup refused") {
		t.Error("the bug is not logged")
	}
}

func TestARefusedTokenHoldsAllAndIsSaidOnce(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	b.fault(simulator.Fault{Kind: simulator.FaultRefuse, Status: 401, Description: "Unauthorized"})
	for chat := range int64(8) {
		b.person(fmt.Sprint("p", chat), 100+chat, "applicant", "en")
		b.notice(fmt.Sprint(chat), 100+chat, "x")
	}
	b.start()
	waiting := func() float64 { return b.metric("ukbot_notices_waiting") }
	b.until("all wait", func() bool { return waiting() == 8 && b.metric("ukbot_telegram_token_refused") == 1 })
	b.stop()
	if said := strings.Count(b.logged.String(), "does not accept the bot's token"); said != 1 {
		t.Errorf("said %d times:\n%s", said, b.logged)
	}
	b.sim.ClearFaults()
	b.start() // as after the token was mended
	for chat := range int64(8) {
		b.texts(100+chat, 1)
	}
}

// metric is a gauge's value.
func (b *backbone) metric(name string) float64 {
	families, err := b.registry.Gather()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			return family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return 0
}

func TestWhatTelegramNeverTakesIsDead(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	b.start()
	b.notice("a", 7, "<b></b>") // nothing to show
	b.notice("b", 7, "b")
	if got := b.texts(7, 1); got[0] != "b" {
		t.Errorf("chat 7 reads %q, want b", got)
	}
	b.until("the first is given up", func() bool { return strings.Contains(b.logged.String(), "given up") })
}

func TestStoppingInTheMiddleLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel() // it mostly waits
	const chats, each = 20, 15
	b := newBackbone(t, dbtest.New(t))
	for chat := range int64(chats) {
		b.person(fmt.Sprint("p", chat), 100+chat, "applicant", "en")
	}
	for i := range each {
		for chat := range int64(chats) {
			b.notice(fmt.Sprint(chat, "/", i), 100+chat, fmt.Sprint(i))
		}
	}
	for _, part := range []int64{60, 150} {
		b.start()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if err := b.sim.WaitSent(ctx, part); err != nil {
			t.Fatal(err)
		}
		cancel()
		b.stop()
	}
	b.start()
	var want []string
	for i := range each {
		want = append(want, fmt.Sprint(i))
	}
	for chat := range int64(chats) {
		b.texts(100+chat, each)
	}
	b.settled()
	for chat := range int64(chats) {
		if got := b.texts(100+chat, each); !slices.Equal(got, want) {
			t.Errorf("chat %d reads %q, want %q", 100+chat, got, want)
		}
	}
}

func TestStreamsThatGoAwayWhileSendingCostNoSecondCopy(t *testing.T) {
	t.Parallel() // it mostly waits
	b := newBackbone(t, dbtest.New(t))
	b.bot = telegram.New(token, b.api, time.Minute) // what hangs is answered at last
	b.fault(simulator.Fault{Kind: simulator.FaultHang})
	b.start()
	notices := []events.Notice{b.notice("a", 7, "a"), b.notice("b", 8, "b")}
	b.notice("later", 7, "later")
	b.until("two are on their way", func() bool { return b.calls.Load() == 2 })
	b.streams.Stop()
	b.sim.ClearFaults()
	b.texts(7, 1)
	b.texts(8, 1)
	b.streams.Start()
	for _, n := range notices {
		if d := b.delivered(n); d.Outcome != outcomeSent {
			t.Errorf("delivery %+v, want sent", d)
		}
	}
	b.texts(7, 2)
	b.settled()
	if got, want := b.texts(7, 2), []string{"a", "later"}; !slices.Equal(got, want) {
		t.Errorf("chat 7 reads %q, want %q", got, want)
	}
}

func TestAHangingCallDelaysNoStopBeyondItsGrace(t *testing.T) {
	t.Parallel() // it mostly waits
	b := newBackbone(t, dbtest.New(t))
	b.bot = telegram.New(token, b.api, time.Minute)
	b.fault(simulator.Fault{Kind: simulator.FaultHang})
	b.grace = 100 * time.Millisecond
	b.start()
	b.notice("a", 7, "a")
	b.until("the call hangs", func() bool { return b.calls.Load() == 1 })
	began := time.Now()
	b.stop()
	if took := time.Since(began); took > 20*time.Second { // the call itself would take a minute
		t.Errorf("stopping took %s", took)
	}
	b.sim.ClearFaults()
	b.start()
	b.texts(7, 1)
}
