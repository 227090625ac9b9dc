package main

import (
	"context"
	"fmt"
	"time"

	"ukbot/api"
	"ukbot/housing"
	"ukbot/ingress"
	"ukbot/nats"
	"ukbot/ops"
	"ukbot/sql/db"
	"ukbot/workers"
)

// The roles, each alone and all together.
type (
	ingressCommand struct{}
	workersCommand struct{}
	housingCommand struct{}
	botgwCommand   struct{}
	allCommand     struct{}
)

func (ingressCommand) Run(ctx context.Context, s *Settings) error {
	return serveRoles(ctx, s, addIngress)
}

func (workersCommand) Run(ctx context.Context, s *Settings) error {
	return serveRoles(ctx, s, addWorkers)
}

func (housingCommand) Run(ctx context.Context, s *Settings) error {
	return serveRoles(ctx, s, addHousing)
}

func (botgwCommand) Run(ctx context.Context, s *Settings) error {
	return serveRoles(ctx, s, addBot)
}

func (allCommand) Run(ctx context.Context, s *Settings) error {
	return serveRoles(ctx, s, addIngress, addWorkers, addHousing, addBot)
}

// role wires one role into a node.
type role func(ctx context.Context, n *node) error

// serveRoles runs roles against NATS_URL and DATABASE_URL.
func serveRoles(ctx context.Context, s *Settings, roles ...role) error {
	n := newNode(s)
	var err error
	if n.listener, err = listen(s.HTTPAddr); err != nil {
		return err
	}
	for _, add := range roles {
		if err := add(ctx, n); err != nil {
			n.close()
			return err
		}
	}
	addPages(n)
	return n.serve(ctx, nil, func() { n.log.Info().Str("http", n.listener.Addr().String()).Msg("serving") })
}

// addIngress: webhooks in. It needs the streams and the keyset, nothing else;
// with it in the process nothing else decides whether the process is ready.
func addIngress(_ context.Context, n *node) error {
	keys, err := n.settings.keyset()
	if err != nil {
		return err
	}
	conn, publisher, err := n.stream("ingress")
	if err != nil {
		return err
	}
	in := ingress.New(ingress.Config{
		Conn: conn, Publisher: publisher, Keys: keys, Registry: n.registry,
		PublishTimeout: n.settings.PublishTimeout, Log: n.log,
	})
	in.Register(n.app)
	n.add("ingress", in.Run)
	n.ingress, n.taking = true, in.Ready
	n.check(ops.Check{Name: "ingress", Critical: true, Probe: func(context.Context) error {
		if err := in.Ready(); err != nil {
			return ops.Reason(err.Error())
		}
		return nil
	}})
	n.check(ops.CheckNATS(conn, true))
	return nil
}

// addWorkers: records, announcements, retries; the API over them.
func addWorkers(ctx context.Context, n *node) error {
	pool, err := n.database(ctx)
	if err != nil {
		return err
	}
	conn, publisher, err := n.stream("workers")
	if err != nil {
		return err
	}
	keys, err := ops.ParseKeys(n.settings.APIKeys.Reveal())
	if err != nil {
		return fmt.Errorf("UKBOT_API_KEYS: %w", err)
	}
	w := workers.New(workers.Config{
		Conn: conn, Publisher: publisher, Pool: pool, Metrics: n.metrics, Registry: n.registry,
		Retention: time.Duration(n.settings.RetentionDays) * 24 * time.Hour, Log: n.log,
	})
	n.add("workers", w.Run)
	n.add("dead-net", nats.NewDeadNet(conn, publisher, nats.ConsumeConfig{Metrics: n.metrics, Log: n.log}).Run)
	n.add("hooks", func(ctx context.Context) error { return ops.KeepHooks(ctx, pool, conn, n.log) })
	ops.Register(n.app, ops.Deps{NATS: conn, Publisher: publisher, Pool: pool, Log: n.log}, keys)
	n.check(ops.CheckNATS(conn, true))
	n.checkDatabase()
	return nil
}

// addHousing: people, buildings, requests and shifts behind one API. It comes
// after ingress and workers: their routes lie below the same path.
func addHousing(ctx context.Context, n *node) error {
	pool, err := n.database(ctx)
	if err != nil {
		return err
	}
	keys, err := n.settings.keyset()
	if err != nil {
		return err
	}
	conn, publisher, err := n.stream("housing")
	if err != nil {
		return err
	}
	company, err := housing.New(ctx, housing.Config{Conn: conn, Publisher: publisher, Pool: pool, Keys: keys, Registry: n.registry, Metrics: n.metrics, Log: n.log})
	if err != nil {
		return err
	}
	company.Register(n.app)
	api.RegisterDocs(n.app)
	n.add("housing", company.Run)
	n.check(ops.CheckNATS(conn, true))
	n.checkDatabase()
	return nil
}

// checkDatabase adds PostgreSQL to the health pages: critical, unless webhooks
// come in here too. They need no database, and must not be turned away for it.
func (n *node) checkDatabase() {
	url := n.settings.Database.Reveal()
	n.check(ops.CheckPostgres(n.pool, !n.ingress, func(ctx context.Context) (int, error) { return db.PendingMigrations(ctx, url) }))
}

// addPages: health and metrics, for every role.
func addPages(n *node) {
	ops.NewHealth(n.log, n.checks...).Register(n.app, n.registry)
}
