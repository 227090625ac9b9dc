package dbtest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ukbot/sql/db"
)

func TestMain(m *testing.M) { Main(m) }

// counted is a schema with one table that counts how often it was made.
func counted(runs *atomic.Int32) schema {
	return schema{key: "0123456789abcdef", migrate: func(ctx context.Context, url string) error {
		runs.Add(1)
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, "CREATE TABLE things (n int)")
		return err
	}}
}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	var names sync.Map
	for _, who := range []string{"one", "two", "three"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			pool := New(t)
			if _, err := pool.Exec(t.Context(), "CREATE TABLE mine (n int)"); err != nil {
				t.Errorf("a fresh database held the table already: %v", err)
			}
			var name string
			if err := pool.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
				t.Fatal(err)
			}
			if _, twice := names.LoadOrStore(name, true); twice {
				t.Errorf("database %s was given out twice", name)
			}
		})
	}
}

func TestDatabaseHoldsTheProgramsSchema(t *testing.T) {
	url := URL(t)
	if pending, err := db.PendingMigrations(t.Context(), url); err != nil || pending != 0 {
		t.Errorf("pending migrations = %d, %v, want none", pending, err)
	}
}

func TestEditedMigrationGetsATemplateOfItsOwn(t *testing.T) {
	keys := map[string]string{}
	for name, files := range map[string]fstest.MapFS{
		"one migration":  {"1.sql": {Data: []byte("a")}},
		"it was edited":  {"1.sql": {Data: []byte("b")}},
		"it was renamed": {"2.sql": {Data: []byte("a")}},
		"one was added":  {"1.sql": {Data: []byte("a")}, "2.sql": {Data: []byte("a")}},
	} {
		key, err := keyOf(files)
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := keys[key]; taken {
			t.Errorf("%q and %q have the same key %s", name, other, key)
		}
		keys[key] = name
	}
}

func TestDatabaseIsDroppedWhenItsTestEnds(t *testing.T) {
	var url string
	began := time.Now()
	t.Run("user", func(t *testing.T) { url = URL(t) })
	t.Logf("create and drop took %s", time.Since(began))
	if conn, err := pgx.Connect(t.Context(), url); err == nil {
		_ = conn.Close(t.Context())
		t.Errorf("the database of an ended test still accepts connections")
	}
}

func TestProcessesStartingTogetherMigrateOnce(t *testing.T) {
	t.Setenv("HOME", "") // as in a bare container
	root := openDir(t)
	var migrations atomic.Int32
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			began := time.Now()
			c, err := startOwn(t.Context(), root, counted(&migrations))
			if err != nil {
				t.Error(err)
				return
			}
			t.Logf("server ready after %s", time.Since(began))
			if err := rowIn(t.Context(), c); err != nil {
				t.Error(err)
			}
			if err := c.close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := migrations.Load(); got != 1 {
		t.Errorf("migrations ran %d times, want once", got)
	}
	if left, _ := filepath.Glob(filepath.Join(root, "run-*")); len(left) > 0 {
		t.Errorf("left after closing: %v", left)
	}
}

// rowIn uses a copy of the template, which must hold the schema.
func rowIn(ctx context.Context, c *cluster) error {
	if err := c.exec(ctx, "CREATE DATABASE x TEMPLATE "+c.template); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, c.address("x"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "INSERT INTO things VALUES (1)")
	return err
}

func TestNamedServerIsSharedAndItsTemplateMadeOnce(t *testing.T) {
	server := URL(t) // a database on the private server stands for somebody's
	var migrations atomic.Int32
	var wg sync.WaitGroup
	clusters := make([]*cluster, 3)
	for i := range clusters {
		wg.Go(func() {
			c, err := open(t.Context(), server, "/nowhere", counted(&migrations))
			if err != nil {
				t.Error(err)
				return
			}
			clusters[i] = c
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	t.Cleanup(func() {
		if err := clusters[0].exec(context.Background(), "DROP DATABASE "+clusters[0].template); err != nil {
			t.Error(err)
		}
	})
	if got := migrations.Load(); got != 1 {
		t.Errorf("migrations ran %d times, want once", got)
	}
	pool, err := pgxpool.New(t.Context(), clusters[1].database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(t.Context(), "INSERT INTO things VALUES (1)"); err != nil {
		t.Error(err)
	}
}

func TestUnusableServerAddressDoesNotPrintItsPassword(t *testing.T) {
	for name, address := range map[string]string{
		"not an address":      "postgres://u:hunter2@:port:/x",
		"nobody listens":      "postgres://u:hunter2@127.0.0.1:1/x",
		"a driver's own form": "host=127.0.0.1 password=hunter2",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t.Context(), address, "/nowhere", schema{})
			if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "DATABASE_TEST_URL") {
				t.Errorf("open(%q) = %v, want an error without the password", address, err)
			}
		})
	}
}

func TestSweepRemovesOnlyWhatNobodyHolds(t *testing.T) {
	root := openDir(t)
	server, owner, err := serve(t.Context(), root, "")
	if err != nil {
		t.Fatal(err)
	}
	mine := filepath.Dir(owner.Path())
	defer func() { _ = server.Remove() }()
	orphan, young := filepath.Join(root, "run-1"), filepath.Join(root, "run-2")
	for _, dir := range []string{orphan, young} {
		if err := os.Mkdir(dir, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-time.Hour)
	for _, dir := range []string{mine, orphan} {
		if err := os.Chtimes(dir, old, old); err != nil {
			t.Fatal(err)
		}
	}
	sweep(root)
	for dir, want := range map[string]bool{mine: true, orphan: false, young: true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("after sweep %s is there: %v, want %v", dir, err == nil, want)
		}
	}
}

// openDir is t.TempDir for servers: that one is closed to other accounts.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "dbtest-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}
