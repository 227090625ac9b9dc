package nats

import (
	"context"
	"fmt"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/events"
)

// settler gives each message its one answer.
type settler struct {
	conn      *Conn
	publisher *Publisher
	parked    *parking
	meter     *Metrics
	log       zerolog.Logger
}

// settleTimeout bounds the publishes that an answer needs (dead letter, schedule).
const settleTimeout = 5 * time.Second

// settleAgain is when a message returns whose dead letter or schedule could not be stored.
const settleAgain = 5 * time.Second

func (s *settler) settle(m *Message, err error) {
	outcome := s.answer(m, err)
	s.meter.outcomes.WithLabelValues(m.Stream, m.Consumer, outcome).Inc()
}

// answer acts on a handler's verdict and names what it did.
func (s *settler) answer(m *Message, err error) string {
	log := s.log.With().Uint64("seq", m.Sequence).Str("tenant", m.Tenant()).Int("delivered", m.Delivered).Logger()
	switch {
	case err == nil:
		_ = m.msg.Ack() // a lost ack means one more delivery of what is done
		return "ack"
	case IsPermanent(err):
		if buried := s.bury(m, err); buried != nil {
			log.Error().Err(buried).Msg("dead letter not stored, trying again")
			_ = m.msg.NakWithDelay(settleAgain)
			return "nak"
		}
		log.Error().Err(err).Msg("message given up, see dead letters")
		_ = m.msg.TermWithReason(reason(err))
		return "dead"
	}
	delay, given := RetryDelay(err)
	if !given {
		delay = Backoff(m.Delivered)
	}
	log.Warn().Err(err).Dur("retry_in_ms", delay).Msg("message failed, parked for a retry")
	return s.park(m, delay)
}

// park makes the message come back after delay. A delayed nak is exact and
// free but holds one of the consumer's ack-pending slots; past ParkSlots the
// message is stored again as a schedule and this copy is done.
func (s *settler) park(m *Message, delay time.Duration) string {
	if m.Stream != StreamWebhooks || s.parked.take(ParkSlots) {
		_ = m.msg.NakWithDelay(delay)
		return "nak"
	}
	if err := s.schedule(m, delay); err != nil {
		s.log.Error().Err(err).Uint64("seq", m.Sequence).Msg("retry not scheduled, trying again")
		_ = m.msg.NakWithDelay(settleAgain)
		return "nak"
	}
	_ = m.msg.Ack()
	return "scheduled"
}

func (s *settler) schedule(m *Message, delay time.Duration) error {
	e, err := events.Decode(m.Header, m.Data)
	if err != nil {
		return err
	}
	slot := events.DeriveID(events.MessageID(e.Tenant, e.Source, e.ID), fmt.Sprint(m.Sequence))
	msg := copyOf(m.Header, m.Data, events.RetrySubject(e.Tenant, e.Source, slot), "retry/"+slot)
	// Not WithScheduleAt: it cuts to whole seconds and fires early.
	msg.Header.Set(jetstream.ScheduleHeader, "@at "+time.Now().Add(delay).UTC().Format(time.RFC3339Nano))
	msg.Header.Set(jetstream.ScheduleTargetHeader, m.Subject)
	ctx, cancel := context.WithTimeout(context.Background(), settleTimeout)
	defer cancel()
	_, err = s.publisher.Publish(ctx, msg)
	return err
}

// copyOf makes a new message of a stored one: without the headers of its own
// publish, whose id would make the server swallow the copy.
func copyOf(header natsgo.Header, data []byte, subject, messageID string) *natsgo.Msg {
	msg := natsgo.NewMsg(subject)
	msg.Data = data
	for name, values := range header {
		if len(name) < 5 || name[:5] != "Nats-" {
			msg.Header[name] = values
		}
	}
	msg.Header.Set(jetstream.MsgIDHeader, messageID)
	return msg
}
