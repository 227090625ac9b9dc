package speak

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"sync"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
	"ukbot/nats"
)

// Limits of a command list (core.telegram.org/bots/api#setmycommands).
const (
	commandsMax = 100
	describeMax = 256 // UTF-16 units
)

// restLanguage has the list of all languages without one of their own.
const restLanguage = "en"

// CommandsConfig is what command lists are made of.
type CommandsConfig struct {
	Orders  []talk.Order
	Pool    *pgxpool.Pool // for what companies changed; nil: nothing
	Conn    *nats.Conn    // for what chats have been shown; nil: only this process knows
	Metrics *Metrics
	Log     zerolog.Logger
}

// Commands shows people the commands that they may use, in their language, and
// knows what companies changed about them (bot_commands). A list is shown, never
// what decides: that is Allowed.
type Commands struct {
	cfg     CommandsConfig
	changes changes
	shown   shown

	mu    sync.Mutex
	lists map[listKey]listed // what was made last: every update asks for one
}

// NewCommands reads and calls nothing yet.
func NewCommands(cfg CommandsConfig) *Commands {
	log := cfg.Log.With().Str("component", "commands").Logger()
	return &Commands{
		cfg: cfg, changes: changes{pool: cfg.Pool, log: log},
		shown: shown{bucket: nats.NewBucket(cfg.Conn, nats.BucketCards)}, lists: map[listKey]listed{},
	}
}

// Allowed says whether an order is open to somebody whose active role is this
// one; "" is somebody without a session.
func (c *Commands) Allowed(ctx context.Context, tenant string, o talk.Order, role api.Role) bool {
	return Allowed(o, c.changes.of(ctx, tenant)[o.Name], role)
}

// Announce sets the lists for everybody who has none of their own: what is open
// to anybody, in each language.
func (c *Commands) Announce(ctx context.Context, bot *telegram.Bot, tenant string) error {
	changed := c.changes.of(ctx, tenant)
	var errs []error
	for _, language := range words.Languages {
		list := c.list(changed, "", language)
		errs = append(errs, c.set(ctx, bot, telegram.ScopePrivate(), codeOf(language), list))
	}
	return errors.Join(errs...)
}

// Show gives a private chat the list of its person, unless that is what it has:
// on a change of role, language or the company's mind. It may be called with
// every update.
func (c *Commands) Show(ctx context.Context, bot *telegram.Bot, tenant string, chat int64, language string, role api.Role) error {
	made := c.listed(tenant, c.changes.of(ctx, tenant), role, language)
	at := chatKey{bot.ID(), chat}
	if c.shown.is(ctx, at, made.sum) {
		return nil
	}
	if err := c.set(ctx, bot, telegram.ScopeChat(chat), "", made.list); err != nil {
		return err
	}
	c.shown.put(ctx, at, made.sum)
	return nil
}

// listKey is whom a list is for.
type listKey struct {
	tenant   string
	role     api.Role
	language string
}

// listed is a list and of which changes it was made.
type listed struct {
	of   map[string]Change
	list []tgbotapi.BotCommand
	sum  string
}

// listed is the list of a role, made anew when the company's changes were read anew.
func (c *Commands) listed(tenant string, changed map[string]Change, role api.Role, language string) listed {
	key := listKey{tenant, role, language}
	c.mu.Lock()
	known, ok := c.lists[key]
	c.mu.Unlock()
	if ok && reflect.ValueOf(known.of).Pointer() == reflect.ValueOf(changed).Pointer() { // it is held, so no other can have its place
		return known
	}
	list := c.list(changed, role, language)
	made := listed{changed, list, fingerprint(list)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lists[key] = made
	return made
}

// set makes the call.
func (c *Commands) set(ctx context.Context, bot *telegram.Bot, scope tgbotapi.BotCommandScope, language string, list []tgbotapi.BotCommand) error {
	began := time.Now()
	err := bot.SetCommands(ctx, scope, language, list)
	c.cfg.Metrics.call("setMyCommands", telegram.Classify(err).Action.String(), began)
	return err
}

// list is the commands open to a role, described in a language.
func (c *Commands) list(changed map[string]Change, role api.Role, language string) []tgbotapi.BotCommand {
	list := []tgbotapi.BotCommand{}
	book := words.For(language)
	for _, o := range c.cfg.Orders {
		change := changed[o.Name]
		if o.Describe == "" || !Allowed(o, change, role) || len(list) == commandsMax {
			continue
		}
		description := change.Descriptions[book.Language()]
		if description = telegram.Line(description, describeMax); description == "" {
			description = telegram.Line(book.Plain(o.Describe), describeMax)
		}
		list = append(list, tgbotapi.BotCommand{Command: o.Name, Description: description})
	}
	return list
}

// fingerprint is equal for equal lists.
func fingerprint(list []tgbotapi.BotCommand) string {
	raw, _ := json.Marshal(list) // strings always marshal
	return sumOf(string(raw))
}

// Change is what a company changed about a command. The zero Change is none.
type Change struct {
	Off          bool
	Roles        []api.Role        // nil: as the bot has it; empty: nobody
	Descriptions map[string]string // by language
}

// Door is the one command that no company can close: without it nobody gets in.
const Door = "start"

// Allowed says whether an order is open to somebody whose active role is this
// one, "" for somebody without a session, where a company changed it so.
func Allowed(o talk.Order, change Change, role api.Role) bool {
	switch {
	case o.Name == Door:
		return true
	case change.Off:
		return false
	case role == "":
		return o.Anybody && change.Roles == nil
	case change.Roles != nil:
		return slices.Contains(change.Roles, role)
	}
	return o.Anybody || len(o.Roles) == 0 || slices.Contains(o.Roles, role)
}
