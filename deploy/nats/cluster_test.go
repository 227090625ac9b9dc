// Package cluster tests the rights that cluster.conf gives each role.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/nats"
)

// TestClusterPermissions starts the cluster of cluster.conf and has
// every user do what its role does, and try what it must not.
func TestClusterPermissions(t *testing.T) {
	addr := startCluster(t)
	admin := connectAs(t, addr, "admin")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // on a busy machine
	defer cancel()
	if err := nats.Apply(ctx, admin.JS, 3); err != nil {
		t.Fatalf("admin cannot apply: %v", err)
	}

	webhook := events.WebhookSubject("demo", "stripe", "payment_intent.succeeded")
	notice := events.NoticeSubject("demo", events.PriorityNormal, 7)
	for name, tc := range map[string]struct {
		user    string
		do      as
		refused bool
	}{
		"ingress stores a webhook":                {"ingress", publish(webhook), false},
		"ingress watches the configurations":      {"ingress", watch(nats.BucketHooks), false},
		"ingress announces nothing":               {"ingress", publish(events.PaymentSubject("demo", "succeeded")), true},
		"ingress writes no configuration":         {"ingress", put(nats.BucketHooks), true},
		"ingress consumes nothing":                {"ingress", consume(nats.HookConsumer("demo", "stripe")), true},
		"ingress purges nothing":                  {"ingress", purge(nats.StreamWebhooks), true},
		"workers consume a new configuration":     {"workers", consume(nats.HookConsumer("demo", "stripe")), false},
		"workers announce":                        {"workers", publish(events.PaymentSubject("demo", "succeeded")), false},
		"workers park a retry":                    {"workers", publish(events.RetrySubject("demo", "stripe", "1")), false},
		"workers bury":                            {"workers", publish(events.DeadSubject(nats.StreamWebhooks, "demo", "x")), false},
		"workers publish a configuration":         {"workers", put(nats.BucketHooks), false},
		"workers watch the configurations":        {"workers", watch(nats.BucketHooks), false},
		"workers hold a lease":                    {"workers", put(nats.BucketLeases), false},
		"workers read the advisories":             {"workers", consume(named(nats.DurableNet)), false},
		"workers tell nobody":                     {"workers", publish(notice), true},
		"workers purge nothing":                   {"workers", purge(nats.StreamWebhooks), true},
		"workers delete no stream":                {"workers", remove(nats.StreamWebhooks), true},
		"botgw reads events":                      {"botgw", consume(named(nats.DurableNotify)), false},
		"botgw reads a lane":                      {"botgw", consume(named(nats.LaneConsumer(0))), false},
		"botgw stores a notice":                   {"botgw", publish(notice), false},
		"botgw remembers what it sent":            {"botgw", put(nats.BucketOnce), false},
		"botgw stores an update":                  {"botgw", publish(events.UpdateSubject("demo", 7)), false},
		"botgw reads a lane of updates":           {"botgw", consume(named(nats.UpdateConsumer(0))), false},
		"botgw hands a lane over":                 {"botgw", unpin(named(nats.UpdateConsumer(1))), false},
		"botgw keeps whose bots there are":        {"botgw", put(nats.BucketBots), false},
		"botgw watches whose bots there are":      {"botgw", watch(nats.BucketBots), false},
		"botgw watches who waits":                 {"botgw", watch(nats.BucketWaiting), false},
		"botgw watches the replicas":              {"botgw", watch(nats.BucketLeases), false},
		"botgw keeps a form":                      {"botgw", putAndGet(nats.BucketFSM), false},
		"botgw keeps a session":                   {"botgw", putAndGet(nats.BucketSessions), false},
		"botgw counts":                            {"botgw", putAndGet(nats.BucketLimits), false},
		"botgw keeps what a button asks for":      {"botgw", putAndGet(nats.BucketCallbacks), false},
		"botgw keeps where a card is":             {"botgw", putAndGet(nats.BucketCards), false},
		"botgw watches the sessions":              {"botgw", watch(nats.BucketSessions), false},
		"botgw lists no forms":                    {"botgw", watch(nats.BucketFSM), true},
		"botgw revokes nothing":                   {"botgw", put(nats.BucketRevoked), true},
		"botgw sees no webhook":                   {"botgw", consume(nats.HookConsumer("demo", "stripe")), true},
		"botgw forges no webhook":                 {"botgw", publish(webhook), true},
		"botgw sees no webhook's configuration":   {"botgw", watch(nats.BucketHooks), true},
		"workers set a clock":                     {"workers", publish(events.ClockSubject("demo", "1")), false},
		"housing hears the clocks":                {"housing", consume(named(nats.DurableClocks)), false},
		"housing revokes a session":               {"housing", put(nats.BucketRevoked), false},
		"housing hears revocations":               {"housing", watch(nats.BucketRevoked), false},
		"housing holds a lease":                   {"housing", put(nats.BucketLeases), false},
		"housing keeps a file":                    {"housing", keepFile, false},
		"housing announces nothing by itself":     {"housing", publish(events.RequestSubject("demo", "created")), true},
		"housing sees no session of the bot":      {"housing", watch(nats.BucketSessions), true},
		"housing sees no bot":                     {"housing", watch(nats.BucketBots), true},
		"workers see no update":                   {"workers", consume(named(nats.UpdateConsumer(2))), true},
		"ingress forges no update":                {"ingress", publish(events.UpdateSubject("demo", 7)), true},
		"housing sees no webhook":                 {"housing", consume(nats.HookConsumer("demo", "stripe")), true},
		"botgw sees no file":                      {"botgw", keepFile, true},
		"nobody without a password is let in":     {"stranger", publish(webhook), true},
		"a role's inbox is not another's to hear": {"ingress", listen("_INBOX_workers.>"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := connectAs(t, addr, tc.user)
			wait := refusedAfter
			if !tc.refused {
				wait = 20 * time.Second // on a busy machine
			}
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			if err := tc.do(ctx, conn); (err != nil) != tc.refused {
				t.Errorf("%s: %v, want refused: %t", tc.user, err, tc.refused)
			}
		})
	}
}

