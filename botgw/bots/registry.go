package bots

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"ukbot/botgw/telegram"
	"ukbot/nats"
	"ukbot/secret"
)

// Bot is a bot that is served. It is never changed: a change makes another.
type Bot struct {
	ID       int64
	Tenant   string
	Username string // without @; "" until Telegram has said it
	Client   *telegram.Bot
	Token    secret.Text
	Key      secret.Text // for the housing services
}

// Own is the bot of this process's settings, beside the table.
type Own struct {
	Tenant string
	Token  secret.Text // "" for none
	Key    secret.Text
}

// Config is what a Registry needs.
type Config struct {
	Conn     *nats.Conn
	Keys     *secret.Keyset // nil: the table's bots cannot be opened
	Own      Own
	Endpoint string        // of the Bot API; default telegram.PublicEndpoint
	Timeout  time.Duration // of one call; default 10 s
	Log      zerolog.Logger
}

// Registry is the bots that there are now.
type Registry struct {
	cfg   Config
	own   *Bot // nil: none
	state atomic.Pointer[state]
}

// state is one moment's bots. It is never changed.
type state struct {
	byID     map[int64]*Bot
	byTenant map[string]*Bot
	read     bool          // the bucket was read once
	over     chan struct{} // closed when there is another state
}

// New makes a registry that knows the bot of the settings; Run finds the others.
func New(cfg Config) *Registry {
	r := &Registry{cfg: cfg}
	r.cfg.Log = cfg.Log.With().Str("component", "bots").Logger()
	if cfg.Own.Token != "" {
		client := telegram.New(cfg.Own.Token, cfg.Endpoint, cfg.Timeout)
		r.own = &Bot{ID: client.ID(), Tenant: cfg.Own.Tenant, Client: client, Token: cfg.Own.Token, Key: cfg.Own.Key}
	}
	r.state.Store(stateOf(r.own, nil, false))
	return r
}

// stateOf is the table's bots and the settings' one, where no other has its
// tenant or its id.
func stateOf(own *Bot, stored map[string]*Bot, read bool) *state {
	s := &state{byID: map[int64]*Bot{}, byTenant: map[string]*Bot{}, read: read, over: make(chan struct{})}
	for tenant, b := range stored {
		s.byID[b.ID], s.byTenant[tenant] = b, b
	}
	if own != nil && s.byID[own.ID] == nil && s.byTenant[own.Tenant] == nil {
		s.byID[own.ID], s.byTenant[own.Tenant] = own, own
	}
	return s
}

// ByID is the bot with this id.
func (r *Registry) ByID(id int64) (*Bot, bool) {
	b, ok := r.state.Load().byID[id]
	return b, ok
}

// ByTenant is the bot of a tenant.
func (r *Registry) ByTenant(tenant string) (*Bot, bool) {
	b, ok := r.state.Load().byTenant[tenant]
	return b, ok
}

// All is every bot, by tenant.
func (r *Registry) All() []*Bot {
	return slices.SortedFunc(maps.Values(r.state.Load().byTenant), func(a, b *Bot) int { return strings.Compare(a.Tenant, b.Tenant) })
}

// Changed is closed when the bots are no longer those that are there now. Ask for
// it before the bots.
func (r *Registry) Changed() <-chan struct{} { return r.state.Load().over }

// Ready says whether all bots are known.
func (r *Registry) Ready() error {
	if !r.state.Load().read {
		return errors.New("bots not read yet")
	}
	return nil
}

// namesMax is how many bots wait to be asked for their names.
const namesMax = 64

// Run follows the bucket until ctx ends, and asks Telegram for the names of bots
// that were stored without.
func (r *Registry) Run(ctx context.Context) error {
	f := &follower{registry: r, unnamed: make(chan *Bot, namesMax), names: map[*telegram.Bot]string{}}
	return f.run(ctx)
}
