package clocks_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/housing/clocks"
	"ukbot/housing/requests"
	"ukbot/housing/sla"
	"ukbot/housing/unit"
	"ukbot/housing/workflow"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
	"ukbot/workers"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const tenant = "acme"

// rig is a company with a building, a resident and an executor, on streams and
// a database of its own. Its clock is the real one: the server's schedules have
// no other.
type rig struct {
	t                            *testing.T
	nats                         *natstest.Env
	pool                         *pgxpool.Pool
	store                        unit.Store
	building, resident, executor uuid.UUID
	numbers                      int
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, nats: natstest.Start(t), pool: dbtest.New(t), building: uuid.New(), resident: uuid.New(), executor: uuid.New()}
	r.store = unit.Store{Pool: r.pool, Now: time.Now}
	for _, row := range []struct {
		query string
		args  []any
	}{
		{"INSERT INTO companies (tenant_id, name) VALUES ($1, 'Acme')", []any{tenant}},
		{"INSERT INTO yards (tenant_id, id, name) VALUES ($1, $2, 'Yard')", []any{tenant, r.building}},
		{"INSERT INTO buildings (tenant_id, id, yard_id, address, search) VALUES ($1, $2, $2, 'House 1', 'house 1')", []any{tenant, r.building}},
		{
			`INSERT INTO users (tenant_id, id, name, language, status, roles, active_role, search)
			SELECT $1, id, 'Somebody', 'ru', 'approved', '{executor}', 'executor', '' FROM unnest($2::uuid[]) id`,
			[]any{tenant, []uuid.UUID{r.resident, r.executor}},
		},
	} {
		_, err := r.pool.Exec(t.Context(), row.query, row.args...)
		must(t, err)
	}
	return r
}

// relay publishes the outbox, as the workers do, until the test or stop ends it.
func (r *rig) relay() (stop func()) {
	r.t.Helper()
	conn, registry := r.nats.Connect("workers"), prometheus.NewRegistry()
	w := workers.New(workers.Config{
		Conn: conn, Publisher: natstest.NewPublisher(r.t, conn), Pool: r.pool,
		Metrics: nats.NewMetrics(registry), Registry: registry, Log: zerolog.Nop(),
	})
	return r.run(w.Run)
}

// replica runs clocks until the test or stop ends them.
func (r *rig) replica(pool *pgxpool.Pool) (stop func()) {
	r.t.Helper()
	conn := r.nats.Connect("clocks")
	c := clocks.New(clocks.Config{
		Conn: conn, Publisher: natstest.NewPublisher(r.t, conn), Store: unit.Store{Pool: pool, Now: time.Now},
		Metrics: nats.NewMetrics(prometheus.NewRegistry()), Log: zerolog.Nop(),
	})
	return r.run(c.Run)
}

func (r *rig) run(run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			r.t.Errorf("run: %v", err)
		}
	})
	stop = func() { cancel(); wg.Wait() }
	r.t.Cleanup(stop)
	return stop
}

// request makes one whose clocks have these seconds.
func (r *rig) request(reaction, completion int32) uuid.UUID {
	r.t.Helper()
	return r.requestIn(r.t.Context(), reaction, completion)
}

