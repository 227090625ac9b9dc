package main

import (
	"context"
	"fmt"
	"time"

	"ukbot/load"
)

// benchRivals take turns in every round, so that a machine that slows down
// slows all of them down.
var benchRivals = []struct {
	name  string
	start benchStart
}{
	{"bare", benchStart{kind: "bare"}},
	{"always", benchStart{kind: "node", sync: syncAlways, paused: true}},
	{"interval", benchStart{kind: "node", sync: "1s", paused: true}},
}

// ingress finds the highest rates and what part of the bare handler's they are.
func (b *bench) ingress(ctx context.Context) error {
	for round := range b.size.rounds {
		for _, connections := range []int{64, 1000} {
			bare := 0.0
			for _, rival := range benchRivals {
				name := fmt.Sprintf("%s-%d", rival.name, connections)
				out, err := b.under(ctx, round, name, rival.start, func(addr string) (load.Outcome, error) {
					return load.Closed{
						Addr: addr, Connections: connections, Warm: b.size.warm, Measure: b.size.measure, Webhooks: b.webhooks(),
					}.Run(ctx)
				})
				if err != nil {
					return err
				}
				b.add(name, out.Rate())
				b.add("ingress-errors", float64(out.Unexpected()))
				if rival.name == "bare" {
					bare = out.Rate()
				} else {
					b.add(name+"-ratio", 100*out.Rate()/bare)
				}
			}
		}
	}
	return nil
}

// openRate is the constant rate of the open loop, over as many connections.
const openRate = 1000

// open keeps a constant rate.
func (b *bench) open(ctx context.Context) error {
	for round := range b.size.rounds {
		for _, rival := range benchRivals[:2] {
			out, err := b.under(ctx, round, "open-"+rival.name, rival.start, func(addr string) (load.Outcome, error) {
				return load.Open{
					Addr: addr, Connections: openRate, Rate: openRate, Warm: b.size.warm, Measure: b.size.measure, Webhooks: b.webhooks(),
				}.Run(ctx)
			})
			if err != nil {
				return err
			}
			if rival.name == "bare" {
				b.add("open-bare-p99", inMilliseconds(out.Quantile(99)))
				continue
			}
			b.add("open-p99", inMilliseconds(out.Quantile(99)))
			b.add("open-errors", float64(out.Unexpected()))
		}
	}
	return nil
}

// under puts a fresh server under a load.
func (b *bench) under(ctx context.Context, round int, name string, what benchStart, put func(addr string) (load.Outcome, error)) (load.Outcome, error) {
	server, err := b.start(ctx, what)
	if err != nil {
		return load.Outcome{}, err
	}
	defer server.stop()
	var out load.Outcome
	busy, err := server.working(func() error {
		return server.profiled(name, func() (err error) { out, err = put(server.HTTP); return err })
	})
	if err != nil {
		return out, err
	}
	b.line("round %d %s: %s%s", round+1, name, out, busy)
	return out, nil
}

func inMilliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
