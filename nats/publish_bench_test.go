package nats

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
)

func BenchmarkPublish(b *testing.B) {
	for _, sync := range []time.Duration{0, time.Second} {
		for _, n := range []int{64, 1000} {
			b.Run(fmt.Sprintf("sync=%s/%d", sync, n), func(b *testing.B) {
				s, err := StartServer(ServerConfig{Dir: b.TempDir(), Port: -1, Sync: sync, Log: zerolog.Nop()})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Stop()
				c, err := ConnectTo(s, "bench", zerolog.Nop())
				if err != nil {
					b.Fatal(err)
				}
				if err := Apply(b.Context(), c.JS, 1); err != nil {
					b.Fatal(err)
				}
				p, err := NewPublisher(c)
				if err != nil {
					b.Fatal(err)
				}
				body := make([]byte, 1024)
				var k atomic.Int64
				b.SetParallelism(n / 2)
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						m := natsgo.NewMsg("integration.webhook.t.s.x")
						m.Data = body
						id := fmt.Sprint("t/s/", k.Add(1))
						for i, h := range []string{"ce-id", "ce-type", "ce-source", "ce-time", "ce-tenant", "traceparent", "ukbot-request", "ce-specversion"} {
							m.Header[h] = []string{fmt.Sprint("aaaaaaaaaaaaaaaa", i)}
						}
						m.Header["Nats-Msg-Id"] = []string{id}
						if _, err := p.Publish(context.Background(), m); err != nil {
							b.Error(err)
							return
						}
					}
				})
				b.StopTimer()
				p.Close()
				c.Close()
			})
		}
	}
}
