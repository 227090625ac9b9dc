package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"ukbot/load"
	"ukbot/secret"
	"ukbot/sql/pglocal"
)

// bench is a run of the bench: the database of all servers, and what was measured.
type bench struct {
	size    benchSize
	dir     string // of everything; removed at the end
	profile string // folder; empty: none
	pg      *pglocal.Server
	keys    secret.Text // keyset of all servers
	sealer  *secret.Keyset
	secret  secret.Text // of all webhook configurations
	machine load.Machine

	started  int // servers so far: their names
	series   int // likewise
	measured map[string][]float64
	raw      []string
}

// benchPostgres: the time of a commit is what "recorded" means, and no column tells it.
var benchPostgres = map[string]string{"track_commit_timestamp": "on"}

func newBench(ctx context.Context, s *Settings, size benchSize, profile string) (*bench, error) {
	if err := os.MkdirAll(s.DataDir, 0o711); err != nil { //nolint:gosec // as dev's: PostgreSQL's user may pass through
		return nil, err
	}
	// On the disk that dev would use: on another one a sync may cost nothing.
	dir, err := os.MkdirTemp(s.DataDir, "bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{size: size, dir: dir, profile: profile, measured: map[string][]float64{}, keys: secret.NewKey("bench"), secret: demoSecret()}
	if b.sealer, err = secret.ParseKeyset(b.keys); err == nil {
		err = os.Chmod(dir, 0o711) //nolint:gosec // as above
	}
	if err == nil {
		b.pg, err = pglocal.Start(ctx, pglocal.Config{Dir: filepath.Join(dir, "postgres"), Fsync: true, Settings: benchPostgres, Log: zerolog.Nop()})
	}
	if err != nil {
		b.close()
		return nil, err
	}
	b.machine = load.ThisMachine(dir)
	b.machine.PostgreSQL, err = pglocal.Version(ctx, pglocal.Binaries{})
	return b, err
}

// close stops the database and removes everything.
func (b *bench) close() {
	var err error
	if b.pg != nil {
		err = b.pg.Remove()
	}
	if err = errors.Join(err, os.RemoveAll(b.dir)); err != nil {
		fmt.Fprintf(os.Stderr, "left behind in %s: %v\n", b.dir, err)
	}
}

// line keeps a line for the results and shows it.
func (b *bench) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	b.raw = append(b.raw, text)
	fmt.Fprintln(os.Stderr, text)
}

// add keeps one round of a figure.
func (b *bench) add(name string, value float64) { b.measured[name] = append(b.measured[name], value) }

// webhooks is a new series of webhooks.
func (b *bench) webhooks() load.Webhooks {
	b.series++
	return load.Webhooks{Name: "b" + strconv.Itoa(b.series), Secret: b.secret}
}

// dropDatabase gives the disk back before the next server needs it.
func (b *bench) dropDatabase(name string) {
	ctx, cancel := context.WithTimeout(context.Background(), benchStopIn)
	defer cancel()
	conn, err := pgx.Connect(ctx, b.pg.URL("postgres"))
	if err != nil {
		return // it goes with the server
	}
	defer conn.Close(ctx)
	_, _ = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
}
