// Package dbtest gives each test a migrated PostgreSQL database of its own:
//
//	func TestMain(m *testing.M) { dbtest.Main(m) }
//
//	func TestPaymentSettledOnce(t *testing.T) {
//		pool := dbtest.New(t)
//		…
//	}
//
// One private server is started per test process, on first use, and ended with it;
// what is slow (initdb, migrations) is done once per machine and copied. With
// DATABASE_TEST_URL the databases are made on that server instead.
//
// A test that needs a database and cannot have one fails: nothing here skips.
package dbtest

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// process is this test process's server. It is package state because testing.M and
// testing.T share nothing else, and a server per test would cost half a second each.
var process struct {
	sync.Mutex
	ended   func() error // set by Main: it will end what is started
	cluster *cluster
	err     error // the first start's; every later test fails with it at once
}

// Main runs the tests and ends the server they started. Each check looks at
// what all the tests together have done; its error fails the process.
func Main(m *testing.M, checks ...func() error) {
	process.ended = func() error { return nil }
	code := m.Run()
	for _, check := range checks {
		if err := check(); err != nil {
			_, _ = os.Stderr.WriteString(err.Error() + "\n")
			code = max(code, 1)
		}
	}
	if err := process.ended(); err != nil {
		_, _ = os.Stderr.WriteString("dbtest: " + err.Error() + "\n")
		code = max(code, 1)
	}
	os.Exit(code)
}

// New returns a pool on a fresh database, both gone when the test ends.
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(URL(t))
	if err != nil {
		t.Fatalf("database for the test: %v", err)
	}
	cfg.MaxConns = 10
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		t.Fatalf("database for the test: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// URL makes a fresh database, dropped when the test ends, and returns its address.
func URL(t testing.TB) string {
	t.Helper()
	c, err := shared()
	if err != nil {
		t.Fatalf("this test needs PostgreSQL: %v", err)
	}
	return c.database(t)
}

// startLimit bounds the first use in a process; a machine's very first one downloads.
const startLimit = 3 * time.Minute

func shared() (*cluster, error) {
	process.Lock()
	defer process.Unlock()
	if process.cluster != nil || process.err != nil {
		return process.cluster, process.err
	}
	if process.ended == nil {
		return nil, errNoMain
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	now, err := current()
	if err == nil {
		process.cluster, err = open(ctx, os.Getenv("DATABASE_TEST_URL"), cacheRoot(), now)
	}
	if process.err = err; err == nil {
		process.ended = process.cluster.close
	}
	return process.cluster, process.err
}

// database copies the template for one test.
func (c *cluster) database(t testing.TB) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text()[:12])
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := c.exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+pgx.Identifier{c.template}.Sanitize()); err != nil {
		t.Fatalf("database for the test: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // t.Context has ended by now
		defer cancel()
		if err := c.exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return c.address(name)
}
