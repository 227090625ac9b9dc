package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"ukbot/botgw/simulator"
	"ukbot/events"
	"ukbot/load"
)

// The load of the telegram scenario. Nobody is named again within ten seconds.
const (
	telegramRate        = 500
	telegramConnections = 100
	telegramPeople      = 5000
)

// telegram measures the whole way, from a payment to the message on a phone.
func (b *bench) telegram(ctx context.Context) error {
	for round := range b.size.rounds {
		server, err := b.start(ctx, benchStart{kind: "node", people: telegramPeople, env: []string{"UKBOT_TELEGRAM_RATE=0"}})
		if err != nil {
			return err
		}
		if err = server.invite(ctx); err == nil {
			err = server.profiled("telegram", func() error { return server.toPhones(ctx, round) })
		}
		server.stop()
		if err != nil {
			return err
		}
	}
	return nil
}

// invite makes the people of the simulator known.
func (s *benchServer) invite(ctx context.Context) error {
	columns := []string{"tenant_id", "person_id", "chat_id", "name", "role", "language"}
	_, err := s.pool.CopyFrom(ctx, pgx.Identifier{"bot_people"}, columns, pgx.CopyFromSlice(telegramPeople, func(k int) ([]any, error) {
		return []any{events.DefaultTenant, load.Person(k), crowdChat(k), "Person", "applicant", []string{"ru", "uz", "en"}[k%3]}, nil
	}))
	return err
}

// toldIn bounds the wait for messages after the last payment.
const toldIn = 30 * time.Second

func (s *benchServer) toPhones(ctx context.Context, round int) error {
	b, series := s.bench, s.bench.webhooks()
	series.People = telegramPeople
	out, busy, err := s.keep(ctx, telegramRate, telegramConnections, series)
	if err != nil {
		return err
	}
	// Asking for the messages takes from those who still send some.
	if err := pauseFor(ctx, time.Second); err != nil {
		return err
	}
	var messages []simulator.Message
	err = s.await(ctx, toldIn, seldom, "the messages", func(ctx context.Context) (bool, error) {
		var err error
		messages, err = s.messages(ctx)
		return int64(len(messages)) >= out.Statuses[load.Expected], err
	})
	if err != nil && ctx.Err() != nil {
		return err // else some are missing, which is counted
	}
	arrivals := pair(messages, out.Shots)
	latency := load.Arrivals(arrivals, out.Shots[0].Due.Add(b.size.warm))
	b.line("round %d: to 202 %s%s", round+1, out, busy)
	b.line("round %d: due to message %s, %d messages", round+1, load.Quantiles(latency), len(messages))
	b.add("telegram-p99", inMilliseconds(load.Quantile(latency, 99)))
	missing := out.Statuses[load.Expected] - int64(len(arrivals))
	twice := int64(len(messages) - len(arrivals))
	b.add("telegram-lost", float64(out.Unexpected()+missing+twice))
	return nil
}

// pair finds the payment of every message: the k-th that a person was sent is
// about the k-th that named the person.
func pair(messages []simulator.Message, shots []load.Shot) []load.Arrival {
	slices.SortFunc(messages, func(x, y simulator.Message) int { return cmp.Compare(x.Seq, y.Seq) })
	told := map[int64]int{}
	var arrivals []load.Arrival
	for _, m := range messages {
		n := told[m.ChatID]*telegramPeople + int(m.ChatID-crowdChat(0))
		told[m.ChatID]++
		if n < len(shots) {
			arrivals = append(arrivals, load.Arrival{Due: shots[n].Due, From: shots[n].Due, At: m.Date})
		}
	}
	return arrivals
}

// messages is what the bot has sent, by the simulator's own pages.
func (s *benchServer) messages(ctx context.Context) ([]simulator.Message, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.HTTP+"/simulator/messages", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var all []simulator.Message
	if err := json.NewDecoder(response.Body).Decode(&all); err != nil {
		return nil, fmt.Errorf("messages of the simulator: %w", err)
	}
	return slices.DeleteFunc(all, func(m simulator.Message) bool { return !m.FromBot }), nil
}

// idle reads the memory of a dev as a newcomer starts it.
func (b *bench) idle(ctx context.Context) error {
	began := time.Now()
	server, err := b.start(ctx, benchStart{kind: "dev"})
	if err != nil {
		return err
	}
	defer server.stop()
	b.line("dev ready after %s, the database made", time.Since(began).Round(time.Millisecond))
	if err := pauseFor(ctx, b.size.idle); err != nil {
		return err
	}
	resident, peak := b.memoryOf(server)
	b.line("resident %d MiB after %s, at most %d", resident/load.MiB, b.size.idle, peak/load.MiB)
	b.remember("idle-memory", resident)
	return nil
}

// memory watches a server under a flood.
func (b *bench) memory(ctx context.Context) error {
	server, err := b.start(ctx, benchStart{kind: "node", paused: true})
	if err != nil {
		return err
	}
	defer server.stop()
	watch := load.WatchMemory(ctx, server.PID)
	series := b.webhooks()
	series.Mixed = true
	took, err := load.Fill(ctx, server.publisher, series, b.size.flood)
	if err != nil {
		return err
	}
	samples := watch.Stop()
	_, peak := b.memoryOf(server)
	b.line("%d events stored in %s; resident %s, at most %d", b.size.flood, took.Round(time.Millisecond), course(samples), peak/load.MiB)
	b.remember("memory-fill", peak)
	watch = load.WatchMemory(ctx, server.PID)
	if err := server.order(orderWork); err != nil {
		return err
	}
	if err := pauseFor(ctx, b.size.drain); err != nil {
		return err
	}
	samples = watch.Stop()
	b.line("workers at it for %s; resident %s, at most %d", b.size.drain, course(samples), load.Highest(samples)/load.MiB)
	b.remember("memory-drain", load.Highest(samples))
	return nil
}

// memoryOf is the memory of a server now and at most; 0 where the system does not say.
func (b *bench) memoryOf(server *benchServer) (resident, peak int64) {
	resident, peak, err := load.Memory(server.PID)
	if err != nil {
		b.line("%v", err)
	}
	return resident, peak
}

// remember keeps one round of a figure of memory, if there is one.
func (b *bench) remember(name string, bytes int64) {
	if bytes > 0 {
		b.add(name, float64(bytes)/load.MiB)
	}
}

// pauseFor lets time go by.
func pauseFor(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
