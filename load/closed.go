package load

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Closed is a closed loop: every connection has one request under way and sends
// the next when it has the answer. It finds the highest rate.
type Closed struct {
	Addr        string
	Connections int
	Drivers     int           // goroutines that share the connections; default 4 per core. One for each connection costs up to a third of the rate
	Warm        time.Duration // before the measured time
	Measure     time.Duration
	Webhooks    Webhooks
}

// driversPerCore: from 1 to 8 the rate of a bare handler was the same.
const driversPerCore = 4

// grace is how long answers may still take after a load's end.
const grace = 10 * time.Second

// Run loads until the time is over; what is under way then is waited for and not
// counted in Done. The error is that of connecting, or ctx's.
func (l Closed) Run(ctx context.Context) (Outcome, error) {
	clients, err := dialAll(ctx, l.Addr, l.Connections)
	if err != nil {
		return Outcome{}, err
	}
	defer closeAll(clients)
	drivers := l.Drivers
	if drivers == 0 {
		drivers = driversPerCore * runtime.GOMAXPROCS(0)
	}
	drivers = min(drivers, l.Connections)
	from := time.Now().Add(l.Warm)
	until := from.Add(l.Measure)
	expire(clients, until.Add(grace))
	release := context.AfterFunc(ctx, func() { expire(clients, time.Now()) })
	defer release()

	var next atomic.Int64
	outcomes := make([]Outcome, drivers)
	var wg sync.WaitGroup
	for i := range drivers {
		d := &driver{
			clients: share(clients, i, drivers), writer: l.Webhooks.Writer(), next: &next, from: from, until: until,
			out: Outcome{Statuses: map[int]int64{}, Latency: newHistogram()},
		}
		wg.Go(func() { d.run(ctx); outcomes[i] = d.out })
	}
	wg.Wait()
	total := Outcome{Measured: l.Measure, Statuses: map[int]int64{}, Latency: newHistogram()}
	for _, out := range outcomes {
		total.merge(out)
	}
	return total, context.Cause(ctx)
}

// share is the i-th of n parts of the connections.
func share(clients []*client, i, n int) []*client {
	return clients[len(clients)*i/n : len(clients)*(i+1)/n]
}

// driver goes round its connections: reads the answer that is due on one, sends
// its next request and goes on. While it waits for one the others gather theirs, so
// it seldom waits twice.
type driver struct {
	clients []*client
	writer  *Writer
	next    *atomic.Int64
	from    time.Time
	until   time.Time
	out     Outcome

	request []byte
	sent    []time.Time // of the request under way, by connection; zero: none
}

func (d *driver) run(ctx context.Context) {
	d.sent = make([]time.Time, len(d.clients))
	now := time.Now()
	for i := range d.clients {
		d.send(ctx, i, now)
	}
	for waiting := true; waiting; {
		waiting = false
		for i, c := range d.clients {
			if d.sent[i].IsZero() {
				continue
			}
			a := c.receive()
			now = time.Now()
			d.answered(i, a, now)
			if a.err != nil && (ctx.Err() != nil || now.After(d.until) || c.redial(ctx) != nil) {
				continue
			}
			if now.Before(d.until) {
				d.send(ctx, i, now)
				waiting = true
			}
		}
		// Answers still under way after the end are read in one more round.
		for _, at := range d.sent {
			waiting = waiting || !at.IsZero()
		}
	}
}

// send sends the next event on the i-th connection.
func (d *driver) send(ctx context.Context, i int, now time.Time) {
	d.request = d.writer.Append(d.request[:0], d.next.Add(1), now)
	d.sent[i] = now
	if _, err := d.clients[i].conn.Write(d.request); err != nil && ctx.Err() == nil {
		d.out.note(answer{err: err}) // and the answer that is waited for fails too, which ends the connection
	}
}

// answered counts what came on the i-th connection.
func (d *driver) answered(i int, a answer, now time.Time) {
	sent := d.sent[i]
	d.sent[i] = time.Time{}
	d.out.note(a)
	if a.status == Expected && !now.Before(d.from) && now.Before(d.until) {
		d.out.Done++
		record(d.out.Latency, now.Sub(sent))
	}
}

// redial replaces a connection that failed. The load goes on without it where
// that fails.
func (c *client) redial(ctx context.Context) error {
	c.conn.Close()
	if err := c.dial(ctx); err != nil {
		return errors.Join(errGone, err)
	}
	return nil
}

var errGone = errors.New("connection given up")
