package bots

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/nats"
	"ukbot/secret"
	"ukbot/sql/db"
)

// Record is a tenant's bot as it is stored.
type Record struct {
	Tenant    string    `json:"tenant"`
	ID        int64     `json:"bot_id"`
	Username  string    `json:"username"`
	Sealed    string    `json:"config"` // Secrets, sealed
	UpdatedAt time.Time `json:"updated_at"`
}

// Secrets are what a bot needs and nobody may see.
type Secrets struct {
	Token secret.Text // of the Bot API
	Key   secret.Text // for the housing services
}

// secretsForm is Secrets in the open, as they are sealed.
type secretsForm struct {
	Token string `json:"token"`
	Key   string `json:"key,omitempty"`
}

// owner binds what is sealed to its tenant.
func owner(tenant string) string { return "bot/" + tenant }

// seal makes the sealed form of a tenant's secrets.
func seal(keys *secret.Keyset, tenant string, s Secrets) (string, error) {
	raw, err := json.Marshal(secretsForm{s.Token.Reveal(), s.Key.Reveal()})
	if err != nil {
		return "", err
	}
	return keys.Seal(secret.Text(raw), owner(tenant)), nil
}

// Open gives the secrets of a stored bot.
func (r Record) Open(keys *secret.Keyset) (Secrets, error) {
	if keys == nil {
		return Secrets{}, errors.New("no keyset (UKBOT_KEYS) to open its token with")
	}
	plain, err := keys.Open(r.Sealed, owner(r.Tenant))
	if err != nil {
		return Secrets{}, err
	}
	var form secretsForm
	if json.Unmarshal([]byte(plain.Reveal()), &form) != nil {
		return Secrets{}, errors.New("sealed value holds no bot")
	}
	return Secrets{secret.Text(form.Token), secret.Text(form.Key)}, nil
}

var (
	// ErrNone means that the tenant has no bot of its own.
	ErrNone = errors.New("no such bot")
	// ErrTaken means that the bot is another tenant's.
	ErrTaken = errors.New("this bot belongs to another tenant")
)

// Set gives a tenant a bot instead of the one it had; the gateways serve it
// within a second. It does not ask Telegram.
func Set(ctx context.Context, pool *pgxpool.Pool, conn *nats.Conn, keys *secret.Keyset, r Record, s Secrets) (err error) {
	if r.Sealed, err = seal(keys, r.Tenant, s); err != nil {
		return err
	}
	err = db.New(pool).SetBot(ctx, db.SetBotParams{TenantID: r.Tenant, BotID: r.ID, Username: r.Username, Config: r.Sealed})
	if taken, ok := errors.AsType[*pgconn.PgError](err); ok && taken.ConstraintName == "bots_bot_id_key" {
		return ErrTaken
	}
	if err != nil {
		return fmt.Errorf("store the bot of %s: %w", r.Tenant, err)
	}
	if err := Sync(ctx, pool, conn); err != nil {
		return fmt.Errorf("stored, but not handed to the gateway yet: %w", err)
	}
	return nil
}

// Find is a tenant's bot, or ErrNone.
func Find(ctx context.Context, pool *pgxpool.Pool, tenant string) (Record, error) {
	row, err := db.New(pool).FindBot(ctx, tenant)
	if errors.Is(err, pgx.ErrNoRows) {
		return Record{}, fmt.Errorf("tenant %s: %w", tenant, ErrNone)
	}
	if err != nil {
		return Record{}, fmt.Errorf("read the bot of %s: %w", tenant, err)
	}
	return recordOf(row), nil
}

// List is every tenant's bot.
func List(ctx context.Context, pool *pgxpool.Pool) ([]Record, error) {
	rows, err := db.New(pool).AllBots(ctx)
	if err != nil {
		return nil, fmt.Errorf("list bots: %w", err)
	}
	records := make([]Record, len(rows))
	for i, row := range rows {
		records[i] = recordOf(row)
	}
	return records, nil
}

func recordOf(row db.Bot) Record {
	return Record{row.TenantID, row.BotID, row.Username, row.Config, row.UpdatedAt.UTC().Truncate(time.Millisecond)}
}

// Remove takes a tenant's bot away: nothing is polled or taken for it from then
// on. The error is ErrNone if there was none.
func Remove(ctx context.Context, pool *pgxpool.Pool, conn *nats.Conn, tenant string) error {
	rows, err := db.New(pool).RemoveBot(ctx, tenant)
	if err != nil {
		return fmt.Errorf("remove the bot of %s: %w", tenant, err)
	}
	if err := Sync(ctx, pool, conn); err != nil {
		return fmt.Errorf("removed, but not taken from the gateway yet: %w", err)
	}
	if rows == 0 {
		return fmt.Errorf("tenant %s: %w", tenant, ErrNone)
	}
	return nil
}

// Sync makes the bucket's copy equal to the table. Each key is written only if
// it has not changed since it was read, before the table: what somebody sets
// meanwhile stays, and the next round compares again.
func Sync(ctx context.Context, pool *pgxpool.Pool, conn *nats.Conn) error {
	bucket, err := conn.JS.KeyValue(ctx, nats.BucketBots)
	if err != nil {
		return fmt.Errorf("bucket %s: %w", nats.BucketBots, err)
	}
	copies, err := copiesOf(ctx, bucket)
	if err != nil {
		return err
	}
	records, err := List(ctx, pool)
	if err != nil {
		return err
	}
	for _, r := range records {
		want, err := json.Marshal(r)
		if err != nil {
			return err
		}
		have, there := copies[r.Tenant]
		delete(copies, r.Tenant)
		switch {
		case !there:
			_, err = bucket.Create(ctx, r.Tenant, want)
		case string(have.Value()) != string(want):
			_, err = bucket.Update(ctx, r.Tenant, want, have.Revision())
		}
		if err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
			return fmt.Errorf("copy the bot of %s: %w", r.Tenant, err)
		}
	}
	for tenant, gone := range copies {
		err := bucket.Delete(ctx, tenant, jetstream.LastRevision(gone.Revision()))
		if err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
			return fmt.Errorf("withdraw the bot of %s: %w", tenant, err)
		}
	}
	return nil
}

// copiesOf is what the bucket holds now.
func copiesOf(ctx context.Context, bucket jetstream.KeyValue) (map[string]jetstream.KeyValueEntry, error) {
	watcher, err := bucket.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", nats.BucketBots, err)
	}
	defer func() { _ = watcher.Stop() }()
	copies := map[string]jetstream.KeyValueEntry{}
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case entry, more := <-watcher.Updates():
			if entry == nil || !more {
				return copies, nil
			}
			copies[entry.Key()] = entry
		}
	}
}