func (r *rig) requestIn(ctx context.Context, reaction, completion int32) uuid.UUID {
	r.t.Helper()
	id := uuid.New()
	r.numbers++
	must(r.t, r.store.Do(ctx, func(w *unit.Work) error {
		row := db.Request{TenantID: tenant, ID: id, Status: string(workflow.New), ReactionSeconds: reaction, CompletionSeconds: completion, Version: 1}
		row.ReactionDue, row.CompletionDue = w.Now.Add(seconds(reaction)), w.Now.Add(seconds(completion))
		err := w.InsertRequest(ctx, db.InsertRequestParams{
			TenantID: tenant, ID: id, Number: uuid.NewString(), Status: row.Status, Category: "plumbing", Urgency: "normal", Description: "leak",
			BuildingID: r.building, Address: "House 1", ApplicantID: r.resident, CreatedBy: r.resident.String(), StatusSince: w.Now,
			ReactionSeconds: reaction, CompletionSeconds: completion, ReactionDue: row.ReactionDue, CompletionDue: row.CompletionDue,
			Version: 1, CreatedAt: w.Now, UpdatedAt: w.Now,
		})
		if err != nil {
			return err
		}
		return sla.Arm(w, row)
	}))
	return id
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

// move changes a request's status as the API would.
func (r *rig) move(id uuid.UUID, to workflow.Status) {
	r.t.Helper()
	must(r.t, r.store.Do(r.t.Context(), func(w *unit.Work) error {
		row, err := w.LockRequest(r.t.Context(), tenant, id)
		if err != nil {
			return err
		}
		return requests.Change(r.t.Context(), w, &row, requests.Entry{
			Actor: requests.Actor{ID: r.executor.String(), Role: "executor"}, Action: "move", Event: events.RequestStatus,
			Set: func(row *db.Request) { row.Status, row.ExecutorID = string(to), &r.executor },
		})
	}))
}

// row is a request as it is stored.
func (r *rig) row(id uuid.UUID) db.Request {
	r.t.Helper()
	row, err := db.New(r.pool).RequestByID(r.t.Context(), tenant, id)
	must(r.t, err)
	return row
}

// messages are the events about a request's deadlines as the stream has them, in order.
func (r *rig) messages(id uuid.UUID) (all []*nats.Message) {
	r.t.Helper()
	must(r.t, nats.Read(context.Background(), r.nats.Conn.JS, nats.ReadRange{Stream: nats.StreamEvents}, func(m *nats.Message) error {
		if data := changed(r.t, m); data.Request.ID == id.String() && data.Clock != "" {
			all = append(all, m)
		}
		return nil
	}))
	return all
}

func changed(t *testing.T, m *nats.Message) (data events.RequestChanged) {
	t.Helper()
	must(t, json.Unmarshal(m.Data, &data))
	return data
}

// events are what those say.
func (r *rig) events(id uuid.UUID) (all []events.RequestChanged) {
	r.t.Helper()
	for _, m := range r.messages(id) {
		all = append(all, changed(r.t, m))
	}
	return all
}

// announced are the events about a request's deadlines: "reaction warned".
func (r *rig) announced(id uuid.UUID) (all []string) {
	r.t.Helper()
	for _, m := range r.messages(id) {
		all = append(all, changed(r.t, m).Clock+" "+m.Subject[strings.LastIndex(m.Subject, ".")+1:])
	}
	return all
}

// until waits until so many deadlines of a request were announced, and gives them.
func (r *rig) until(id uuid.UUID, n int) (all []string) {
	r.t.Helper()
	natstest.Wait(r.t, "deadlines to be announced", func() bool {
		all = r.announced(id)
		return len(all) >= n
	})
	return all
}

// schedule is when a request's schedule fires; false if there is none.
func (r *rig) schedule(id uuid.UUID) (string, bool) {
	r.t.Helper()
	stream, err := r.nats.Conn.JS.Stream(r.t.Context(), nats.StreamClocks)
	must(r.t, err)
	msg, err := stream.GetLastMsgForSubject(r.t.Context(), events.ClockSubject(tenant, id.String()))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return "", false
	}
	must(r.t, err)
	return msg.Header.Get(jetstream.ScheduleHeader), true
}

// idle waits until all that was fired is answered and nothing waits to be published.
func (r *rig) idle() {
	r.t.Helper()
	natstest.Wait(r.t, "the clocks to be idle", func() bool {
		consumer, err := r.nats.Conn.JS.Consumer(r.t.Context(), nats.StreamClocks, nats.DurableClocks)
		must(r.t, err)
		info, err := consumer.Info(r.t.Context())
		must(r.t, err)
		var waiting int
		must(r.t, r.pool.QueryRow(r.t.Context(), "SELECT count(*) FROM outbox").Scan(&waiting))
		return info.NumPending == 0 && info.NumAckPending == 0 && waiting == 0
	})
}

// fire puts messages where schedules fire.
func (r *rig) fire(tenant string, bodies ...[]byte) {
	r.t.Helper()
	for _, body := range bodies {
		_, err := r.nats.Publisher.Publish(r.t.Context(), &natsgo.Msg{Subject: events.ClockDueSubject(tenant), Data: body})
		must(r.t, err)
	}
}

// body asks to look at a request.
func body(tenant string, id uuid.UUID) []byte {
	raw, _ := json.Marshal(sla.Due{Tenant: tenant, Request: id.String()})
	return raw
}
