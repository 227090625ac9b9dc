package nats

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

// puller turns a durable consumer into an inbox of messages. It outlives lost
// connections, deleted consumers and consumers that fall silent.
type puller struct {
	conn  *Conn
	spec  ConsumerSpec
	batch int
	inbox *inbox
	meter *Metrics
	log   zerolog.Logger
}

// pullBytes bounds what one consumer prefetches; it must exceed the largest message.
const pullBytes = 8 << 20

// Waits of a puller.
const (
	pullExpiry  = 5 * time.Second // below the PinnedTTL of the lanes
	pullPause   = 500 * time.Millisecond
	watchPeriod = 10 * time.Second
)

// run pulls until ctx ends. What was prefetched and not begun then goes back
// at once instead of after AckWait.
func (p *puller) run(ctx context.Context) {
	defer p.inbox.close()
	for ctx.Err() == nil {
		err := p.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && p.conn.IsConnected() {
			p.log.Warn().Err(err).Msg("pulling interrupted, starting again")
		}
		p.meter.restarts.WithLabelValues(p.spec.Stream, p.spec.Config.Durable).Inc()
		select {
		case <-ctx.Done():
		case <-time.After(pullPause):
		}
	}
}

// session pulls from one iterator until it ends.
func (p *puller) session(ctx context.Context) error {
	consumer, err := p.consumer(ctx)
	if err != nil {
		return err
	}
	iter, err := consumer.Messages(p.options()...)
	if err != nil {
		return err
	}
	defer iter.Stop()
	defer context.AfterFunc(ctx, iter.Drain)()
	silent, cancel := context.WithCancel(ctx)
	defer cancel()
	var watch sync.WaitGroup
	watch.Go(func() { p.watch(silent, consumer, iter) })
	defer watch.Wait()
	defer cancel()
	return p.pump(ctx, iter)
}

func (p *puller) pump(ctx context.Context, iter jetstream.MessagesContext) error {
	for {
		msg, err := iter.Next()
		if errors.Is(err, jetstream.ErrMsgIteratorClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		m, err := newMessage(msg)
		if err != nil {
			return err
		}
		if ctx.Err() != nil || !p.inbox.put(ctx, m) {
			_ = msg.Nak()
		}
	}
}

func (p *puller) options() []jetstream.PullMessagesOpt {
	options := []jetstream.PullMessagesOpt{
		jetstream.PullMaxMessagesWithBytesLimit(p.batch, pullBytes),
		jetstream.PullExpiry(pullExpiry), jetstream.WithMessagesErrOnMissingHeartbeat(true),
	}
	if len(p.spec.Config.PriorityGroups) > 0 {
		options = append(options, jetstream.PullPriorityGroup(p.spec.Config.PriorityGroups[0]))
	}
	return options
}

// consumer finds the durable, or makes it: somebody may have deleted it.
func (p *puller) consumer(ctx context.Context) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, pullExpiry)
	defer cancel()
	consumer, err := p.conn.JS.Consumer(ctx, p.spec.Stream, p.spec.Config.Durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return p.conn.JS.CreateOrUpdateConsumer(ctx, p.spec.Stream, p.spec.Config)
	}
	return consumer, err
}

// watch is the watchdog: it ends the iterator of a consumer that has messages
// and has delivered none since the last look though there was room. Such
// consumers have been seen to stay silent until their client starts anew.
func (p *puller) watch(ctx context.Context, consumer jetstream.Consumer, iter jetstream.MessagesContext) {
	tick := time.NewTicker(watchPeriod)
	defer tick.Stop()
	seen, idle := p.inbox.count(), 0
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
		count := p.inbox.count()
		stuck := count == seen && info.NumPending > 0 && p.inbox.empty() &&
			info.NumAckPending < info.Config.MaxAckPending && !pinnedElsewhere(info)
		if seen = count; !stuck {
			idle = 0
			continue
		}
		if idle++; idle >= 2 {
			p.log.Error().Uint64("pending", info.NumPending).Msg("consumer has messages and delivers none, starting it again")
			p.meter.stuck.WithLabelValues(p.spec.Stream, p.spec.Config.Durable).Inc()
			iter.Stop()
			return
		}
	}
}

func (p *puller) observe(info *jetstream.ConsumerInfo) {
	p.inbox.parked.sample(info.NumAckPending)
	p.meter.pending.WithLabelValues(p.spec.Stream, p.spec.Config.Durable).Set(float64(info.NumPending))
	p.meter.ackPending.WithLabelValues(p.spec.Stream, p.spec.Config.Durable).Set(float64(info.NumAckPending))
}

// pinnedElsewhere says whether a lane may be silent because another replica has it.
func pinnedElsewhere(info *jetstream.ConsumerInfo) bool {
	return info.Config.PriorityPolicy == jetstream.PriorityPolicyPinned
}
