package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"

	"ukbot/nats"
	"ukbot/ops"
	"ukbot/secret"
	"ukbot/sql/db"
)

// session is what a command that talks to a running ukbot uses: the streams and
// the database of the settings, or of the dev beside.
type session struct {
	ops.Deps
	settings *Settings
	keys     *secret.Keyset // nil where the command needs none
}

// connectWait is how long a command waits for the streams and the database.
const connectWait = 5 * time.Second

// withSession runs a command's work on a session and closes it.
func withSession(ctx context.Context, s *Settings, work func(context.Context, *session) error) error {
	if err := s.beside(); err != nil {
		return err
	}
	if err := s.needs(true, true); err != nil {
		return err
	}
	log := zerolog.New(os.Stderr).Level(zerolog.Disabled)
	wait, cancel := context.WithTimeout(ctx, connectWait)
	defer cancel()
	pool, err := db.Open(wait, db.PoolConfig{URL: s.Database.Reveal(), MaxConns: commandConns, Log: log})
	if err != nil {
		return fmt.Errorf("%s; is it running? `ukbot doctor` tells", oneLine(err))
	}
	defer pool.Close()
	conn, err := nats.Connect(s.NATSURL, "admin", log)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Ready(wait); err != nil {
		return fmt.Errorf("streams do not answer: %w; are they running? `ukbot doctor` tells", err)
	}
	publisher, err := nats.NewPublisher(conn)
	if err != nil {
		return err
	}
	defer publisher.Close()
	open := &session{Deps: ops.Deps{Pool: pool, NATS: conn, Publisher: publisher, Log: log}, settings: s}
	if s.Keys != "" {
		if open.keys, err = s.keyset(); err != nil {
			return err
		}
	}
	return work(ctx, open)
}

const commandConns = 4

// printJSON writes v for machines.
func printJSON(v any) error {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// table writes aligned columns for people.
func table(out io.Writer, head string, rows func(row func(cells ...any))) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	if _, err := fmt.Fprintln(w, head); err != nil {
		return err
	}
	rows(func(cells ...any) {
		for i, cell := range cells {
			if i > 0 {
				_, _ = fmt.Fprint(w, "\t")
			}
			_, _ = fmt.Fprint(w, cell)
		}
		_, _ = fmt.Fprintln(w)
	})
	return w.Flush()
}

// since prints a time as people say it.
func since(at time.Time) string {
	age := time.Since(at)
	switch {
	case age < time.Minute:
		return fmt.Sprintf("%ds ago", int(age.Seconds()))
	case age < time.Hour:
		return fmt.Sprintf("%dm ago", int(age.Minutes()))
	case age < 48*time.Hour:
		return fmt.Sprintf("%dh ago", int(age.Hours()))
	}
	return at.Format(time.DateOnly)
}
