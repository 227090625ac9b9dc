package load_test

import (
	"context"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/botgw"
	"ukbot/botgw/bots"
	"ukbot/botgw/gate"
	"ukbot/botgw/pace"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
	"ukbot/housing/seed"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/secret"
)

// Goals of the bot with 1,000 people who do 2,000 things a second in all.
const (
	goalHandler    = 20 * time.Millisecond // p99, without Telegram's own time
	goalTransition = 5 * time.Millisecond  // p99
)

// How much is measured. A measurement is
//
//	UKBOT_BOT_SPEED=full go test ./load -run TestBotSpeed -v -timeout 10m
//
// with PostgreSQL syncing every commit, unless DATABASE_TEST_URL names a server.
// UKBOT_BOT_RATE and UKBOT_BOT_SECONDS change its 2,000 updates a second and 10 s.
const (
	botEnv        = "UKBOT_BOT_SPEED"
	botRateEnv    = "UKBOT_BOT_RATE"
	botSecondsEnv = "UKBOT_BOT_SECONDS"
)

// botSize is how large a load is.
type botSize struct {
	people  int
	rate    int // updates a second, of all
	warm    time.Duration
	seconds time.Duration
	full    bool // a measurement
}

// botGross is how many times the goal of its 99th percentile a median may be: on a
// busy machine that shows only what went badly wrong.
const botGross = 50

func sizeOfBot(t *testing.T) botSize {
	t.Helper()
	size := botSize{people: 50, rate: 100, warm: time.Second, seconds: 3 * time.Second}
	if os.Getenv(botEnv) == "full" {
		size = botSize{people: 1000, rate: 2000, warm: 5 * time.Second, seconds: 10 * time.Second, full: true}
	}
	size.rate = number(t, botRateEnv, size.rate)
	size.seconds = time.Duration(number(t, botSecondsEnv, int(size.seconds/time.Second))) * time.Second
	return size
}

// number is a number of the environment.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		t.Fatalf("%s=%s: a number above 0", name, text)
	}
	return n
}

// TestBotSpeed has a crowd of residents walk through the form of a new request:
// category, place, words, no photo, urgency; one in ten sends it, the others think
// better of it. Each does something twice a second (or as the rate asks for), as
// long as they have been answered. It prints how long the bot took.
func TestBotSpeed(t *testing.T) {
	size := sizeOfBot(t)
	if !size.full {
		t.Parallel() // it mostly waits
	}
	b := newBot(t, size, 0)
	b.serve()
	crowd := newCrowd(b, size.people)
	crowd.start()
	r := run{bot: b, size: size}
	var marks sync.WaitGroup
	began := time.Now().Add(settling)
	marks.Go(func() {
		<-time.After(time.Until(began.Add(size.warm)))
		r.from = b.mark()
		<-time.After(time.Until(began.Add(size.warm + size.seconds)))
		r.to = b.mark()
	})
	r.walked = crowd.walk(began, size)
	marks.Wait()
	r.print()
}

// collect has a measurement collect garbage as seldom as the program does (memory.go).
// Its memory limit is not set: loader, simulator and services are in this process too.
func collect(t *testing.T) {
	t.Helper()
	if os.Getenv("GOGC") == "" {
		before := debug.SetGCPercent(400)
		t.Cleanup(func() { debug.SetGCPercent(before) })
	}
}

// settling is the time between the preparations and the load.
const settling = 100 * time.Millisecond

// run is a load and what came of it.
type run struct {
	*bot
	size     botSize
	from, to mark
	walked   walked
}

const botToken = "100:load"

// botTenant is the company that is loaded.
const botTenant = "load"

// bot is a whole bot between a Telegram of its own and the housing services, all
// in this process but PostgreSQL.
type bot struct {
	t        *testing.T
	s        *housingtest.Server
	streams  *natstest.Env
	telegram *telegram
	figures  *figures
	registry *prometheus.Registry
	lines    *pace.Lines
	metrics  *nats.Metrics
}

// newBot prepares one with so many residents, who have flats, and with so many
// messages a second; 0 limits nothing. Its streams sync before they answer, as in
// production.
func newBot(t *testing.T, size botSize, perSecond float64) *bot {
	t.Helper()
	if size.full {
		collect(t)
	}
	if size.full && os.Getenv("DATABASE_TEST_URL") == "" {
		t.Setenv("DATABASE_TEST_URL", durable(t))
	}
	b := &bot{
		t: t, s: housingtest.Start(t, housingtest.At(time.Now().UTC().Truncate(time.Millisecond))).In(botTenant), streams: natstest.StartDurable(t),
		telegram: newTelegram(t),
		registry: prometheus.NewRegistry(), figures: newFigures(), lines: pace.NewLines(perSecond),
	}
	b.metrics = nats.NewMetrics(b.registry)
	if err := seed.Load(t.Context(), b.s.Pool, botTenant, 20, 2*size.people+60, nil); err != nil {
		t.Fatal(err)
	}
	return b
}

// serve makes the gateway as role "botgw" has it, with limits that count and that
// nobody reaches, and runs it.
func (b *bot) serve() *bots.Registry {
	b.t.Helper()
	key := b.s.Key(access.AuthTelegram, access.UsersRegister, access.BuildingsView, access.CompanyView).Credential()
	log := zerolog.New(b.figures)
	served := bots.New(bots.Config{
		Conn: b.streams.Conn, Keys: b.s.Keys, Endpoint: b.telegram.url, Timeout: 10 * time.Second, Log: log,
		Own: bots.Own{Tenant: botTenant, Token: botToken, Key: secret.Text(key)},
	})
	limits := map[api.Role]gate.Limit{}
	for role := range gate.Limits {
		limits[role] = gate.Limit{Minute: 100_000, Hour: 100_000, Commands: 100_000, Taps: 100_000}
	}
	gateway, err := botgw.NewGateway(botgw.GatewayConfig{
		Conn: b.streams.Conn, Publisher: b.streams.Publisher, Pool: b.s.Pool, Keys: b.s.Keys, Bots: served, Lines: b.lines,
		HousingURL: strings.TrimSuffix(b.s.URL, "/api/v1"), Limits: limits,
		Consumers: b.metrics, Registry: b.registry, Log: log,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.run(served.Run, gateway.Run)
	return served
}

// run runs things until the test ends.
func (b *bot) run(all ...func(context.Context) error) {
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, one := range all {
		wg.Go(func() {
			if err := one(ctx); err != nil {
				b.t.Errorf("ended with: %v", err)
			}
		})
	}
	b.t.Cleanup(func() { stop(); wg.Wait() })
}

// residents are so many people with flats and Telegram.
func (b *bot) residents(people int) (list []person) {
	b.t.Helper()
	rows, err := b.s.Pool.Query(b.t.Context(), `SELECT telegram_id, name, language FROM users u
		WHERE tenant_id = $1 AND active_role = 'applicant' AND telegram_id IS NOT NULL
		AND EXISTS (SELECT 1 FROM user_apartments l WHERE l.tenant_id = u.tenant_id AND l.user_id = u.id AND l.status = 'approved')
		ORDER BY telegram_id LIMIT $2`, botTenant, people)
	if err != nil {
		b.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var p person
		if err := rows.Scan(&p.id, &p.name, &p.language); err != nil {
			b.t.Fatal(err)
		}
		list = append(list, p)
	}
	if err := rows.Err(); err != nil || len(list) < people {
		b.t.Fatalf("%d residents with Telegram, want %d; %v", len(list), people, err)
	}
	return list
}
