package botgw

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
)

// NotifyConfig is how events are worked.
type NotifyConfig struct {
	Batch   int           // events told of together at most; default 256
	Forget  Forget        // of sessions; nil in tests that have none
	Metrics *nats.Metrics // of the consumer
	Log     zerolog.Logger
}

// Notifier turns events into notices: who is told (notices.go), in which words
// and language. It records the notices and stores them in the lanes; Sender takes
// them from there. An event delivered again makes the same notices again, under
// the same ids.
type Notifier struct {
	publisher *nats.Publisher
	pool      *pgxpool.Pool
	forget    Forget
	zones     zones
	consumer  *nats.Consumer
}

// NewNotifier prepares a notifier.
func NewNotifier(conn *nats.Conn, publisher *nats.Publisher, pool *pgxpool.Pool, cfg NotifyConfig) *Notifier {
	n := &Notifier{publisher: publisher, pool: pool, forget: cfg.Forget, zones: zones{known: map[string]zone{}}}
	n.consumer = nats.NewConsumer(conn, publisher, nats.ConsumeConfig{
		Spec: consumerSpec(nats.DurableNotify), Batch: cfg.Batch,
		Workers: 1, // one batch after the other: a chat reads events in their order
		Metrics: cfg.Metrics, Log: cfg.Log,
	}, n.handle)
	return n
}

// consumerSpec finds a durable in the table of consumers.
func consumerSpec(durable string) nats.ConsumerSpec {
	i := slices.IndexFunc(nats.Consumers, func(s nats.ConsumerSpec) bool { return s.Config.Durable == durable })
	return nats.Consumers[i] // a name that is not there is a bug every test meets
}

// Run tells of events until ctx ends and the batch in hand is done.
func (n *Notifier) Run(ctx context.Context) error { return n.consumer.Run(ctx) }

// handle tells of a batch; what PostgreSQL refuses as a batch is told of one by
// one, so that only the culprit waits.
func (n *Notifier) handle(ctx context.Context, batch []*nats.Message) []error {
	errs, refused := n.tell(ctx, batch)
	if refused && len(batch) > 1 {
		for i := range batch {
			one, _ := n.tell(ctx, batch[i:i+1])
			errs[i] = one[0]
		}
	}
	return errs
}

// tell makes, records and stores the notices of a batch. refused says that
// PostgreSQL would not have it.
func (n *Notifier) tell(ctx context.Context, batch []*nats.Message) (errs []error, refused bool) {
	errs = make([]error, len(batch))
	facts := make([]fact, len(batch))
	for i, m := range batch {
		if facts[i], errs[i] = readEvent(m); errs[i] != nil {
			errs[i] = nats.Permanent(errs[i])
		}
	}
	outcome := func(err error) {
		for i := range errs {
			if errs[i] == nil && (len(facts[i].rows) > 0 || facts[i].user != nil) {
				errs[i] = err
			}
		}
	}
	err := n.follow(ctx, facts)
	var directories map[string]directory
	if err == nil {
		directories, err = n.look(ctx, facts)
	}
	if err != nil {
		outcome(databaseError(fmt.Errorf("who is to be told: %w", err)))
		return errs, !db.IsAway(err)
	}
	var notices []pendingNotice
	for i, f := range facts {
		told, err := directories[f.Tenant].notices(f, i)
		if err != nil {
			errs[i] = nats.Permanent(err) // a template that fails will fail again
			continue
		}
		notices = append(notices, told...)
	}
	if len(notices) == 0 {
		return errs, false
	}
	if err := n.record(ctx, notices); err != nil {
		outcome(databaseError(fmt.Errorf("record notices: %w", err)))
		return errs, !db.IsAway(err)
	}
	n.store(ctx, notices, errs)
	return errs, false
}

// databaseError holds the batch while PostgreSQL is away.
func databaseError(err error) error {
	if db.IsAway(err) {
		return nats.Hold(err)
	}
	return err
}

// readEvent reads a message; a quiet one, of a replay, has no rows.
func readEvent(m *nats.Message) (fact, error) {
	e, err := events.Decode(m.Header, m.Data)
	if err != nil {
		return fact{}, err
	}
	if e.Quiet {
		return fact{Envelope: e}, nil
	}
	return readFact(e)
}

// record keeps who is to be told; again is harmless.
func (n *Notifier) record(ctx context.Context, notices []pendingNotice) error {
	var rows db.InsertNoticesParams
	for _, p := range notices {
		event := asUUID(p.Event)
		correlation, err := uuid.Parse(p.Correlation)
		if err != nil {
			correlation = event
		}
		rows.TenantIds = append(rows.TenantIds, p.Tenant)
		rows.Ids = append(rows.Ids, asUUID(p.ID))
		rows.Correlations = append(rows.Correlations, correlation)
		rows.EventIds = append(rows.EventIds, event)
		rows.ChatIds = append(rows.ChatIds, p.ChatID)
		rows.Templates = append(rows.Templates, p.Template)
		rows.Languages = append(rows.Languages, p.Language)
	}
	return db.New(n.pool).InsertNotices(ctx, rows)
}

// asUUID is an id as the column wants it; one that is no UUID gets one that
// always is the same.
func asUUID(id string) uuid.UUID {
	if parsed, err := uuid.Parse(id); err == nil {
		return parsed
	}
	return uuid.MustParse(events.DeriveID(id, "uuid"))
}

// storeMax is the notices stored at once: well below what a publisher lets wait
// for its answers, however many managers a tenant has.
const storeMax = 1000

// store puts the notices into their lanes, in order. From the first that could
// not be stored on, all events are told of again: the order of a chat is worth
// more than a repeat, which the stream or Sender recognises.
func (n *Notifier) store(ctx context.Context, notices []pendingNotice, errs []error) {
	for chunk := range slices.Chunk(notices, storeMax) {
		messages := make([]*natsgo.Msg, len(chunk))
		for i, p := range chunk {
			messages[i] = p.message
		}
		_, stored := n.publisher.PublishAll(ctx, messages)
		for i, err := range stored {
			p := chunk[i]
			switch {
			case err == nil:
			case errors.Is(err, nats.ErrRefused):
				errs[p.of] = nats.Permanent(fmt.Errorf("store notice %s: %w", p.ID, err))
			default:
				holdFrom(errs, p.of, nats.Hold(fmt.Errorf("store notice %s: %w", p.ID, err)))
				return
			}
		}
	}
}

// holdFrom keeps the events from the first on that are not lost already.
func holdFrom(errs []error, first int, hold error) {
	for i := first; i < len(errs); i++ {
		if errs[i] == nil {
			errs[i] = hold
		}
	}
}

// pendingNotice is a notice on its way into a lane.
type pendingNotice struct {
	events.Notice
	of      int // index of its event in the batch
	message *natsgo.Msg
}

// newPending makes the message of a notice; later is when it is to be sent, zero
// for at once.
func newPending(n events.Notice, f fact, later time.Time, of int) (pendingNotice, error) {
	e, err := n.Envelope(f.Envelope)
	if err != nil {
		return pendingNotice{}, err
	}
	if !later.IsZero() {
		return pendingNotice{Notice: n, of: of, message: laterMessage(n, e, later)}, nil
	}
	m := natsgo.NewMsg(events.NoticeSubject(n.Tenant, n.Priority, n.ChatID))
	m.Header, m.Data = e.Header(), e.Data
	m.Header.Set(jetstream.MsgIDHeader, n.ID)
	return pendingNotice{Notice: n, of: of, message: m}, nil
}
