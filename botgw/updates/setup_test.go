package updates

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"

	"ukbot/botgw/bots"
	"ukbot/botgw/simulator"
	"ukbot/botgw/talk"
	"ukbot/nats"
	"ukbot/nats/natstest"
)

const token = "100:AAtheSECRETpart"

// people of the simulator who have started the bot.
const (
	azizaID = 7
	botirID = 8
)

// desk is a bot between a Telegram of its own and streams of its own.
type desk struct {
	*natstest.Env
	t        *testing.T
	sim      *simulator.Server
	registry *bots.Registry
	metrics  *Metrics
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	sim := simulator.New(simulator.Config{WebhookBackoff: 20 * time.Millisecond})
	sim.AddBot(token, "house_bot")
	for id, name := range map[int64]string{azizaID: "Aziza", botirID: "Botir"} {
		sim.AddUser(simulator.User{ID: id, FirstName: name, LanguageCode: "uz"})
	}
	web := httptest.NewServer(sim.Handler())
	t.Cleanup(func() { sim.Close(); web.Close() })
	return newDeskAt(t, sim, web.URL)
}

// newDeskAt is a desk at another address of the Bot API.
func newDeskAt(t *testing.T, sim *simulator.Server, endpoint string) *desk {
	t.Helper()
	t.Parallel() // they mostly wait
	env := natstest.Start(t)
	registry := bots.New(bots.Config{
		Conn: env.Conn, Own: bots.Own{Tenant: "default", Token: token}, Endpoint: endpoint, Timeout: 10 * time.Second, Log: zerolog.Nop(),
	})
	d := &desk{Env: env, t: t, sim: sim, registry: registry, metrics: NewMetrics(prometheus.NewRegistry())}
	return d
}

// intake is one replica's; an address makes it one of webhooks.
func (d *desk) intake(address string) *Intake {
	return NewIntake(IntakeConfig{
		Conn: d.Conn, Publisher: d.Publisher, Bots: d.registry, Metrics: d.metrics, Log: zerolog.Nop(),
		WebhookURL: address, PublishTimeout: 10 * time.Second, PollWait: 5 * time.Second,
	})
}

// run runs something until the returned function is called, at the latest when
// the test ends.
func run(t *testing.T, what func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := what(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	stop = func() { cancel(); wg.Wait() }
	t.Cleanup(stop)
	return stop
}

// book is what handlers were given, in order.
type book struct {
	mu  sync.Mutex
	all []talk.Update
}

func (b *book) write(u talk.Update) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, u)
}

// texts is what was written in a chat, in the order it was handled.
func (b *book) texts(chat int64) (texts []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, u := range b.all {
		if u.Chat == chat {
			texts = append(texts, u.Text+u.Data)
		}
	}
	return texts
}

// lanes runs lanes and keeps what they hand over; act, if not nil, does the work.
func (d *desk) lanes(change func(*LanesConfig), act Handler) *book {
	d.t.Helper()
	cfg := LanesConfig{Bots: d.registry, Consumers: d.Metrics, Metrics: d.metrics, Log: zerolog.Nop(), Grace: time.Second}
	if change != nil {
		change(&cfg)
	}
	b := &book{}
	run(d.t, NewLanes(d.Conn, d.Publisher, cfg, func(ctx context.Context, u talk.Update) error {
		if act != nil {
			if err := act(ctx, u); err != nil {
				return err
			}
		}
		b.write(u)
		return nil
	}).Run)
	return b
}

// say has somebody write texts.
func (d *desk) say(person int64, texts ...string) {
	d.t.Helper()
	for _, text := range texts {
		if _, err := d.sim.SendText(token, person, text); err != nil {
			d.t.Fatal(err)
		}
	}
}

// put stores updates as an intake does.
func (d *desk) put(raws ...string) {
	d.t.Helper()
	b, _ := d.registry.ByID(100)
	for _, raw := range raws {
		msg, _, _ := message(b, []byte(raw), time.Now())
		if _, err := d.Publisher.Publish(d.t.Context(), msg); err != nil {
			d.t.Fatal(err)
		}
	}
}

// text is an update: somebody writes in a chat.
func text(id, chat int64, words string) string {
	return fmt.Sprintf(`{"update_id":%d,"message":{"message_id":%d,"date":1760000000,"chat":{"id":%d},"from":{"id":%d},"text":%q}}`, id, id, chat, chat, words)
}

// stored is how many messages a stream holds.
func (d *desk) stored(stream string) uint64 {
	d.t.Helper()
	s, err := d.Conn.JS.Stream(d.t.Context(), stream)
	if err != nil {
		d.t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

// waitTexts waits until a chat's texts are these, in this order.
func (d *desk) waitTexts(b *book, chat int64, want ...string) {
	d.t.Helper()
	joined := strings.Join(want, "|")
	natstest.Wait(d.t, fmt.Sprintf("chat %d to say %s", chat, joined), func() bool { return len(b.texts(chat)) >= len(want) })
	if got := strings.Join(b.texts(chat), "|"); got != joined {
		d.t.Errorf("chat %d: %s, want %s", chat, got, joined)
	}
}

// deaths is the causes of the dead letters.
func (d *desk) deaths() (causes []string) {
	d.t.Helper()
	letters, err := nats.DeadLetters(d.t.Context(), d.Conn.JS, "", 1, 100)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, l := range letters {
		causes = append(causes, l.Error)
	}
	return causes
}

// hooks serves an intake's webhooks and gives their address.
func (d *desk) hooks(in *Intake) string {
	d.t.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true, BodyLimit: 4 << 20})
	in.Register(app)
	web := httptest.NewServer(adapted(app))
	d.t.Cleanup(web.Close)
	return web.URL
}

func count(c prometheus.Collector) float64 { return testutil.ToFloat64(c) }

// testTime is a time of the precision that headers have.
var testTime = time.Date(2025, 10, 7, 12, 0, 0, 0, time.UTC)
