package nats

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// watch is the watchdog: it ends the session of a consumer that has messages
// and has delivered none for two looks though there was room. Such consumers
// have been seen to stay silent until their client starts anew.
func (p *puller) watch(ctx context.Context, consumer jetstream.Consumer, end func()) {
	tick := time.NewTicker(p.period)
	defer tick.Stop()
	var dog watchdog
	dog.seen, _, _ = p.inbox.state()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		info, err := consumer.Info(ctx)
		if err != nil {
			continue
		}
		p.observe(info)
		total, waiting, _ := p.inbox.state()
		if dog.barks(info, total, waiting, p.pin.Load()) {
			p.log.Error().Uint64("pending", info.NumPending).Msg("consumer has messages and delivers none, starting it again")
			p.meter.stuck.WithLabelValues(p.spec.Stream, p.spec.Config.Durable).Inc()
			end()
			return
		}
	}
}

// observe keeps the server's numbers.
func (p *puller) observe(info *jetstream.ConsumerInfo) {
	_, _, unanswered := p.inbox.state()
	p.floor = max(p.floor, info.AckFloor.Stream)
	p.inbox.parked.sample(info.NumAckPending - unanswered)
	p.meter.pending.WithLabelValues(p.spec.Stream, p.spec.Config.Durable).Set(float64(info.NumPending))
	p.meter.ackPending.WithLabelValues(p.spec.Stream, p.spec.Config.Durable).Set(float64(info.NumAckPending))
}

// watchdog remembers what it saw at the last look.
type watchdog struct {
	seen int // messages that had come
	idle int // looks in a row at which the consumer should have delivered and had not
}

// barks says whether the consumer was silent at this look and the one before
// without a reason. pin is this client's turn at a lane.
func (w *watchdog) barks(info *jetstream.ConsumerInfo, total, waiting int, pin *string) bool {
	silent := total == w.seen && info.NumPending > 0 && waiting == 0 &&
		info.NumAckPending < info.Config.MaxAckPending && !info.Paused && !pinnedElsewhere(info, pin)
	w.seen = total
	if !silent {
		w.idle = 0
		return false
	}
	w.idle++
	return w.idle >= 2
}

// pinnedElsewhere says whether a lane is silent here because another client has its turn.
func pinnedElsewhere(info *jetstream.ConsumerInfo, pin *string) bool {
	for _, group := range info.PriorityGroups {
		if group.PinnedClientID != "" && (pin == nil || *pin != group.PinnedClientID) {
			return true
		}
	}
	return false
}
