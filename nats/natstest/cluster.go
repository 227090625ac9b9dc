package natstest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"

	"ukbot/nats"
)

// Servers is a cluster: each stream has as many replicas as there are servers.
type Servers struct {
	t       testing.TB
	options []*server.Options
	nodes   []*server.Server
}

// Cluster starts n servers in this process, joined over free ports, and applies
// the topology, but the lanes, with n replicas. They sync every write, as production does.
func Cluster(t testing.TB, n int) *Servers {
	t.Helper()
	c := &Servers{t: t, nodes: make([]*server.Server, n)}
	routes := make([]*url.URL, n)
	ports := freePorts(t, n)
	for i, port := range ports {
		routes[i] = &url.URL{Scheme: "nats-route", Host: fmt.Sprintf("127.0.0.1:%d", port)}
	}
	for i, port := range ports {
		c.options = append(c.options, &server.Options{
			ServerName: fmt.Sprintf("node-%d", i), Host: "127.0.0.1", Port: -1, NoSigs: true,
			JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, DisableJetStreamBanner: true,
			Cluster: server.ClusterOpts{Name: "ukbot", Host: "127.0.0.1", Port: port}, Routes: routes,
		})
		c.StartNode(i)
	}
	t.Cleanup(func() {
		for i := range c.nodes {
			c.StopNode(i)
		}
	})
	for i := range c.nodes {
		c.WaitNode(i)
	}
	conn := c.Connect("apply")
	ctx, cancel := context.WithTimeout(context.Background(), applyIn)
	defer cancel()
	for {
		err := withoutLanes(ctx, conn.JS, n)
		if err == nil {
			return c
		}
		// A server that is current may still have to hear of the last of the others.
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Lanes brings everything to what the tables say, as production does: the lanes too.
func (c *Servers) Lanes(conn *nats.Conn) {
	c.t.Helper()
	lanes(c.t, conn, len(c.nodes))
}

// freePorts finds ports for routes, which each server must know beforehand.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		if addr, ok := listener.Addr().(*net.TCPAddr); ok {
			ports[i] = addr.Port
		}
	}
	return ports
}

// StartNode starts a server of the cluster, again where it was stopped.
func (c *Servers) StartNode(i int) {
	c.t.Helper()
	node, err := server.NewServer(c.options[i])
	if err != nil {
		c.t.Fatal(err)
	}
	node.Start()
	if !node.ReadyForConnections(readyIn) {
		c.t.Fatalf("node %d is not ready after %s", i, readyIn)
	}
	if addr, ok := node.Addr().(*net.TCPAddr); ok {
		c.options[i].Port = addr.Port // the same after a restart
	}
	c.nodes[i] = node
}

// WaitNode waits until a server has caught up with the others.
func (c *Servers) WaitNode(i int) {
	c.t.Helper()
	Wait(c.t, fmt.Sprintf("node %d to be current", i), func() bool {
		return c.nodes[i].JetStreamIsCurrent() && c.nodes[i].Healthz(&server.HealthzOptions{}).StatusCode == 200
	})
}

// StopNode stops a server.
func (c *Servers) StopNode(i int) {
	c.nodes[i].Shutdown()
	c.nodes[i].WaitForShutdown()
}

// URL names all servers.
func (c *Servers) URL() string {
	urls := make([]string, len(c.nodes))
	for i, node := range c.nodes {
		urls[i] = node.ClientURL()
	}
	return strings.Join(urls, ",")
}

// Connect makes a connection, closed when the test ends.
func (c *Servers) Connect(role string) *nats.Conn {
	c.t.Helper()
	conn, err := nats.Connect(c.URL(), role, zerolog.Nop())
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(conn.Close)
	return conn
}

// Leader is the number of the server that leads a stream; the test fails where there is none.
func (c *Servers) Leader(conn *nats.Conn, stream string) int {
	c.t.Helper()
	leader := -1
	Wait(c.t, "a leader of "+stream, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), readyIn)
		defer cancel()
		s, err := conn.JS.Stream(ctx, stream)
		if err != nil || s.CachedInfo().Cluster == nil {
			return false
		}
		for i, node := range c.nodes {
			if node.Name() == s.CachedInfo().Cluster.Leader {
				leader = i
			}
		}
		return leader >= 0
	})
	return leader
}