// refusedAfter is how long a request may stay unanswered: a forbidden one gets no reply.
// Short cannot make a test fail: it is waited out only where a refusal is expected.
const refusedAfter = 500 * time.Millisecond

// as is one thing a role does; an error means that it may not.
type as = func(ctx context.Context, conn *nats.Conn) error

func publish(subject string) as {
	return func(ctx context.Context, conn *nats.Conn) error {
		publisher, err := nats.NewPublisher(conn)
		if err != nil {
			return err
		}
		defer publisher.Close()
		_, err = publisher.Publish(ctx, &natsgo.Msg{Subject: subject, Data: []byte("{}")})
		return err
	}
}

func put(bucket string) as {
	return func(ctx context.Context, conn *nats.Conn) error {
		kv, err := conn.JS.KeyValue(ctx, bucket)
		if err != nil {
			return err
		}
		_, err = kv.Put(ctx, "demo.stripe", []byte("{}"))
		return err
	}
}

// putAndGet writes a key and reads it.
func putAndGet(bucket string) as {
	return func(ctx context.Context, conn *nats.Conn) error {
		if err := put(bucket)(ctx, conn); err != nil {
			return err
		}
		kv, err := conn.JS.KeyValue(ctx, bucket)
		if err != nil {
			return err
		}
		_, err = kv.Get(ctx, "demo.stripe")
		for errors.Is(err, jetstream.ErrKeyNotFound) && ctx.Err() == nil { // a replica may not know it yet
			_, err = kv.Get(ctx, "demo.stripe")
		}
		return err
	}
}

// unpin lets a lane go that this client holds.
func unpin(spec nats.ConsumerSpec) as {
	return func(ctx context.Context, conn *nats.Conn) error {
		stream, err := conn.JS.Stream(ctx, spec.Stream)
		if err != nil {
			return err
		}
		return stream.UnpinConsumer(ctx, spec.Config.Durable, spec.Config.PriorityGroups[0])
	}
}

// keepFile puts a file into the object store, reads it and removes it.
func keepFile(ctx context.Context, conn *nats.Conn) error {
	store, err := conn.JS.ObjectStore(ctx, nats.ObjectsFiles)
	if err != nil {
		return err
	}
	if _, err := store.PutBytes(ctx, "demo/1", make([]byte, 300<<10)); err != nil { // several chunks
		return err
	}
	// A replica may not know it yet.
	for _, err = store.GetBytes(ctx, "demo/1"); errors.Is(err, jetstream.ErrObjectNotFound) && ctx.Err() == nil; {
		_, err = store.GetBytes(ctx, "demo/1")
	}
	if err != nil {
		return err
	}
	return store.Delete(ctx, "demo/1")
}

func watch(bucket string) as {
	return func(ctx context.Context, conn *nats.Conn) error {
		kv, err := conn.JS.KeyValue(ctx, bucket)
		if err != nil {
			return err
		}
		watcher, err := kv.WatchAll(ctx)
		if err != nil {
			return err
		}
		return watcher.Stop()
	}
}

