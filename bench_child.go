package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"

	"ukbot/botgw/simulator"
	"ukbot/ingress"
	"ukbot/load"
)

// benchChildCommand is the server that bench measures, in a process of its own.
// It writes the file of a dev when it is ready, takes orders from its standard
// input and ends when that ends, so that it cannot outlive the bench.
type benchChildCommand struct {
	Kind   string `enum:"bare,dev,node" default:"node" help:"bare: a handler that answers 202. dev: as it is. node: dev without the demo company."`
	Paused bool   `help:"The workers wait for the order to work."`
	People int    `help:"People in the Telegram simulator."`
}

func (c benchChildCommand) Run(ctx context.Context, s *Settings) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	work := make(chan struct{})
	go func() { // ends with the process: a read of standard input cannot be given up
		defer stop()
		followOrders(os.Stdin, work)
	}()
	switch c.Kind {
	case "bare":
		return c.bare(ctx, s)
	case "dev":
		return devCommand{}.Run(ctx, s)
	}
	return c.node(ctx, s, work)
}

// Orders, one a line.
const (
	orderWork        = "work"
	orderProfile     = "profile" // and a path
	orderProfileDone = "profile-done"
)

// followOrders does what the lines say until they end.
func followOrders(lines io.Reader, work chan<- struct{}) {
	scanner := bufio.NewScanner(lines)
	var file *os.File
	for scanner.Scan() {
		order, path, _ := strings.Cut(scanner.Text(), " ")
		var err error
		switch order {
		case orderWork:
			close(work)
		case orderProfile:
			if file, err = os.Create(path); err == nil {
				err = pprof.StartCPUProfile(file)
			}
		case orderProfileDone:
			pprof.StopCPUProfile()
			err = file.Close()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "ukbot bench-child:", err)
		}
	}
}

// bare serves what all else is measured against: the same HTTP server, doing nothing.
func (benchChildCommand) bare(ctx context.Context, s *Settings) error {
	app := ingress.NewApp(ingress.AppConfig{BodyLimit: s.BodyLimit, TrustedProxies: s.TrustedProxies, Log: newLogger(s)})
	app.Post("/*", func(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusAccepted) })
	listener, err := listen(s.HTTPAddr)
	if err != nil {
		return err
	}
	if err := (devFile{PID: os.Getpid(), HTTP: listener.Addr().String()}).write(s.DataDir); err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = app.ShutdownWithTimeout(httpStop) })
	return app.Listener(listener)
}

// node is a dev whose database is the bench's, with other people than the demo's.
func (c benchChildCommand) node(ctx context.Context, s *Settings, work <-chan struct{}) error {
	n := newNode(s)
	var err error
	if n.listener, err = listen(s.HTTPAddr); err != nil {
		return err
	}
	s.HTTPAddr = n.listener.Addr().String()
	broken, err := n.engines(ctx)
	if err == nil {
		err = c.wire(ctx, n, work)
	}
	if err != nil {
		n.close()
		return err
	}
	ready := devFile{PID: os.Getpid(), HTTP: s.HTTPAddr, NATS: n.server.ClientURL()}
	return n.serve(ctx, broken, func() {
		if err := ready.write(s.DataDir); err != nil {
			n.log.Error().Err(err).Msg("the bench cannot be told")
		}
	})
}

func (c benchChildCommand) wire(ctx context.Context, n *node, work <-chan struct{}) error {
	if err := n.ownKeys(); err != nil {
		return err
	}
	if err := n.crowd(c.People); err != nil {
		return err
	}
	for _, add := range []role{addIngress, addWorkers, addBot} {
		if err := add(ctx, n); err != nil {
			return err
		}
	}
	addPages(n)
	if c.Paused {
		n.hold("workers", work)
	}
	return nil
}

// hold makes a task wait before it begins.
func (n *node) hold(name string, until <-chan struct{}) {
	for i, t := range n.tasks {
		if t.name != name {
			continue
		}
		n.tasks[i].run = func(ctx context.Context) error {
			select {
			case <-until:
				return t.run(ctx)
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// crowd is simulate with many people.
func (n *node) crowd(people int) error {
	sim := simulator.New(simulator.Config{})
	sim.AddBot(simulatorToken, "ukbot_bench_bot")
	for k := range people {
		sim.AddUser(simulator.User{ID: crowdChat(k), FirstName: load.Person(k)})
		if err := sim.Start(simulatorToken, crowdChat(k)); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: sim.Handler(), ReadHeaderTimeout: httpStop}
	n.closeLast(func() { sim.Close(); _ = server.Close() })
	go func() { _ = server.Serve(listener) }()
	n.settings.TelegramToken = simulatorToken
	n.settings.TelegramAPI = "http://" + listener.Addr().String()
	n.app.All("/simulator/*", adaptor.HTTPHandler(sim.Inspect()))
	return nil
}

// crowdChat is the chat of the k-th person of the crowd.
func crowdChat(k int) int64 { return 1_000_000 + int64(k) }
