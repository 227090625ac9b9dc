package main

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"

	"ukbot/nats"
	"ukbot/sql/db"
)

// lookCompanies says whom the housing services serve.
func lookCompanies(ctx context.Context, s *Settings) finding {
	if s.Database == "" {
		return finding{State: "none", Detail: "not looked at: there is no database", Do: "see database"}
	}
	pool, err := db.Open(ctx, db.PoolConfig{URL: s.Database.Reveal(), MaxConns: commandConns, Log: zerolog.Nop()})
	if err != nil {
		return finding{State: "none", Detail: "not looked at: the database does not answer", Do: "see database"}
	}
	defer pool.Close()
	companies, err := db.New(pool).Companies(ctx)
	switch {
	case err != nil:
		return finding{State: "bad", Detail: oneLine(err), Do: "`ukbot migrate`"}
	case len(companies) == 0:
		return finding{State: "none", Detail: "there are none", Do: "`ukbot company add` makes the first"}
	case len(companies) == 1:
		return finding{State: "ok", Detail: companies[0].TenantID}
	}
	return finding{State: "ok", Detail: fmt.Sprintf("%d: `ukbot company ls` lists them", len(companies))}
}

// deadlinesLate is how many passed deadlines may wait to be announced: more
// than a busy minute brings.
const deadlinesLate = 500

// lookDeadlines says whether passed deadlines are announced. Nobody notices
// otherwise: nothing is refused while they wait.
func lookDeadlines(ctx context.Context, s *Settings) finding {
	return withStreams(ctx, s, func(conn *nats.Conn) finding {
		consumer, err := conn.JS.Consumer(ctx, nats.StreamClocks, nats.DurableClocks)
		if err != nil {
			return finding{State: "bad", Detail: oneLine(err), Do: "`ukbot apply`"}
		}
		info, err := consumer.Info(ctx)
		if err != nil {
			return finding{State: "bad", Detail: oneLine(err), Do: "`nats consumer info CLOCKS clocks`"}
		}
		return deadlines(info.NumPending, info.NumAckPending, info.NumWaiting)
	})
}

// deadlines judges the consumer's figures: not yet delivered, in hand or to be
// tried again, and requests of housing processes for more.
func deadlines(pending uint64, inHand, waiting int) finding {
	found := finding{State: "ok", Detail: fmt.Sprintf("%d passed and not announced, %d in hand or to be tried again", pending, inHand)}
	switch {
	case pending > 0 && waiting == 0 && inHand == 0:
		found.State, found.Do = "warn", "nobody announces them: is `ukbot housing` running?"
	case pending+uint64(max(inHand, 0)) > deadlinesLate:
		found.State, found.Do = "warn", "they are announced late: is the database slow? `nats consumer info CLOCKS clocks` shows more"
	}
	return found
}
