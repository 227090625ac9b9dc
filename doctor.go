package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"ukbot/botgw/telegram"
	"ukbot/nats"
	"ukbot/ops"
	"ukbot/sql/db"
)

type doctorCommand struct {
	JSON bool   `name:"json" help:"Print JSON."`
	Only string `help:"Look at this alone, by its name in the list; that it is not set up is a fault then. For a container's health check: http."`
}

// finding is what the doctor says of one thing.
type finding struct {
	What   string `json:"what"`
	State  string `json:"state"` // "ok", "warn", "bad", "none" (not set up, and that may be meant)
	Detail string `json:"detail"`
	Do     string `json:"do,omitempty"`
}

// examine is everything the doctor looks at, in the order things depend on each other.
var examine = []struct {
	what string
	look func(context.Context, *Settings) finding
}{
	{"keyset", lookKeys},
	{"api keys", lookAPIKeys},
	{"disk", lookDisk},
	{"streams", lookStreams},
	{"database", lookDatabase},
	{"companies", lookCompanies},
	{"deadlines", lookDeadlines},
	{"bots", lookBots},
	{"updates", lookUpdates},
	{"notices", lookNotices},
	{"conversations", lookConversations},
	{"telegram", lookTelegram},
	{"http", lookHTTP},
}

// doctorWait bounds each look.
const doctorWait = 4 * time.Second

var errSick = errors.New("something needs you, see above")

func (d doctorCommand) Run(ctx context.Context, s *Settings) error {
	if err := s.beside(); err != nil {
		return err
	}
	findings, sick := []finding{}, false
	for _, check := range examine {
		if d.Only != "" && d.Only != check.what {
			continue
		}
		look, cancel := context.WithTimeout(ctx, doctorWait)
		found := check.look(look, s)
		cancel()
		found.What = check.what
		findings, sick = append(findings, found), sick || found.State == "bad" || d.Only != "" && found.State == "none"
	}
	if len(findings) == 0 {
		return fmt.Errorf("doctor knows no %q: without --only it lists what there is", d.Only)
	}
	var err error
	if d.JSON {
		err = printJSON(findings)
	} else {
		err = table(os.Stdout, "STATE\tWHAT\tFOUND\tWHAT TO DO", func(row func(...any)) {
			for _, f := range findings {
				row(f.State, f.What, f.Detail, f.Do)
			}
		})
	}
	if sick {
		return errors.Join(err, errSick)
	}
	return err
}

func lookKeys(_ context.Context, s *Settings) finding {
	if s.Keys == "" {
		return finding{State: "none", Detail: "UKBOT_KEYS is not set", Do: "needed by ingress, housing, botgw and `ukbot hooks set`: `ukbot config --new-keys` makes one"}
	}
	if _, err := s.keyset(); err != nil {
		return finding{State: "bad", Detail: err.Error(), Do: "mend UKBOT_KEYS: name:base64 of 32 bytes"}
	}
	return finding{State: "ok", Detail: "readable"}
}

func lookAPIKeys(_ context.Context, s *Settings) finding {
	keys, err := ops.ParseKeys(s.APIKeys.Reveal())
	switch {
	case err != nil:
		return finding{State: "bad", Detail: err.Error(), Do: "mend UKBOT_API_KEYS: name:tenant:sha256 of the key"}
	case keys.Len() == 0:
		return finding{State: "none", Detail: "UKBOT_API_KEYS is not set: nobody may use the operators' API", Do: "needed by workers; dev makes one. Companies have keys of their own: `ukbot keys ls`"}
	}
	return finding{State: "ok", Detail: fmt.Sprintf("%d of operators", keys.Len())}
}

// diskLow is the free space below which streams and database should not be left alone.
const diskLow = 2 << 30

func lookDisk(_ context.Context, s *Settings) finding {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(s.DataDir, &fs); err != nil {
		return finding{State: "none", Detail: "no data folder " + s.DataDir, Do: "only dev has one"}
	}
	free := fs.Bavail * uint64(fs.Bsize)
	found := finding{State: "ok", Detail: fmt.Sprintf("%.1f GiB free in %s", float64(free)/(1<<30), s.DataDir)}
	if free < diskLow {
		found.State, found.Do = "warn", "make room: with a full disk webhooks are answered 503"
	}
	return found
}

