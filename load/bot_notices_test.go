package load_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/botgw"
	"ukbot/botgw/pace"
	"ukbot/events"
)

// goalReply is within what answers reach people while notices fill the line.
const goalReply = 300 * time.Millisecond // p99

// How many managers are told; the promise is 10,000. A measurement is
//
//	UKBOT_BOT_SPEED=full go test ./load -run TestNoticesArePacedAndAnswersPassThem -v -timeout 20m
const (
	managersShort = 90
	managersFull  = 10_000
	managersEnv   = "UKBOT_BOT_MANAGERS" // changes either
	firstManager  = 900_000_000          // Telegram's id of the first
)

// noticesSize is the crowd that uses the bot meanwhile: four a second.
var noticesSize = botSize{people: 20, rate: 4}

// slack is how many messages more than the line's may reach Telegram within a
// second: the line paces when calls begin, and a busy machine is late with some;
// where nothing is measured, with as many as fall due in a second.
func slack(full bool) int {
	if full {
		return 6
	}
	return pace.DefaultRate
}

// lateMax is how much longer than the line needs it may take in all.
func lateMax(full bool, least time.Duration) time.Duration {
	if full {
		return least/4 + 2*time.Second
	}
	return time.Minute
}

// repliesGross is how many times the goal of their 99th percentile the median of
// answers may take on a busy machine.
const repliesGross = 10

// TestNoticesArePacedAndAnswersPassThem tells thousands of one event, through the
// streams and the sender, at Telegram's 30 a second, while people use the bot.
func TestNoticesArePacedAndAnswersPassThem(t *testing.T) {
	size, managers := noticesSize, managersShort
	if os.Getenv(botEnv) == "full" {
		size.full, managers = true, managersFull
	} else {
		t.Parallel() // it mostly waits
	}
	managers = number(t, managersEnv, managers)
	b := newBot(t, size, pace.DefaultRate)
	b.managers(managers)
	served := b.serve()
	crowd := newCrowd(b, size.people)
	crowd.start()
	b.tells(func(tenant string) (botgw.Outlet, bool) {
		bot, known := served.ByTenant(tenant)
		if !known {
			return botgw.Outlet{}, false
		}
		return botgw.Outlet{Bot: bot.Client, Line: b.lines.Of(bot.ID)}, true
	})
	b.telegram.mu.Lock()
	b.telegram.keep = true
	b.telegram.mu.Unlock()
	b.happens()
	size.seconds = time.Duration(managers) * time.Second / time.Duration(pace.DefaultRate-size.rate) // about as long as it takes
	walked := crowd.walk(time.Now().Add(settling), size)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute + size.seconds/2); len(b.told()) < managers && time.Now().Before(deadline); {
		<-tick.C
	}
	b.judge(size.full, managers, walked)
}

// managers makes people who are told of new requests.
func (b *bot) managers(n int) {
	b.t.Helper()
	if _, err := b.s.Pool.Exec(b.t.Context(), `INSERT INTO bot_people (tenant_id, person_id, chat_id, name, role, language)
		SELECT $1, 'm' || n, $2 + n, '', 'manager', (ARRAY['ru', 'uz', 'en'])[1 + n % 3] FROM generate_series(0, $3 - 1) n`, botTenant, firstManager, n); err != nil {
		b.t.Fatal(err)
	}
}

// tells runs the notifier and the sender.
func (b *bot) tells(outlets botgw.Outlets) {
	log := zerolog.New(b.figures)
	b.run(
		botgw.NewNotifier(b.streams.Conn, b.streams.Publisher, b.s.Pool, botgw.NotifyConfig{Metrics: b.metrics, Log: log}).Run,
		botgw.NewSender(b.streams.Conn, b.streams.Publisher, b.s.Pool, outlets, botgw.SendConfig{
			Consumers: b.metrics, Metrics: botgw.NewSendMetrics(b.registry), Log: log,
		}).Run,
	)
}

// happens is a new request, which all managers are told of.
func (b *bot) happens() {
	b.t.Helper()
	data, err := json.Marshal(events.RequestChanged{
		Request: events.RequestBrief{ID: "r", Number: "251007-001", Status: "new", Category: "lift", Urgency: "normal", Version: 1},
		Action:  "create", To: "new", Know: []events.Knower{{Relation: events.RelationManager}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	e := events.Envelope{
		ID: events.DeriveID("load", "request"), Type: events.TypeRequestPrefix + events.RequestCreated, Tenant: botTenant, Source: "housing",
		Time: time.Now(), ContentType: "application/json", Data: data,
	}
	m := natsgo.NewMsg(events.RequestSubject(botTenant, events.RequestCreated))
	m.Header, m.Data = e.Header(), e.Data
	m.Header.Set(jetstream.MsgIDHeader, e.ID)
	if _, err := b.streams.Publisher.Publish(b.t.Context(), m); err != nil {
		b.t.Fatal(err)
	}
}

// told is the notices that reached managers.
func (b *bot) told() (notices []sent) {
	b.telegram.mu.Lock()
	defer b.telegram.mu.Unlock()
	for _, s := range b.telegram.sent {
		if s.chat >= firstManager {
			notices = append(notices, s)
		}
	}
	return notices
}

// judge says how evenly messages went out, and how long answers took meanwhile.
func (b *bot) judge(full bool, managers int, walked walked) {
	b.t.Helper()
	notices := b.told()
	if len(notices) == 0 {
		b.t.Fatal("nobody was told")
	}
	b.telegram.mu.Lock()
	all := slices.Clone(b.telegram.sent)
	b.telegram.mu.Unlock()
	slices.SortFunc(all, func(x, y sent) int { return x.at.Compare(y.at) })
	all = all[:1+slices.IndexFunc(all, func(s sent) bool { return s == notices[len(notices)-1] })]
	took := all[len(all)-1].at.Sub(all[0].at)
	least := time.Duration(len(all)-1) * time.Second / pace.DefaultRate
	replies := rowOf("", goalReply, walked.answers)
	b.t.Logf("%d notices and %d answers within %s, at %d/s %s; at most %d within any second; answers p50 %s p95 %s p99 %s max %s ms (goal p99 %d)",
		len(notices), len(all)-len(notices), took.Round(10*time.Millisecond), pace.DefaultRate, least.Round(10*time.Millisecond), densest(all),
		ms(replies.at(50)), ms(replies.at(95)), ms(replies.at(99)), ms(replies.at(100)), goalReply.Milliseconds())
	chats := map[int64]int{}
	for _, s := range notices {
		chats[s.chat]++
	}
	switch {
	case len(chats) != managers || len(notices) != managers:
		b.t.Errorf("%d notices to %d managers, want one to each of %d", len(notices), len(chats), managers)
	case densest(all) > pace.DefaultRate+slack(full):
		b.t.Errorf("%d messages within a second, want %d", densest(all), pace.DefaultRate)
	case took < least-time.Second || took > least+lateMax(full, least):
		b.t.Errorf("took %s, want %s", took, least)
	case replies.at(50) > repliesGross*goalReply || walked.lost > 0:
		b.t.Errorf("answers took %s (p50), %d never came", replies.at(50), walked.lost)
	}
}

// densest is the most messages within any second.
func densest(all []sent) (most int) {
	from := 0
	for i, s := range all {
		for s.at.Sub(all[from].at) >= time.Second {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}
