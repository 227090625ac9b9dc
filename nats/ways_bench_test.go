package nats

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
	"github.com/rs/zerolog"
)

// ways are the ways to make an acknowledgement mean disk on one machine that
// docs/decisions/0001 compares, and the page cache for scale. Publisher is the
// way taken.
var ways = []struct {
	name   string
	always bool // sync_interval: always
	make   func(b *testing.B, s *Server) func(*natsgo.Msg) error
}{
	{"page cache, async publish", false, plainWay},
	{"sync always, async publish", true, plainWay},
	{"sync always, atomic batches", true, batchWay},
	{"page cache, shared fsync", false, publisherWay},
}

// BenchmarkWaysToDisk stores 1 KiB messages from 64 and 1,000 callers at once.
func BenchmarkWaysToDisk(b *testing.B) {
	for _, callers := range []int{64, 1000} {
		for _, way := range ways {
			b.Run(fmt.Sprintf("%d/%s", callers, way.name), func(b *testing.B) {
				s := benchServer(b, way.always)
				publish := way.make(b, s)
				body, next := make([]byte, 1024), atomic.Int64{}
				b.ResetTimer()
				var wg sync.WaitGroup
				for range callers {
					wg.Go(func() {
						for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
							msg := natsgo.NewMsg("ways.to.disk")
							msg.Data = body
							msg.Header.Set(jetstream.MsgIDHeader, strconv.FormatInt(n, 10))
							if err := publish(msg); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
			})
		}
	}
}

// benchServer has one stream that takes everything the ways need.
func benchServer(b *testing.B, always bool) *Server {
	b.Helper()
	options := ServerConfig{Dir: b.TempDir(), Port: -1}.options()
	options.SyncAlways = always
	srv, err := server.NewServer(options)
	if err != nil {
		b.Fatal(err)
	}
	srv.Start()
	b.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(startTimeout) {
		b.Fatal("server not ready")
	}
	s := &Server{Server: srv}
	conn := benchConn(b, s)
	if _, err := conn.JS.CreateStream(b.Context(), jetstream.StreamConfig{
		Name: "WAYS", Subjects: []string{"ways.>"}, AllowAtomicPublish: true,
	}); err != nil {
		b.Fatal(err)
	}
	return s
}

func benchConn(b *testing.B, s *Server) *Conn {
	b.Helper()
	conn, err := ConnectTo(s, "bench", zerolog.Nop())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(conn.Close)
	return conn
}

// publisherWay is what ukbot does.
func publisherWay(b *testing.B, s *Server) func(*natsgo.Msg) error {
	s.durable = true
	return plainWay(b, s)
}

// plainWay waits for the server's acknowledgement only, whatever it means.
func plainWay(b *testing.B, s *Server) func(*natsgo.Msg) error {
	publisher, err := NewPublisher(benchConn(b, s))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(publisher.Close)
	return func(msg *natsgo.Msg) error {
		_, err := publisher.Publish(context.Background(), msg)
		return err
	}
}

// batchWay gathers what is in flight into one atomic batch; the next gathers meanwhile.
func batchWay(b *testing.B, s *Server) func(*natsgo.Msg) error {
	conn := benchConn(b, s)
	type call struct {
		msg  *natsgo.Msg
		done chan error
	}
	calls := make(chan call, 1000)
	var wg sync.WaitGroup
	wg.Go(func() {
		for first := range calls {
			batch := []call{first}
			for len(batch) < 1000 && len(calls) > 0 {
				batch = append(batch, <-calls)
			}
			id, err := nuid.Next(), error(nil)
			for i, c := range batch {
				c.msg.Header.Set("Nats-Batch-Id", id)
				c.msg.Header.Set("Nats-Batch-Sequence", strconv.Itoa(i+1))
				if i < len(batch)-1 {
					err = conn.PublishMsg(c.msg)
					continue
				}
				c.msg.Header.Set("Nats-Batch-Commit", "1")
				_, err = conn.JS.PublishMsg(context.Background(), c.msg)
			}
			for _, c := range batch {
				c.done <- err
			}
		}
	})
	b.Cleanup(func() { close(calls); wg.Wait() })
	return func(msg *natsgo.Msg) error {
		c := call{msg, make(chan error, 1)}
		calls <- c
		return <-c.done
	}
}
