package nats

import (
	"context"
	"fmt"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/events"
)

// settler gives each message its one answer.
type settler struct {
	publisher *Publisher
	parked    *parking
	slots     int // of parked retries; more become schedules
	meter     *Metrics
	log       zerolog.Logger
}

// settleTimeout bounds the publishes that the answers of a batch need (dead
// letters, schedules).
const settleTimeout = 5 * time.Second

// settleAgain is when a message returns whose dead letter or schedule could not be stored.
const settleAgain = 5 * time.Second

// Outcomes of a message, as the metric counts them.
const (
	outcomeAck       = "ack"
	outcomeNak       = "nak"
	outcomeScheduled = "scheduled"
	outcomeDead      = "dead"
)

// verdict is what becomes of one message.
type verdict struct {
	outcome string
	after   time.Duration // until it returns
	copy    *natsgo.Msg   // the dead letter or the schedule, to be stored before the message is answered
}

// settle answers messages: errs holds what the handler said of each. The
// copies they need are stored together and share one fsync.
func (s *settler) settle(batch []*Message, errs []error) {
	verdicts := make([]verdict, len(batch))
	for i, m := range batch {
		verdicts[i] = s.judge(m, errs[i])
	}
	s.store(batch, verdicts)
	for i, m := range batch {
		switch v := verdicts[i]; v.outcome {
		case outcomeNak:
			m.nakAfter(v.after)
		case outcomeDead:
			m.term(buriedMark + reason(errs[i]))
		default:
			m.ack()
		}
		s.meter.outcomes.WithLabelValues(m.Stream, m.Consumer, verdicts[i].outcome).Inc()
	}
}

// judge turns what a handler said of a message into what is to be done.
func (s *settler) judge(m *Message, err error) verdict {
	if err == nil {
		return verdict{outcome: outcomeAck}
	}
	log := s.log.With().Uint64("seq", m.Sequence).Str("tenant", m.Tenant()).Int("delivered", m.Delivered).Logger()
	if IsPermanent(err) {
		log.Error().Err(err).Msg("message given up, becomes a dead letter")
		return verdict{outcome: outcomeDead, copy: deadMessage(m, reason(err))}
	}
	delay, given := RetryDelay(err)
	if !given {
		delay = Backoff(m.Delivered)
	}
	log.Warn().Err(err).Dur("retry_in_ms", delay).Msg("message failed, parked for a retry")
	return s.park(m, delay)
}

// park makes the message come back after delay. A delayed nak is exact and
// free but holds one of the consumer's ack-pending slots; past s.slots the
// message is stored again as a schedule and this copy is done.
func (s *settler) park(m *Message, delay time.Duration) verdict {
	if m.Stream != StreamWebhooks || s.parked.take(s.slots) {
		return verdict{outcome: outcomeNak, after: delay}
	}
	schedule, err := scheduleMessage(m, delay)
	if err != nil { // no event of ours: nothing to name the schedule after
		return verdict{outcome: outcomeNak, after: delay}
	}
	return verdict{outcome: outcomeScheduled, copy: schedule}
}

// store stores the copies that verdicts need; a message whose copy is not stored returns.
func (s *settler) store(batch []*Message, verdicts []verdict) {
	var copies []*natsgo.Msg
	var of []int
	for i, v := range verdicts {
		if v.copy != nil {
			copies, of = append(copies, v.copy), append(of, i)
		}
	}
	if len(copies) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), settleTimeout)
	defer cancel()
	_, errs := s.publisher.PublishAll(ctx, copies)
	for k, err := range errs {
		if err == nil {
			continue
		}
		i := of[k]
		s.log.Error().Err(err).Uint64("seq", batch[i].Sequence).Str("outcome", verdicts[i].outcome).
			Msg("copy of a message not stored, trying again")
		verdicts[i] = verdict{outcome: outcomeNak, after: settleAgain}
	}
}

func scheduleMessage(m *Message, delay time.Duration) (*natsgo.Msg, error) {
	e, err := events.Decode(m.Header, m.Data)
	if err != nil {
		return nil, err
	}
	slot := events.DeriveID(events.MessageID(e.Tenant, e.Source, e.ID), fmt.Sprint(m.Sequence))
	msg := copyOf(m.Header, m.Data, events.RetrySubject(e.Tenant, e.Source, slot), "retry/"+slot)
	// Not WithScheduleAt: it cuts to whole seconds and fires early.
	msg.Header.Set(jetstream.ScheduleHeader, "@at "+time.Now().Add(delay).UTC().Format(time.RFC3339Nano))
	msg.Header.Set(jetstream.ScheduleTargetHeader, m.Subject)
	return msg, nil
}

// copyOf makes a new message of a stored one: without the headers of its own
// publish, whose id would make the server swallow the copy.
func copyOf(header natsgo.Header, data []byte, subject, messageID string) *natsgo.Msg {
	msg := natsgo.NewMsg(subject)
	msg.Data = data
	for name, values := range header {
		if !strings.HasPrefix(name, "Nats-") {
			msg.Header[name] = values
		}
	}
	msg.Header.Set(jetstream.MsgIDHeader, messageID)
	return msg
}
