package botgw

import (
	"strings"
	"testing"
	"time"

	"ukbot/botgw/simulator"
	"ukbot/events"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/sql/dbtest"
)

// change is a notice about the request r-1 for chat 7; at is when it happened, in
// seconds after the first.
type change struct {
	name    string
	way     events.NoticeWay
	version int64
	at      int
}

// long is far enough apart for messages of their own.
const long = 60

// tell stores changes one after the other, each when the one before is done, as
// of a while ago: so what is apart is apart.
func (b *backbone) tell(changes ...change) (last events.Notice) {
	b.t.Helper()
	began := time.Now().Add(-time.Hour * 24 * time.Duration(changes[0].version)) // far from those before
	for _, c := range changes {
		last = b.put(events.Notice{
			ID: events.DeriveID("test", c.name), ChatID: 7, Card: "request-1", Version: c.version, Way: c.way,
			Text: "<b>" + c.name + "</b>\n\nstate " + c.name, At: began.Add(time.Duration(c.at) * time.Second),
			Markup: []byte(`{"inline_keyboard":[[{"text":"Open","callback_data":"rv:1"}]]}`),
		})
		b.delivered(last)
		b.age("request-1")
	}
	return last
}

// age makes the card's messages a minute older, as if that had passed.
func (b *backbone) age(name string) {
	b.t.Helper()
	cards := NewCards(b.conn)
	n := events.Notice{Tenant: "demo", ChatID: 7, Card: name}
	c, err := cards.find(b.t.Context(), n)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, p := range []*page{c.State, c.Last} {
		if p != nil {
			p.SentAt, p.New = p.SentAt.Add(-time.Minute), p.New.Add(-time.Minute)
		}
	}
	if err := cards.put(b.t.Context(), n, 7, c); err != nil {
		b.t.Fatal(err)
	}
}

func TestChangesOfOneRequestAndItsMessages(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	b.start()
	chat := int64(7)
	said := 0
	for _, tc := range []struct {
		name    string
		changes []change
		want    []string // the messages that are new
	}{
		{
			"news is a message of its own, though the old one was changed a moment ago",
			[]change{{"given", events.NoticeNew, 1, 0}, {"looked at", events.NoticeEdit, 2, 60}, {"praised", events.NoticeNew, 3, 61}},
			[]string{"looked at\n\nstate looked at", "praised\n\nstate praised"},
		},
		{
			"changes of one moment share a message",
			[]change{{"assigned", events.NoticeNew, 1, 0}, {"taken", events.NoticeNew, 2, 1}, {"purchase", events.NoticeEdit, 3, 2}},
			[]string{"assigned\ntaken\npurchase\n\nstate purchase"},
		},
		{"what comes later is new", []change{{"one", events.NoticeNew, 4, 0}, {"two", events.NoticeNew, 5, long}}, []string{"one\n\nstate one", "two\n\nstate two"}},
		{"progress edits the last", []change{{"begun", events.NoticeNew, 6, 0}, {"done", events.NoticeEdit, 7, long}}, []string{"done\n\nstate done"}},
		{"a refresh too", []change{{"seen", events.NoticeNew, 8, 0}, {"moved", events.NoticeRefresh, 9, long}}, []string{"moved\n\nstate moved"}},
		{
			"what was said stays",
			[]change{{"asked", events.NoticeNew, 10, 0}, {"hello", events.NoticeTalk, 11, long}, {"went on", events.NoticeEdit, 12, 2 * long}},
			[]string{"went on\n\nstate went on", "hello\n\nstate hello"},
		},
		{
			"what comes late stands above what is newer",
			[]change{{"third", events.NoticeNew, 22, 1}, {"second", events.NoticeNew, 21, 0}},
			[]string{"second\nthird\n\nstate third"},
		},
		{"an older state does not replace a newer", []change{{"new", events.NoticeNew, 32, long}, {"old", events.NoticeEdit, 31, 0}}, []string{"new\n\nstate new"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b.t = t
			b.tell(tc.changes...)
			all := b.texts(chat, said+len(tc.want))
			if got := strings.Join(all[said:], " | "); got != strings.Join(tc.want, " | ") {
				t.Errorf("messages %q, want %q", got, strings.Join(tc.want, " | "))
			}
			said = len(all)
		})
	}
	b.t = t
	for _, m := range b.sim.Messages(chat) {
		if m.FromBot && len(m.Buttons) != 1 {
			t.Errorf("%q has buttons %v, want one row", m.Text, m.Buttons)
		}
	}
}

