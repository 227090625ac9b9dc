package load

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Open is an open loop: events fall due at a constant rate, whatever the server
// does. The n-th goes over connection n mod Connections and waits there if the
// one before it has no answer yet. Its latency counts from when it was due.
type Open struct {
	Addr        string
	Connections int
	Rate        float64       // events a second
	Warm        time.Duration // before the measured time; its latencies are not counted, its errors are
	Measure     time.Duration
	Webhooks    Webhooks
}

// Shot is one event of an open loop.
type Shot struct {
	Due      time.Time
	Sent     time.Time
	Answered time.Time
	Status   int // 0: no answer
}

// Run loads until all events are answered.
func (l Open) Run(ctx context.Context) (Outcome, error) {
	clients, err := dialAll(ctx, l.Addr, l.Connections)
	if err != nil {
		return Outcome{}, err
	}
	defer closeAll(clients)
	total := int(l.Rate * (l.Warm + l.Measure).Seconds())
	if total < 1 {
		return Outcome{}, fmt.Errorf("rate %v over %s is no event at all", l.Rate, l.Warm+l.Measure)
	}
	began := time.Now()
	expire(clients, began.Add(l.Warm+l.Measure+grace))
	release := context.AfterFunc(ctx, func() { expire(clients, time.Now()) })
	defer release()

	shots := make([]Shot, total)
	texts := make([]string, len(clients)) // the first unexpected answer of each
	var wg sync.WaitGroup
	lines := make([]chan int, len(clients))
	for i, c := range clients {
		// With room for all of its events the clock never waits for a slow answer.
		lines[i] = make(chan int, total/len(clients)+1)
		wg.Go(func() { texts[i] = shoot(ctx, c, l.Webhooks.Writer(), lines[i], shots) })
	}
	l.clock(ctx, began, lines, shots)
	wg.Wait()
	return l.outcome(began, shots, texts), context.Cause(ctx)
}

// clock hands every event to its connection when it is due.
func (l Open) clock(ctx context.Context, began time.Time, lines []chan int, shots []Shot) {
	// A thread of its own: the runtime's timers may be a millisecond late.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for n := range shots {
		shots[n].Due = began.Add(time.Duration(float64(n) / l.Rate * float64(time.Second)))
		for wait := time.Until(shots[n].Due); wait > 0; wait = time.Until(shots[n].Due) {
			pause(wait)
		}
		if ctx.Err() != nil {
			break
		}
		lines[n%len(lines)] <- n
	}
	for _, line := range lines {
		close(line)
	}
}

// shoot sends the events of one connection and says what the first unexpected
// answer was. It alone writes to the shots it is given.
func shoot(ctx context.Context, c *client, writer *Writer, line <-chan int, shots []Shot) (text string) {
	var request []byte
	for n := range line {
		shot := &shots[n]
		shot.Sent = time.Now()
		request = writer.Append(request[:0], int64(n), shot.Sent)
		_, err := c.conn.Write(request)
		a := answer{err: err}
		if err == nil {
			a = c.receive()
		}
		shot.Answered, shot.Status = time.Now(), a.status
		if a.status != Expected && text == "" {
			one := Outcome{Statuses: map[int]int64{}}
			one.note(a)
			text = one.Sample
		}
		if a.err != nil && c.redial(ctx) == nil {
			_ = c.conn.SetDeadline(time.Now().Add(grace))
		}
	}
	return text
}

// outcome reads the shots.
func (l Open) outcome(began time.Time, shots []Shot, texts []string) Outcome {
	out := Outcome{
		Measured: l.Measure, Statuses: map[int]int64{}, Latency: newHistogram(), Late: newHistogram(), Shots: shots,
	}
	from := began.Add(l.Warm)
	for _, shot := range shots {
		if shot.Sent.IsZero() {
			continue // stopped before it was due
		}
		out.Statuses[shot.Status]++
		if shot.Due.Before(from) || shot.Status != Expected {
			continue
		}
		out.Done++
		record(out.Latency, shot.Answered.Sub(shot.Due))
		record(out.Late, shot.Sent.Sub(shot.Due))
	}
	for _, text := range texts {
		if out.Sample == "" {
			out.Sample = text
		}
	}
	return out
}