// consume asks for a message as the puller does: the durable is made if it is not there.
func consume(spec nats.ConsumerSpec) as {
	return func(ctx context.Context, conn *nats.Conn) error {
		consumer, err := conn.JS.Consumer(ctx, spec.Stream, spec.Config.Durable)
		if errors.Is(err, jetstream.ErrConsumerNotFound) {
			consumer, err = conn.JS.CreateOrUpdateConsumer(ctx, spec.Stream, spec.Config)
		}
		if err != nil {
			return err
		}
		options := []jetstream.FetchOpt{jetstream.FetchMaxWait(100 * time.Millisecond)}
		for _, group := range spec.Config.PriorityGroups {
			options = append(options, jetstream.FetchPriorityGroup(group))
		}
		batch, err := consumer.Fetch(1, options...)
		if err != nil {
			return err
		}
		for msg := range batch.Messages() {
			if err := msg.DoubleAck(ctx); err != nil {
				return err
			}
		}
		return batch.Error()
	}
}

// named is a durable of the table.
func named(durable string) nats.ConsumerSpec {
	i := slices.IndexFunc(nats.Consumers, func(c nats.ConsumerSpec) bool { return c.Config.Durable == durable })
	return nats.Consumers[i]
}

func purge(stream string) as {
	return func(ctx context.Context, conn *nats.Conn) error {
		s, err := conn.JS.Stream(ctx, stream)
		if err != nil {
			return err
		}
		return s.Purge(ctx)
	}
}

func remove(stream string) as {
	return func(ctx context.Context, conn *nats.Conn) error { return conn.JS.DeleteStream(ctx, stream) }
}

func listen(subject string) as {
	return func(_ context.Context, conn *nats.Conn) error {
		if _, err := conn.SubscribeSync(subject); err != nil {
			return err
		}
		if err := conn.Flush(); err != nil {
			return err
		}
		return conn.LastError() // the server's word precedes the flush's answer
	}
}

func connectAs(t *testing.T, addr, user string) *nats.Conn {
	t.Helper()
	conn, err := nats.Connect("nats://"+user+":secret@"+addr, user, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// startCluster runs three servers from the file that compose.yaml mounts; only
// ports, folders and routes differ. It returns the address of one.
func startCluster(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"CLUSTER", "ADMIN", "INGRESS", "WORKERS", "BOTGW", "HOUSING"} {
		t.Setenv("NATS_"+name+"_PASSWORD", `"secret"`)
	}
	ports := freePorts(t, 3) // each server must know the others' before they run
	t.Setenv("NATS_ROUTES", fmt.Sprintf(`["nats://node:secret@127.0.0.1:%d", "nats://node:secret@127.0.0.1:%d", "nats://node:secret@127.0.0.1:%d"]`,
		ports[0], ports[1], ports[2]))
	var nodes []*server.Server
	for i, port := range ports {
		t.Setenv("NATS_NAME", fmt.Sprintf("nats-%d", i+1))
		nodes = append(nodes, startNode(t, port))
	}
	for _, node := range nodes {
		if !node.ReadyForConnections(time.Minute) {
			t.Fatalf("%s is not ready", node.Name())
		}
	}
	awaitLeader(t, nodes)
	return nodes[0].Addr().String()
}

// awaitLeader waits until the servers have agreed on one: what is asked before gets no answer.
func awaitLeader(t *testing.T, nodes []*server.Server) {
	t.Helper()
	leads := func(node *server.Server) bool {
		return node.JetStreamIsLeader() && len(node.JetStreamClusterPeers()) == len(nodes)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !slices.ContainsFunc(nodes, leads) {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("no leader after a minute")
		}
	}
}

func startNode(t *testing.T, routePort int) *server.Server {
	t.Helper()
	options, err := server.ProcessConfigFile("cluster.conf")
	if err != nil {
		t.Fatal(err)
	}
	options.Host, options.Port, options.HTTPPort = "127.0.0.1", -1, 0
	options.Cluster.Host, options.Cluster.Port = "127.0.0.1", routePort
	options.StoreDir, options.NoSigs, options.NoLog = t.TempDir(), true, true
	node, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	node.Start()
	t.Cleanup(func() { node.Shutdown(); node.WaitForShutdown() })
	return node
}

func freePorts(t *testing.T, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		listener, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close() // all stay taken until the last is known
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports
}
