package gate

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/nats"
)

// waiting is who was told that the services are away, and is to be told when
// they are back. Each replica has a copy.
type waiting struct {
	bucket

	mu    sync.Mutex
	chats map[string]waiter // by key
}

type waiter struct {
	tenant   string
	bot      int64
	chat     int64
	language string
	revision uint64
}

func waitingKey(u talk.Update) string {
	return u.Tenant + "." + strconv.FormatInt(u.Bot, 10) + "." + strconv.FormatInt(u.Chat, 10)
}

func readWaiter(key, language string, revision uint64) (waiter, bool) {
	parts := strings.Split(key, ".")
	if len(parts) != 3 {
		return waiter{}, false
	}
	bot, err := strconv.ParseInt(parts[1], 10, 64)
	chat, err2 := strconv.ParseInt(parts[2], 10, 64)
	return waiter{parts[0], bot, chat, language, revision}, err == nil && err2 == nil
}

// watch keeps the copy.
func (w *waiting) watch(ctx context.Context, log zerolog.Logger) {
	w.follow(ctx, log, func(change jetstream.KeyValueEntry) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if change.Operation() != jetstream.KeyValuePut {
			delete(w.chats, change.Key())
			return
		}
		if found, ok := readWaiter(change.Key(), string(change.Value()), change.Revision()); ok {
			w.chats[change.Key()] = found
		}
	})
}

// add notes a chat; known: it was noted before, so its people were told.
func (w *waiting) add(ctx context.Context, u talk.Update, language string) (known bool, err error) {
	revision, known, err := w.swap(ctx, waitingKey(u), []byte(language), 0)
	if err != nil || known {
		return known, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.chats[waitingKey(u)] = waiter{u.Tenant, u.Bot, u.Chat, language, revision}
	return false, nil
}

// forget is for who has found out themselves that the services are back.
func (w *waiting) forget(ctx context.Context, u talk.Update) {
	key := waitingKey(u)
	w.mu.Lock()
	found, ok := w.chats[key]
	delete(w.chats, key)
	w.mu.Unlock()
	if ok {
		_ = w.drop(ctx, key, found.revision) // at worst they are told what they know
	}
}

// byTenant is who waits for which services.
func (w *waiting) byTenant() map[string][]waiter {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[string][]waiter{}
	for _, chat := range w.chats {
		all[chat.tenant] = append(all[chat.tenant], chat)
	}
	return all
}

// tellAway says that the services are away: once in an outage by a message, and
// after that to taps only, which want an answer.
func (g *Gate) tellAway(ctx context.Context, t *talk.Turn) {
	t.Outs = nil
	// The turn's own time may be over, which is how most find out.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*bucketTime)
	defer cancel()
	known, err := g.waiting.add(ctx, t.Update, t.Book.Language())
	if err != nil {
		g.metrics.waitingAway.Inc() // they are told now, and not when it is over
	}
	if t.Kind == talk.Tap {
		t.Toast(t.Book.Plain("gate.away_toast"))
	}
	if !known {
		t.Say(talk.Screen{Text: t.Book.Text("gate.away")})
	}
}

// tellWaiting probes the services while somebody waits for them, and tells who
// does that they are back. Only one replica does so.
func (g *Gate) tellWaiting(ctx context.Context) error {
	ticker := time.NewTicker(g.cfg.ProbeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		for tenant, chats := range g.waiting.byTenant() {
			client, ok := g.cfg.Company(tenant)
			if !ok || client.Probe(ctx) != nil {
				continue
			}
			for _, chat := range chats {
				g.tellBack(ctx, chat)
			}
		}
	}
}

// tellBack tells one chat. It is forgotten after that, so that a crash in
// between tells it twice rather than never.
func (g *Gate) tellBack(ctx context.Context, chat waiter) {
	if ctx.Err() != nil {
		return
	}
	text := words.For(chat.language).Text("gate.back")
	err := g.cfg.Deliver(ctx, chat.tenant, chat.bot, chat.chat, []talk.Out{{Way: talk.New, Screen: talk.Screen{Text: text}}})
	if err != nil && !nats.IsPermanent(err) {
		return // with the next probe
	}
	u := talk.Update{Tenant: chat.tenant, Bot: chat.bot, Chat: chat.chat}
	if err == nil {
		g.metrics.told.Inc()
	}
	g.waiting.forget(ctx, u)
}
