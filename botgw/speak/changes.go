package speak

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/sql/db"
)

const (
	// changesFresh is how long a company waits at most for a change of its commands.
	changesFresh = 30 * time.Second
	changesRetry = 5 * time.Second // … after PostgreSQL did not answer
	changesRead  = time.Second     // one look; a person waits
)

// changes is what companies changed about commands, read once in a while. While
// PostgreSQL is away it is what was last known, or nothing: the bot goes on.
type changes struct {
	pool *pgxpool.Pool
	log  zerolog.Logger

	mu       sync.Mutex
	byTenant map[string]changed
}

type changed struct {
	until    time.Time
	commands map[string]Change
}

// of is a tenant's changes by command. The map is not to be changed.
func (c *changes) of(ctx context.Context, tenant string) map[string]Change {
	if c.pool == nil {
		return nil
	}
	now := time.Now()
	c.mu.Lock()
	known, ok := c.byTenant[tenant]
	if ok && now.Before(known.until) {
		c.mu.Unlock()
		return known.commands
	}
	if ok { // who comes while this one reads makes do with what was known
		c.put(tenant, changed{now.Add(changesRetry), known.commands})
	}
	c.mu.Unlock()

	next := changed{now.Add(changesFresh), nil}
	var err error
	if next.commands, err = c.read(ctx, tenant); err != nil {
		c.log.Warn().Err(err).Str("tenant", tenant).Msg("changes of commands not read")
		next = changed{now.Add(changesRetry), known.commands}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(tenant, next)
	return next.commands
}

// put stores a tenant's changes. The caller holds c.mu.
func (c *changes) put(tenant string, what changed) {
	if c.byTenant == nil {
		c.byTenant = map[string]changed{}
	}
	c.byTenant[tenant] = what
}

func (c *changes) read(ctx context.Context, tenant string) (map[string]Change, error) {
	ctx, cancel := context.WithTimeout(ctx, changesRead)
	defer cancel()
	rows, err := db.New(c.pool).BotCommands(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("commands of %s: %w", tenant, err)
	}
	commands := map[string]Change{}
	for _, row := range rows {
		change, err := ChangeOf(row)
		if err != nil {
			c.log.Warn().Str("tenant", tenant).Str("command", row.Command).Msg("descriptions of a command are no object of texts by language")
		}
		commands[row.Command] = change
	}
	return commands, nil
}

// ChangeOf is a stored change. Where its descriptions cannot be read, which is
// the error, the rest of it counts.
func ChangeOf(row db.BotCommandsRow) (Change, error) {
	change := Change{Off: !row.Enabled}
	if row.Roles != nil {
		change.Roles = []api.Role{}
	}
	for _, role := range row.Roles {
		change.Roles = append(change.Roles, api.Role(role))
	}
	return change, json.Unmarshal(row.Descriptions, &change.Descriptions)
}
