package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/rs/zerolog"

	"ukbot/botgw/bots"
	"ukbot/botgw/telegram"
	"ukbot/nats"
	"ukbot/sql/db"
)

// lookBots says which bots there are, and whether Telegram still knows them.
func lookBots(ctx context.Context, s *Settings) finding {
	if s.Database == "" {
		return finding{State: "none", Detail: "not looked at: there is no database", Do: "see database"}
	}
	pool, err := db.Open(ctx, db.PoolConfig{URL: s.Database.Reveal(), MaxConns: commandConns, Log: zerolog.Nop()})
	if err != nil {
		return finding{State: "none", Detail: "not looked at: the database does not answer", Do: "see database"}
	}
	defer pool.Close()
	records, err := bots.List(ctx, pool)
	switch {
	case err != nil:
		return finding{State: "bad", Detail: oneLine(err), Do: "`ukbot migrate`"}
	case len(records) == 0:
		return finding{State: "none", Detail: "there are none: nobody can write to the company", Do: "`ukbot bots add`, or TELEGRAM_TOKEN"}
	}
	ailments := make([]string, len(records))
	var wg sync.WaitGroup
	for i, record := range records {
		wg.Go(func() { records[i].Username, ailments[i] = ailment(ctx, s, record) })
	}
	wg.Wait()
	return botsFinding(records, ailments)
}

// botsFinding is what there is to say of bots and their ailments, "" for none.
func botsFinding(records []bots.Record, ailments []string) finding {
	var sick []string
	for i, record := range records {
		if ailments[i] != "" {
			sick = append(sick, botName(record)+" of "+record.Tenant+": "+ailments[i])
		}
	}
	switch {
	case len(sick) > 0:
		return finding{State: "bad", Detail: strings.Join(sick, "; "), Do: "`ukbot bots add --tenant …` gives a bot another token; nobody is answered until then"}
	case len(records) == 1:
		return finding{State: "ok", Detail: botName(records[0]) + " of " + records[0].Tenant}
	}
	return finding{State: "ok", Detail: fmt.Sprintf("%d: `ukbot bots ls` lists them", len(records))}
}

// ailment is what is wrong with a bot, in words without its token, and what
// people call it, as far as that is known.
func ailment(ctx context.Context, s *Settings, record bots.Record) (username, ailment string) {
	keys, err := s.keyset()
	if err != nil {
		return record.Username, "not looked at: no keyset (UKBOT_KEYS) to open its token with"
	}
	secrets, err := record.Open(keys)
	if err != nil {
		return record.Username, "its token does not open with these UKBOT_KEYS"
	}
	bot := telegram.New(secrets.Token, s.TelegramAPI, doctorWait)
	defer bot.Close()
	me, err := bot.Me(ctx)
	if err != nil {
		return record.Username, oneLine(err)
	}
	return me.UserName, ""
}

// lanesLate is how many updates or notices may wait: more than a busy second brings.
const lanesLate = 500

func lookUpdates(ctx context.Context, s *Settings) finding {
	return lookLanes(ctx, s, nats.StreamUpdates)
}

func lookNotices(ctx context.Context, s *Settings) finding {
	return lookLanes(ctx, s, nats.StreamNotices)
}

// laneFigures are those of all lanes of a stream.
type laneFigures struct {
	pending uint64 // not yet delivered
	inHand  int    // or to be tried again
	waiting int    // requests of gateways for more
	worst   string // the lane with the most of both
	most    uint64
}

// lookLanes says whether what people did, or are to be told, waits for somebody.
func lookLanes(ctx context.Context, s *Settings, stream string) finding {
	return withStreams(ctx, s, func(conn *nats.Conn) finding {
		of, err := conn.JS.Stream(ctx, stream)
		if err != nil {
			return finding{State: "bad", Detail: oneLine(err), Do: "`ukbot apply`"}
		}
		var all laneFigures
		consumers := of.ListConsumers(ctx)
		for info := range consumers.Info() {
			all.pending += info.NumPending
			all.inHand += info.NumAckPending
			all.waiting += info.NumWaiting
			if mine := info.NumPending + uint64(max(info.NumAckPending, 0)); mine >= all.most {
				all.worst, all.most = info.Name, mine
			}
		}
		if err := consumers.Err(); err != nil {
			return finding{State: "bad", Detail: oneLine(err), Do: "`nats consumer report " + stream + "`"}
		}
		return lanes(stream, all)
	})
}

// lanes judges the figures.
func lanes(stream string, all laneFigures) finding {
	found := finding{State: "ok", Detail: fmt.Sprintf("%d wait, %d in hand or to be tried again", all.pending, all.inHand)}
	switch {
	case all.pending > 0 && all.waiting == 0 && all.inHand == 0:
		found.State, found.Do = "warn", "nobody takes them: is `ukbot botgw` running?"
	case all.pending+uint64(max(all.inHand, 0)) > lanesLate:
		found.State, found.Do = "warn", fmt.Sprintf("people wait: `nats consumer info %s %s` is the fullest lane", stream, all.worst)
	}
	return found
}

// lookConversations counts what the bot keeps of people's conversations, and who
// was told that the services are away.
func lookConversations(ctx context.Context, s *Settings) finding {
	return withStreams(ctx, s, func(conn *nats.Conn) finding {
		counts := map[string]uint64{}
		for _, name := range []string{nats.BucketFSM, nats.BucketSessions, nats.BucketWaiting} {
			bucket, err := conn.JS.KeyValue(ctx, name)
			if err != nil {
				return finding{State: "bad", Detail: "bucket " + name + ": " + oneLine(err), Do: "`ukbot apply`"}
			}
			status, err := bucket.Status(ctx)
			if err != nil {
				return finding{State: "bad", Detail: "bucket " + name + ": " + oneLine(err), Do: "`nats kv info " + name + "`"}
			}
			counts[name] = status.Values()
		}
		return finding{State: "ok", Detail: fmt.Sprintf("%d sessions, %d forms and drafts (with those ended within a day), %d told that the services are away",
			counts[nats.BucketSessions], counts[nats.BucketFSM], counts[nats.BucketWaiting])}
	})
}

// withStreams has somebody look at the streams, where they answer.
func withStreams(ctx context.Context, s *Settings, look func(*nats.Conn) finding) finding {
	if s.NATSURL == "" {
		return finding{State: "none", Detail: "not looked at: there are no streams", Do: "see streams"}
	}
	conn, err := nats.Connect(s.NATSURL, "admin", zerolog.Nop())
	if err != nil {
		return finding{State: "bad", Detail: oneLine(err), Do: "check NATS_URL"}
	}
	defer conn.Close()
	if conn.Ready(ctx) != nil {
		return finding{State: "none", Detail: "not looked at: the streams do not answer", Do: "see streams"}
	}
	return look(conn)
}
