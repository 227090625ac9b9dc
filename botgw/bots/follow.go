package bots

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/botgw/telegram"
	"ukbot/nats"
)

// Pauses after a failure.
const (
	watchPause = 500 * time.Millisecond // before the bucket is watched again
	nameFirst  = time.Second            // before Telegram is asked again
	nameMax    = time.Minute
)

// follower keeps a registry equal to the bucket.
type follower struct {
	registry *Registry
	unnamed  chan *Bot // whose names Telegram is to be asked for

	mu     sync.Mutex
	stored map[string]*stored // by tenant, as they were last read whole
	read   bool
	names  map[*telegram.Bot]string // of bots that were stored without
}

// stored is a bot of the bucket and the value it was made of: the same value
// keeps the same connections.
type stored struct {
	value string
	bot   *Bot
}

func (f *follower) run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { f.nameAll(ctx) })
	f.mu.Lock()
	f.store()
	f.mu.Unlock()
	f.follow(ctx)
	wg.Wait()
	return nil
}

// follow watches the bucket again and again until ctx ends. What was read stays
// in force while the streams are away.
func (f *follower) follow(ctx context.Context) {
	conn, log := f.registry.cfg.Conn, f.registry.cfg.Log
	connected := conn.StatusChanged(natsgo.CONNECTED)
	defer conn.RemoveStatusListener(connected)
	said := ""
	for ctx.Err() == nil {
		err := f.watch(ctx, connected)
		if err == nil {
			said = ""
			continue // the connection is a new one
		}
		if err.Error() != said && ctx.Err() == nil && conn.IsConnected() {
			said = err.Error() // once, not twice a second
			log.Warn().Err(err).Msg("watching bots interrupted")
		}
		select {
		case <-ctx.Done():
		case <-connected:
		case <-time.After(watchPause):
		}
	}
}

// watch follows the bucket. It returns nil when the connection is a new one: the
// server's side of the watch may be gone then.
func (f *follower) watch(ctx context.Context, connected <-chan natsgo.Status) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	kv, err := f.registry.cfg.Conn.JS.KeyValue(ctx, nats.BucketBots)
	if err != nil {
		return fmt.Errorf("bucket %s: %w", nats.BucketBots, err)
	}
	watcher, err := kv.WatchAll(ctx)
	if err != nil {
		return fmt.Errorf("watch %s: %w", nats.BucketBots, err)
	}
	defer func() { _ = watcher.Stop() }()
	// Until the nil that ends what is there already, changes gather: a removed bot
	// must not live on, and half a bucket must not serve.
	gathered, complete := map[string]*stored{}, false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-connected:
			return nil
		case entry, more := <-watcher.Updates():
			switch {
			case !more:
				return fmt.Errorf("watch %s: ended", nats.BucketBots)
			case entry == nil:
				complete = true
			default:
				f.change(gathered, entry)
			}
			if complete {
				f.publish(gathered)
			}
		}
	}
}

// change takes one entry of the bucket in. A bot that cannot be used is none:
// its updates are refused, and wait with Telegram.
func (f *follower) change(gathered map[string]*stored, entry jetstream.KeyValueEntry) {
	tenant, value := entry.Key(), string(entry.Value())
	if entry.Operation() != jetstream.KeyValuePut {
		delete(gathered, tenant)
		return
	}
	f.mu.Lock()
	known := f.stored[tenant]
	f.mu.Unlock()
	if known != nil && known.value == value {
		gathered[tenant] = known
		return
	}
	bot, err := f.registry.open(tenant, entry.Value())
	if err != nil {
		delete(gathered, tenant)
		f.registry.cfg.Log.Error().Err(err).Str("tenant", tenant).Msg("bot cannot be used")
		return
	}
	// The same token keeps its connections, and its poll goes on.
	if own := f.registry.own; own != nil && own.Token == bot.Token {
		bot.Client = own.Client
	}
	if known != nil && known.bot.Token == bot.Token {
		bot.Client = known.bot.Client
	}
	gathered[tenant] = &stored{value, bot}
}

// open is the bot of an entry.
func (r *Registry) open(tenant string, value []byte) (*Bot, error) {
	var record Record
	if err := json.Unmarshal(value, &record); err != nil {
		return nil, fmt.Errorf("entry is damaged: %w", err)
	}
	if record.Tenant != tenant {
		return nil, fmt.Errorf("the bot of %q stands under another's key", record.Tenant)
	}
	secrets, err := record.Open(r.cfg.Keys)
	if err != nil {
		return nil, err
	}
	client := telegram.New(secrets.Token, r.cfg.Endpoint, r.cfg.Timeout)
	if client.ID() == 0 || client.ID() != record.ID {
		return nil, fmt.Errorf("its token is not that of bot %d", record.ID)
	}
	return &Bot{
		ID: record.ID, Tenant: tenant, Username: record.Username,
		Client: client, Token: secrets.Token, Key: secrets.Key,
	}, nil
}

// publish makes what was gathered the registry's state.
func (f *follower) publish(gathered map[string]*stored) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stored, f.read = maps.Clone(gathered), true
	f.store()
}

// store replaces the registry's state. The caller holds f.mu.
func (f *follower) store() {
	served := make(map[string]*Bot, len(f.stored))
	for tenant, s := range f.stored {
		served[tenant] = f.named(s.bot)
	}
	before := f.registry.state.Swap(stateOf(f.named(f.registry.own), served, f.read))
	close(before.over)
}

// named is the bot with its name. Where that is not known it is asked for.
func (f *follower) named(b *Bot) *Bot {
	if b == nil || b.Username != "" {
		return b
	}
	name, asked := f.names[b.Client]
	if !asked {
		f.names[b.Client] = ""
		f.ask(b)
	}
	named := *b
	named.Username = name
	return &named
}

// ask puts a bot in the queue; where that is full, it is asked about another time.
func (f *follower) ask(b *Bot) {
	select {
	case f.unnamed <- b:
	default:
		delete(f.names, b.Client)
	}
}

// nameAll asks Telegram what bots are called, until it says.
func (f *follower) nameAll(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case b := <-f.unnamed:
			wg.Go(func() { f.name(ctx, b) })
		}
	}
}

func (f *follower) name(ctx context.Context, b *Bot) {
	for pause := nameFirst; ; pause = min(pause*2, nameMax) {
		me, err := b.Client.Me(ctx)
		if err == nil {
			f.mu.Lock()
			f.names[b.Client] = me.UserName
			f.store()
			f.mu.Unlock()
			return
		}
		if now, there := f.registry.ByID(b.ID); !there || now.Client != b.Client {
			f.mu.Lock()
			delete(f.names, b.Client)
			f.mu.Unlock()
			return // nobody's any more
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
