package nats

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// RunLeased runs a function on one replica only, of all that call it with the
// same name. Whoever holds the lease runs. Its ctx ends when the lease is lost,
// at the latest after two thirds of a lease's length without a renewal: the
// others take over after the whole, and it waits for the lease again. When run
// returns by itself, or because ctx ended, the lease is free at once and
// RunLeased returns what run returned; nil when ctx ended before its turn.
//
// Clocks are not compared, but a process that freezes may wake up and write
// before it sees that its lease is gone: what must never happen twice needs a
// unique key as well.
func RunLeased(ctx context.Context, conn *Conn, name string, run func(ctx context.Context) error) error {
	l := &lease{name: name, owner: rand.Text()}
	for {
		if !l.acquire(ctx, conn) {
			return nil
		}
		if over, err := l.hold(ctx, run); over {
			return err
		}
	}
}

type lease struct {
	name, owner string
	kv          jetstream.KeyValue
	ttl         time.Duration
	revision    uint64
}

// leaseTries is how many times a lease is renewed, or looked for, per its length.
const leaseTries = 3

// leaseLook is how often a lease is looked for while nothing is known of its length.
const leaseLook = time.Second

// acquire waits until the lease is this one's; false when ctx ended before.
func (l *lease) acquire(ctx context.Context, conn *Conn) bool {
	for {
		pause := leaseLook
		if err := l.open(ctx, conn); err == nil {
			pause = min(pause, l.ttl/leaseTries)
			try, cancel := context.WithTimeout(ctx, l.ttl/leaseTries)
			l.revision, err = l.kv.Create(try, l.name, []byte(l.owner))
			cancel()
			if err == nil || l.adopt(ctx) {
				return true
			}
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
	}
}

// open finds the bucket; its TTL is the lease's length.
func (l *lease) open(ctx context.Context, conn *Conn) error {
	if l.kv != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, leaseLook)
	defer cancel()
	kv, err := conn.JS.KeyValue(ctx, BucketLeases)
	if err != nil {
		return err
	}
	status, err := kv.Status(ctx)
	if err != nil {
		return err
	}
	if status.TTL() <= 0 {
		return fmt.Errorf("bucket %s has no TTL", BucketLeases)
	}
	l.kv, l.ttl = kv, status.TTL()
	return nil
}

// adopt takes the lease that an own attempt got although its answer was lost.
func (l *lease) adopt(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, l.ttl/leaseTries)
	defer cancel()
	entry, err := l.kv.Get(ctx, l.name)
	if err != nil || string(entry.Value()) != l.owner {
		return false
	}
	l.revision, err = l.kv.Update(ctx, l.name, []byte(l.owner), entry.Revision())
	return err == nil
}

// hold runs the function while the lease can be renewed; over says that the
// function ended by itself, or with ctx.
func (l *lease) hold(ctx context.Context, run func(ctx context.Context) error) (over bool, err error) {
	held, lose := context.WithCancel(ctx)
	defer lose()
	done := make(chan error, 1)
	go func() { done <- run(held) }()
	tick := time.NewTicker(l.ttl / leaseTries)
	defer tick.Stop()
	for renewed := time.Now(); ; {
		select {
		case err = <-done:
			l.free(ctx)
			return true, err
		case <-tick.C:
		}
		asked := time.Now()
		// A stop must not cut a renewal short: it would leave a lease of unknown revision.
		if l.renew(context.WithoutCancel(ctx), renewed) == nil {
			renewed = asked
			continue
		}
		lose()
		err = <-done
		if ctx.Err() != nil {
			return true, err
		}
		return false, nil // not freed: it is somebody else's, or soon nobody's
	}
}

// renew begins the lease's length anew. It tries until the length that began at
// `renewed` is nearly over: the run must have ended by then.
func (l *lease) renew(ctx context.Context, renewed time.Time) error {
	ctx, cancel := context.WithDeadline(ctx, renewed.Add(l.ttl*2/leaseTries))
	defer cancel()
	for {
		revision, err := l.kv.Update(ctx, l.name, []byte(l.owner), l.revision)
		if err == nil {
			l.revision = revision
			return nil
		}
		if lostTo(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(l.ttl / leaseTries / 10):
		}
	}
}

// lostTo says whether the lease is somebody else's by now, or gone.
func lostTo(err error) bool {
	return errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch)
}

// free lets the next one have the lease at once. Without it, it runs out.
func (l *lease) free(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.ttl/leaseTries)
	defer cancel()
	_ = l.kv.Delete(ctx, l.name, jetstream.LastRevision(l.revision))
}
