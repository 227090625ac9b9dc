package gate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ukbot/botgw/talk"
	"ukbot/sql/db"
)

// met is what bot_people holds of somebody who has come.
type met struct {
	chat   int64
	person talk.Person
}

func (m met) same(other met) bool {
	a, b := m.person, other.person
	return m.chat == other.chat && a.ID == b.ID && a.Name == b.Name && a.Language == b.Language && a.Role == b.Role && slices.Equal(a.Roles, b.Roles)
}

// people writes whom the bot may write to. No turn waits for it: the newest of
// each person is kept until PostgreSQL takes it.
type people struct {
	pool    *pgxpool.Pool
	log     zerolog.Logger
	metrics *metrics
	kick    chan struct{}

	mu   sync.Mutex
	rows map[string]met // to be written, by tenant and person
}

// rowsMax bounds who waits for PostgreSQL; the others are noted when they come again.
const rowsMax = 10_000

// meet notes who has come, if that is news.
func (g *Gate) meet(u talk.Update, person talk.Person) {
	if !u.Private() {
		return
	}
	now := met{u.Chat, person}
	e := g.sessions.entry(sessionKey(u.Tenant, u.From.ID))
	g.sessions.mu.Lock()
	news := !now.same(e.met) || u.Command == "start" // who returns can be reached again
	e.met = now
	g.sessions.mu.Unlock()
	if news {
		g.people.add(u.Tenant, now)
	}
}

func (p *people) add(tenant string, m met) {
	p.mu.Lock()
	if len(p.rows) < rowsMax {
		p.rows[tenant+"/"+m.person.ID] = m
	}
	p.mu.Unlock()
	select {
	case p.kick <- struct{}{}:
	default: // it is awake
	}
}

// run writes until ctx ends, and then what is left.
func (p *people) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-p.kick:
			if !p.write(context.WithoutCancel(ctx)) {
				select {
				case <-ctx.Done():
				case <-time.After(time.Second):
					p.again()
				}
			}
		}
	}
	p.write(context.WithoutCancel(ctx))
}

func (p *people) again() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// write writes all rows; false: PostgreSQL does not take them now.
func (p *people) write(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for {
		key, m, ok := p.first()
		if !ok {
			return true
		}
		tenant := key[:len(key)-len(m.person.ID)-1]
		err := db.New(p.pool).MeetPerson(ctx, m.row(tenant))
		switch {
		case unfit(err): // it would stand before all others for ever
			p.log.Error().Err(err).Str("tenant", tenant).Msg("who came cannot be noted")
		case err != nil:
			p.metrics.peopleAway.Inc()
			p.log.Warn().Err(err).Msg("who came is not noted yet")
			return false
		}
		p.done(key, m)
	}
}

// unfit says whether PostgreSQL will never take the row: classes 22 and 23 are
// values that it does not allow.
func unfit(err error) bool {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (strings.HasPrefix(refusal.Code, "22") || strings.HasPrefix(refusal.Code, "23"))
}

func (p *people) first() (string, met, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, m := range p.rows {
		return key, m, true
	}
	return "", met{}, false
}

// done takes a row out, unless there is a newer one.
func (p *people) done(key string, written met) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rows[key].same(written) {
		delete(p.rows, key)
	}
}

func (m met) row(tenant string) db.MeetPersonParams {
	roles := make([]string, 0, len(m.person.Roles))
	for _, role := range m.person.Roles {
		roles = append(roles, string(role))
	}
	return db.MeetPersonParams{
		TenantID: tenant, PersonID: m.person.ID, ChatID: m.chat, Name: m.person.Name,
		Role: string(m.person.Role), Roles: roles, Language: m.person.Language,
	}
}