func TestARefreshOfNothingIsNoMessage(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	b.start()
	if d := b.delivered(b.tell(change{"moved", events.NoticeRefresh, 1, 0})); d.Outcome != outcomeNeedless {
		t.Errorf("delivery %+v, want needless", d)
	}
	if d := b.delivered(b.tell(change{"done", events.NoticeEdit, 2, long})); d.Outcome != outcomeSent {
		t.Errorf("delivery %+v, want sent", d)
	}
	if got := b.texts(7, 1); len(got) != 1 || got[0] != "done\n\nstate done" {
		t.Errorf("messages %q", got)
	}
}

func TestAMessageThatIsGoneOrInUseIsNotEdited(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	b.start()
	first := b.delivered(b.tell(change{"first", events.NoticeNew, 1, 0}))
	b.fault(simulator.Fault{Kind: simulator.FaultRefuse, Method: "editMessageText", Status: 400, Description: "Bad Request: message to edit not found", Count: 1})
	second := b.delivered(b.tell(change{"second", events.NoticeEdit, 2, long}))
	if second.Outcome != outcomeSent || second.MessageID == first.MessageID {
		t.Errorf("delivery %+v, want a new message after %d", second, first.MessageID)
	}
	if err := NewCards(b.conn).Tapped(t.Context(), "demo", 7, second.MessageID); err != nil {
		t.Fatal(err)
	}
	if d := b.delivered(b.tell(change{"refresh", events.NoticeRefresh, 3, 2 * long})); d.Outcome != outcomeNeedless {
		t.Errorf("delivery %+v, want the message in use left alone", d)
	}
	if d := b.delivered(b.tell(change{"third", events.NoticeEdit, 4, 3 * long})); d.Outcome != outcomeSent || d.MessageID == second.MessageID {
		t.Errorf("delivery %+v, want a new message", d)
	}
}

// A form is one message that is tapped again and again: the first tap is stored.
func TestATapIsStoredOnce(t *testing.T) {
	env := natstest.Start(t)
	cards := NewCards(env.Conn)
	env.Stop()
	if err := cards.Tapped(t.Context(), "demo", 7, 70); err == nil {
		t.Error("a tap is noted without streams")
	}
	env.Start()
	for message, taps := range map[int]int{70: 3, 71: 1} {
		for range taps {
			if err := cards.Tapped(t.Context(), "demo", 7, message); err != nil {
				t.Fatal(err)
			}
		}
	}
	stream, err := env.Conn.JS.Stream(t.Context(), "KV_"+nats.BucketCards)
	if err != nil {
		t.Fatal(err)
	}
	if got := stream.CachedInfo().State.LastSeq; got != 2 {
		t.Errorf("%d writes for taps on two messages, want 2", got)
	}
}

func TestANoticeThatACardTellsOfIsNotToldAgain(t *testing.T) {
	t.Parallel()
	b := newBackbone(t, dbtest.New(t))
	b.start()
	n := b.tell(change{"assigned", events.NoticeNew, 1, 0}, change{"taken", events.NoticeNew, 2, 1})
	b.stop()
	// As after a crash between the card and the record of the notice.
	once, err := newOnce(b.conn).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := once.Purge(t.Context(), n.ID); err != nil {
		t.Fatal(err)
	}
	again, err := newPending(n, fact{Envelope: housingEvent("taken", "t", nil)}, time.Time{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	again.message.Header.Set("Nats-Msg-Id", "another")
	b.store(again.message)
	b.start()
	b.delivered(n)
	if got := b.texts(7, 1); len(got) != 1 || got[0] != "assigned\ntaken\n\nstate taken" {
		t.Errorf("messages %q, want the one as it was", got)
	}
}

func TestTooMuchForOneMessageIsTwo(t *testing.T) {
	p := newPage(events.Notice{ID: "1", Text: strings.Repeat("x", leadsMax-10)})
	p.SentAt, p.New = time.Now(), time.Now()
	for text, want := range map[string]bool{"short": true, strings.Repeat("y", 11): false} {
		if got := p.joins(events.Notice{Text: text}, time.Now()); got != want {
			t.Errorf("%d units join %d: %v, want %v", len(text), leadsMax-10, got, want)
		}
	}
}