func lookStreams(ctx context.Context, s *Settings) finding {
	if s.NATSURL == "" {
		return finding{State: "none", Detail: "NATS_URL is not set and no dev runs here", Do: "start `ukbot dev`, or set NATS_URL"}
	}
	conn, err := nats.Connect(s.NATSURL, "admin", zerolog.Nop())
	if err != nil {
		return finding{State: "bad", Detail: err.Error(), Do: "check NATS_URL"}
	}
	defer conn.Close()
	if err := conn.Ready(ctx); err != nil {
		return finding{State: "bad", Detail: "no answer: " + err.Error(), Do: "start the NATS servers; they need JetStream"}
	}
	changes, err := nats.Plan(ctx, conn.JS, s.Replicas)
	if err != nil {
		return finding{State: "bad", Detail: err.Error(), Do: "check the user's permissions"}
	}
	differ := 0
	for _, change := range changes {
		if change.Action != "same" {
			differ++
		}
	}
	if differ > 0 {
		return finding{State: "bad", Detail: fmt.Sprintf("%d definitions differ", differ), Do: "`ukbot apply --plan` shows them, `ukbot apply` mends them"}
	}
	return finding{State: "ok", Detail: fmt.Sprintf("version %s, all %d definitions as they should be", conn.ConnectedServerVersion(), len(changes))}
}

func lookDatabase(ctx context.Context, s *Settings) finding {
	if s.Database == "" {
		return finding{State: "none", Detail: "DATABASE_URL is not set and no dev runs here", Do: "start `ukbot dev`, or set DATABASE_URL"}
	}
	pool, err := db.Open(ctx, db.PoolConfig{URL: s.Database.Reveal(), MaxConns: commandConns, Log: zerolog.Nop()})
	if err != nil {
		return finding{State: "bad", Detail: oneLine(err), Do: "start PostgreSQL, or check DATABASE_URL; webhooks are taken in meanwhile"}
	}
	defer pool.Close()
	pending, err := db.PendingMigrations(ctx, s.Database.Reveal())
	if err != nil {
		return finding{State: "bad", Detail: oneLine(err), Do: "the user must own the schema"}
	}
	if pending > 0 {
		return finding{State: "bad", Detail: fmt.Sprintf("%d migrations are pending", pending), Do: "`ukbot migrate`"}
	}
	waiting, err := db.New(pool).OutboxAge(ctx)
	if err != nil {
		return finding{State: "bad", Detail: oneLine(err), Do: "`ukbot migrate`"}
	}
	found := finding{State: "ok", Detail: fmt.Sprintf("schema current, %d events in the outbox", waiting.Waiting)}
	if waiting.OldestS > outboxOld {
		found.State, found.Do = "warn", "the oldest waits for "+time.Duration(waiting.OldestS*float64(time.Second)).Round(time.Second).String()+": are the workers running?"
	}
	return found
}

// outboxOld is the age of an unpublished event that should not happen, in seconds.
const outboxOld = 60

func lookTelegram(ctx context.Context, s *Settings) finding {
	if s.TelegramToken == "" {
		return finding{State: "none", Detail: "TELEGRAM_TOKEN is not set", Do: "dev has a simulator; for people, @BotFather gives a token"}
	}
	bot := telegram.New(s.TelegramToken, s.TelegramAPI, doctorWait)
	defer bot.Close()
	me, err := bot.Me(ctx)
	if err != nil {
		return finding{State: "bad", Detail: oneLine(err), Do: "check TELEGRAM_TOKEN and the way out to " + s.TelegramAPI}
	}
	return finding{State: "ok", Detail: "@" + me.UserName}
}

func lookHTTP(ctx context.Context, s *Settings) finding {
	status, body, err := get(ctx, "http://"+s.HTTPAddr+"/ready")
	switch {
	case err != nil:
		return finding{State: "none", Detail: "nothing serves on " + s.HTTPAddr, Do: "start a role, or `ukbot dev`"}
	case status != 200:
		return finding{State: "bad", Detail: fmt.Sprintf("/ready answers %d: %s", status, body), Do: "see /health/detailed"}
	}
	return finding{State: "ok", Detail: "ready on " + s.HTTPAddr}
}

// oneLine keeps a table a table. Of an error about several addresses it keeps
// the first, which has the reason.
func oneLine(err error) string {
	line, rest, more := strings.Cut(err.Error(), "\n")
	if more && strings.HasSuffix(line, ":") {
		cause, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
		line += " " + cause
	}
	return line
}
