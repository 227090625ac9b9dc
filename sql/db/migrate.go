package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"ukbot/sql/migrations"
)

// Migrate brings the schema of the database at url up to date. Several
// processes may do it at once: one works, the others wait (advisory lock).
func Migrate(ctx context.Context, url string) error {
	_, err := migrate(ctx, url, true)
	return err
}

// PendingMigrations says how many migrations the database lacks.
func PendingMigrations(ctx context.Context, url string) (int, error) {
	return migrate(ctx, url, false)
}

func migrate(ctx context.Context, url string, apply bool) (pending int, err error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return 0, errBadURL
	}
	conn := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, conn.Close()) }()
	session, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return 0, fmt.Errorf("migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, conn, migrations.Files, goose.WithSessionLocker(session))
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	statuses, err := provider.Status(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the schema's version: %w", err)
	}
	for _, status := range statuses {
		if status.State == goose.StatePending {
			pending++
		}
	}
	if !apply || pending == 0 {
		return pending, nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return pending, fmt.Errorf("migrate: %w", err)
	}
	return pending, nil
}
