package workers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/sql/db"
	"ukbot/sql/pglocal"
)

// BenchmarkBacklog records a backlog of 20,000 Stripe and generic events of
// about 1 KiB and announces what they became, with everything on disk:
//
//	go test ./workers -run '^$' -bench Backlog -benchtime 1x
func BenchmarkBacklog(b *testing.B) {
	const backlog = 20_000
	for b.Loop() {
		b.StopTimer()
		r, server := durableRig(b)
		for _, source := range []string{"stripe", "crm"} {
			r.configure("acme", source)
		}
		filler := strings.Repeat("x", 700)
		for from := 0; from < backlog; from += 1000 {
			batch := many(1000)
			for i := range batch {
				id := fmt.Sprint("evt_", from+i)
				w := sample(id)
				if i%2 == 1 {
					w.Source, w.Type, w.Request.Preset, w.Request.Scheme = "crm", "lead.new", "generic", events.SchemeHMAC
				}
				w.Data = append(w.Data[:len(w.Data)-1:len(w.Data)-1], `,"note":"`+filler+`"}`...)
				batch[i] = w
			}
			r.publish("", batch...)
		}
		before, beforePG := usage(b), usageOf(b, server.PID())
		b.StartTimer()
		began := time.Now()
		stop := r.work(nil)
		seldom(func() bool { return r.answered("stripe") && r.answered("crm") })
		recorded := time.Since(began)
		seldom(func() bool { return number(b, r.pool, "SELECT count(*) FROM (SELECT FROM outbox LIMIT 1) o") == 0 })
		b.StopTimer()
		took := time.Since(began)
		cpu, cpuPG := usage(b)-before, usageOf(b, server.PID())-beforePG
		if n := number(b, r.pool, "SELECT count(*) FROM webhook_events WHERE status = 'completed'"); n != backlog {
			b.Fatalf("%d records of %d", n, backlog)
		}
		b.ReportMetric(backlog/recorded.Seconds(), "recorded/s")
		b.ReportMetric(backlog/took.Seconds(), "announced/s")
		b.ReportMetric(float64(cpu.Microseconds())/backlog, "go-cpu-µs/event")
		b.ReportMetric(float64(cpuPG.Microseconds())/backlog, "pg-cpu-µs/event")
		stop()
		b.StartTimer() // the loop wants it running
	}
}

// seldom waits for a condition without costing what is measured.
func seldom(holds func() bool) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		<-tick.C
	}
}

// answered says whether a consumer has nothing left to do.
func (r *rig) answered(source string) bool {
	consumer, err := r.nats.Conn.JS.Consumer(context.Background(), nats.StreamWebhooks, nats.HookDurable("acme", source))
	return err == nil && consumer.CachedInfo().NumPending == 0 && consumer.CachedInfo().NumAckPending == 0
}

// durableRig is streams and a database that sync to disk, as in production.
func durableRig(b *testing.B) (*rig, *pglocal.Server) {
	b.Helper()
	dir, err := os.MkdirTemp("", "ukbot-bench-*")
	must(b, err)
	server, err := pglocal.Start(b.Context(), pglocal.Config{Dir: dir, Fsync: true, Log: zerolog.Nop()})
	must(b, err)
	b.Cleanup(func() { must(b, server.Remove()) })
	must(b, server.Create(b.Context(), "ukbot"))
	must(b, db.Migrate(b.Context(), server.URL("ukbot")))
	pool, err := db.NewPool(b.Context(), db.PoolConfig{URL: server.URL("ukbot"), Log: zerolog.Nop()})
	must(b, err)
	b.Cleanup(pool.Close)
	return &rig{b, natstest.StartDurable(b), pool}, server
}

// usage is the processor time of this process: workers, relay and NATS.
func usage(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// usageOf is the processor time of a process and its children that still live,
// from Linux's /proc (man 5 proc_pid_stat); nothing elsewhere.
func usageOf(b *testing.B, pid int) (total time.Duration) {
	b.Helper()
	const tick = 10 * time.Millisecond
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		f := strings.Fields(rest) // from field 3, the state
		if len(f) < 13 || f[1] != strconv.Itoa(pid) && filepath.Base(filepath.Dir(stat)) != strconv.Itoa(pid) {
			continue
		}
		user, _ := strconv.Atoi(f[11])
		system, _ := strconv.Atoi(f[12])
		total += time.Duration(user+system) * tick
	}
	return total
}
