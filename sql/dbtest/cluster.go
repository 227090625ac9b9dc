package dbtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"
)

var errNoMain = errors.New("the package's tests lack func TestMain(m *testing.M) { dbtest.Main(m) }, without which the server would outlive them")

// schema is what every test database holds.
type schema struct {
	key     string // equal for equal migrations; part of names
	migrate func(ctx context.Context, url string) error
}

// cluster is a PostgreSQL server with a migrated template database.
type cluster struct {
	admin    *url.URL // may create and drop databases
	template string
	close    func() error
}

// open uses the server at external, else starts one of our own.
func open(ctx context.Context, external, root string, s schema) (*cluster, error) {
	if external == "" {
		return startOwn(ctx, root, s)
	}
	c, err := connect(ctx, external, s)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_TEST_URL: %w", err)
	}
	return c, nil
}

// connect finds or makes the template on a running server.
func connect(ctx context.Context, address string, s schema) (*cluster, error) {
	admin, err := url.Parse(address)
	if err != nil || admin.Host == "" {
		return nil, errors.New("not an address of the form postgres://user:password@host:port/database") // err repeats the password
	}
	c := &cluster{admin: admin, template: "ukbot_template_" + s.key, close: func() error { return nil }}
	return c, c.ensureTemplate(ctx, s)
}

// templateLock is the advisory lock under which processes sharing a server make the
// template; the number only has to be the same in all of them.
const templateLock = 0x756b626f74

// ensureTemplate makes the template unless it is there. It gets its name when it is
// whole, so a killed process leaves only a database nobody uses.
func (c *cluster) ensureTemplate(ctx context.Context, s schema) error {
	conn, err := pgx.Connect(ctx, c.admin.String())
	if err != nil {
		return err
	}
	defer conn.Close(ctx) // ends the lock as well
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", templateLock); err != nil {
		return err
	}
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", c.template).Scan(&there); err != nil || there {
		return err
	}
	unfinished := c.template + "_unfinished"
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + unfinished + " WITH (FORCE)", "CREATE DATABASE " + unfinished} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if err := s.migrate(ctx, c.address(unfinished)); err != nil {
		return fmt.Errorf("migrate the template: %w", err)
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+unfinished+" RENAME TO "+c.template)
	return err
}

// address is the connection string for another database of the server.
func (c *cluster) address(database string) string {
	u := *c.admin
	u.Path = "/" + database
	return u.String()
}

func (c *cluster) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, c.admin.String())
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}
