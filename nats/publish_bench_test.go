package nats_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/nats"
	"ukbot/nats/natstest"
)

// BenchmarkPublish stores webhooks of 1 KiB, each under its own id, from so
// many callers at once; "always" waits for disk.
func BenchmarkPublish(b *testing.B) {
	for name, sync := range map[string]time.Duration{"always": 0, "1s": time.Second} {
		for _, callers := range []int{64, 1000} {
			b.Run(fmt.Sprintf("sync=%s/callers=%d", name, callers), func(b *testing.B) {
				env := natstest.StartWith(b, nats.ServerConfig{Sync: sync})
				body := []byte(strings.Repeat("x", 1024))
				var count atomic.Int64
				b.ReportAllocs()
				before := cpuTime()
				b.SetParallelism(callers / 2) // times GOMAXPROCS, two
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if _, err := env.Publisher.Publish(b.Context(), benchWebhook(count.Add(1), body)); err != nil {
							b.Error(err)
							return
						}
					}
				})
				b.ReportMetric(float64(cpuTime()-before)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// cpuTime is what this process has used. On a machine that others use too it
// says more than the clock.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// benchWebhook has the headers of a true one, made as the ingress makes them.
func benchWebhook(n int64, body []byte) *natsgo.Msg {
	id := fmt.Sprintf("evt_%d", n)
	header := natsgo.Header{
		"ce-specversion": {"1.0"}, "ce-id": {id}, "ce-type": {"payment_intent.succeeded"}, "ce-source": {"stripe"},
		"ce-time": {"2026-01-02T03:04:05.678Z"}, "ce-tenant": {"acme"}, "content-type": {"application/json"},
		"traceparent":   {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
		"ukbot-request": {`{"hook":"h","preset":"stripe","scheme":"stripe","ip":"127.0.0.1","request_id":"r","max_retries":5}`},
	}
	header[jetstream.MsgIDHeader] = []string{"acme/stripe/" + id}
	return &natsgo.Msg{Subject: "integration.webhook.acme.stripe.payment_intent.succeeded", Header: header, Data: body}
}
