package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ukbot/events"
	"ukbot/housing/seed"
)

type seedCommand struct {
	Tenant   string `required:"" help:"Tenant to fill; it is made if there is none. Not one that people work with: nothing takes the load out again."`
	Requests int    `default:"10000" help:"How many requests to add, over the past two years."`
	Users    int    `default:"1000" help:"How many residents to add."`
}

func (c seedCommand) Run(ctx context.Context, s *Settings) error {
	if !events.ValidName(c.Tenant) {
		return fmt.Errorf("tenant %q: lower-case letters, digits, - and _, at most 48", c.Tenant)
	}
	if c.Requests < 0 || c.Users < 1 {
		return errors.New("--requests must not be negative, --users be at least 1")
	}
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		bar := newBar(c.Requests, "requests")
		began := time.Now()
		err := seed.Load(ctx, open.Pool, c.Tenant, c.Requests, c.Users, func(done int) { _ = bar.Set(done) })
		_ = bar.Finish()
		if err != nil {
			return fmt.Errorf("seed %s: %w", c.Tenant, err)
		}
		fmt.Printf("tenant %s has %d more requests and %d more residents (%.0f s)\n", c.Tenant, c.Requests, c.Users, time.Since(began).Seconds())
		return nil
	})
}
