package nats

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

// Conn is a connection with its JetStream.
type Conn struct {
	*natsgo.Conn
	JS jetstream.JetStream

	server *Server // the embedded server behind it; nil for a remote one
	closed chan struct{}
	// dials counts the connections begun. What was sent while it had a lower value
	// went over a connection that is gone: its answer will not come.
	dials atomic.Uint64
	// handing counts the messages of batches that are being handed to the client
	// library. No connection begins meanwhile: see Publisher.over.
	handing atomic.Int64
}

// Connect connects to the servers at url for one role. It waits for none: with
// the servers away it returns a connection that keeps trying, and everything
// asked of it meanwhile fails at once (no reconnect buffer: a publish that was
// refused must never appear later).
func Connect(url, role string, log zerolog.Logger) (*Conn, error) {
	return connect(url, role, nil, log)
}

// ConnectTo connects to the server inside this process, over loopback: the
// server's in-process pipe was measured and saves nothing that can be told from noise.
func ConnectTo(s *Server, role string, log zerolog.Logger) (*Conn, error) {
	return connect(s.ClientURL(), role, s, log)
}

func connect(url, role string, s *Server, log zerolog.Logger) (*Conn, error) {
	conn := &Conn{server: s, closed: make(chan struct{})}
	log = log.With().Str("component", "nats").Str("role", role).Logger()
	nc, err := natsgo.Connect(url,
		natsgo.Name("ukbot-"+role),
		natsgo.CustomInboxPrefix("_INBOX_"+role), // permissions name it per role
		natsgo.MaxReconnects(-1), natsgo.ReconnectWait(250*time.Millisecond), natsgo.ReconnectJitter(100*time.Millisecond, time.Second),
		natsgo.RetryOnFailedConnect(true), natsgo.ReconnectBufSize(-1),
		natsgo.PingInterval(20*time.Second), natsgo.DrainTimeout(drainTimeout),
		natsgo.SetCustomDialer(conn),
		natsgo.DisconnectErrHandler(func(_ *natsgo.Conn, err error) {
			if err != nil {
				log.Warn().Err(err).Msg("nats connection lost")
			}
		}),
		natsgo.ReconnectHandler(func(*natsgo.Conn) { log.Info().Msg("nats connection back") }),
		natsgo.ClosedHandler(func(*natsgo.Conn) { close(conn.closed) }),
		natsgo.ErrorHandler(func(_ *natsgo.Conn, _ *natsgo.Subscription, err error) {
			log.Error().Err(err).Msg("nats reports an error") // a permission violation shows nowhere else
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("connect to nats: %s", withoutUserinfo(err.Error(), url))
	}
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	conn.Conn, conn.JS = nc, js
	return conn, nil
}

const (
	drainTimeout = 5 * time.Second
	dialTimeout  = 2 * time.Second
)

var errHanding = errors.New("a message is being handed to the connection before")

// Dial opens a connection to a server; the client library calls it.
func (c *Conn) Dial(network, address string) (net.Conn, error) {
	c.dials.Add(1)
	if c.handing.Load() > 0 {
		return nil, errHanding // and is asked again after ReconnectWait
	}
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// withoutUserinfo takes the URL, which may hold a password, out of a text.
func withoutUserinfo(text, url string) string {
	return strings.ReplaceAll(text, url, "NATS_URL")
}

// Close drains the connection: what is published goes out, what is subscribed is handled.
func (c *Conn) Close() {
	if c.Drain() != nil { // not connected: nothing to wait for
		c.Conn.Close()
	}
	<-c.closed
}
