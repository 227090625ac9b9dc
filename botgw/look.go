package botgw

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/sql/db"
)

// look reads the directories of all tenants in a batch: at most two queries each,
// and one more per source with refunds or disputes.
func (n *Notifier) look(ctx context.Context, facts []fact) (map[string]directory, error) {
	if err := n.namePayers(ctx, facts); err != nil {
		return nil, err
	}
	byTenant := map[string][]fact{}
	for _, f := range facts {
		if len(f.rows) > 0 {
			byTenant[f.Tenant] = append(byTenant[f.Tenant], f)
		}
	}
	directories := map[string]directory{}
	for tenant, facts := range byTenant {
		d, err := n.lookUp(ctx, tenant, facts)
		if err != nil {
			return nil, err
		}
		directories[tenant] = d
	}
	return directories, nil
}

// namePayers finds the payers of refunds and disputes, which seldom name one: it
// is who made the payment they are about.
func (n *Notifier) namePayers(ctx context.Context, facts []fact) error {
	type account struct{ tenant, source string }
	parents := map[account][]string{}
	for _, f := range facts {
		if p := f.payment; len(f.rows) > 0 && p.Payer == "" && p.ParentID != "" {
			of := account{f.Tenant, p.Source}
			parents[of] = append(parents[of], p.ParentID)
		}
	}
	for of, ids := range parents {
		payments, err := db.New(n.pool).Payments(ctx, db.PaymentsParams{TenantID: of.tenant, Source: of.source, ExternalIds: ids})
		if err != nil {
			return err
		}
		payers := map[string]string{}
		for _, p := range payments {
			if p.Payer != nil {
				payers[p.ExternalID] = *p.Payer
			}
		}
		for i := range facts {
			if facts[i].Tenant == of.tenant && facts[i].payment.Source == of.source && facts[i].payment.Payer == "" {
				facts[i].payment.Payer = payers[facts[i].payment.ParentID]
			}
		}
	}
	return nil
}

// lookUp reads one tenant's.
func (n *Notifier) lookUp(ctx context.Context, tenant string, facts []fact) (directory, error) {
	ids, roles, subscribers := wanted(facts)
	d := directory{byID: map[string]db.AudienceRow{}, byRole: map[string][]db.AudienceRow{}, now: time.Now()}
	var err error
	if d.zone, err = n.zones.of(ctx, n.pool, tenant, d.now); err != nil {
		return d, err
	}
	queries := db.New(n.pool)
	if len(ids) > 0 || len(roles) > 0 {
		people, err := queries.Audience(ctx, db.AudienceParams{TenantID: tenant, PersonIds: ids, Roles: roles})
		if err != nil {
			return d, err
		}
		for _, p := range people {
			d.add(p)
		}
	}
	if subscribers {
		d.chats, err = queries.Subscriptions(ctx, tenant)
	}
	return d, err
}

// add takes a person in, also under each role: the active one may not be among
// the others where the directory was written by hand.
func (d directory) add(p db.AudienceRow) {
	d.byID[p.PersonID] = p
	if p.Blocked {
		return
	}
	for _, role := range append([]string{p.Role}, p.Roles...) {
		if people := d.byRole[role]; len(people) == 0 || people[len(people)-1].PersonID != p.PersonID {
			d.byRole[role] = append(people, p)
		}
	}
}

// wanted is what the rows of a tenant's facts ask the directory for.
func wanted(facts []fact) (people, roles []string, subscribers bool) {
	ids, names := map[string]bool{}, map[string]bool{}
	for _, f := range facts {
		// Also where only managers are told: they read the payer's name.
		if f.payment.Payer != "" {
			ids[f.payment.Payer] = true
		}
		for _, k := range f.know {
			switch {
			case k.Person != "":
				ids[k.Person] = true
			case k.Relation == events.RelationManager:
				names[string(events.RelationAdmin)] = true // in their place where there is none
				fallthrough
			default:
				names[string(k.Relation)] = true
			}
		}
		for _, row := range f.rows {
			switch {
			case f.ofCompany() || row.to == toPayer:
			case row.to == toSubscribers:
				subscribers = true
			default:
				names[string(row.to)] = true
			}
		}
	}
	return slices.Collect(maps.Keys(ids)), slices.Collect(maps.Keys(names)), subscribers
}

// Forget has somebody's next turn begin a session anew. telegram is their id there.
type Forget func(ctx context.Context, tenant string, telegram int64) error

// stale are the changes after which a session misleads the bot: it would go on
// talking to who was blocked, in a role that was taken away, in the old language,
// until a call to the services is refused or the session ends by itself.
var stale = map[string]bool{
	events.TypeUserPrefix + events.UserBlocked: true,
	events.TypeUserPrefix + events.UserRoles:   true,
	events.TypeUserPrefix + events.UserEdited:  true,
}

// part ends the sessions that changes have made stale. It comes before follow:
// who has another Telegram account by now had the session in the old one.
func (n *Notifier) part(ctx context.Context, facts []fact) error {
	changed := map[string][]string{}
	for _, f := range facts {
		if f.user != nil && stale[f.Type] && n.forget != nil {
			changed[f.Tenant] = append(changed[f.Tenant], f.user.User.ID)
		}
	}
	for tenant, ids := range changed {
		people, err := db.New(n.pool).Audience(ctx, db.AudienceParams{TenantID: tenant, PersonIds: ids})
		if err != nil {
			return fmt.Errorf("sessions of the directory: %w", err)
		}
		for _, p := range people {
			if err := n.forget(ctx, tenant, p.ChatID); err != nil {
				return nats.Hold(fmt.Errorf("end a session: %w", err))
			}
		}
	}
	return nil
}

// follow brings the directory up to what the housing services say of the people
// that facts are about: also of who waits for approval, and has no session yet.
func (n *Notifier) follow(ctx context.Context, facts []fact) error {
	if err := n.part(ctx, facts); err != nil {
		return err
	}
	changed := map[string][]uuid.UUID{}
	for _, f := range facts {
		if f.user == nil {
			continue
		}
		if id, err := uuid.Parse(f.user.User.ID); err == nil {
			changed[f.Tenant] = append(changed[f.Tenant], id)
		}
	}
	queries := db.New(n.pool)
	for tenant, ids := range changed {
		if err := errors.Join(queries.FollowPeople(ctx, tenant, ids), queries.ForgetPeople(ctx, tenant, ids)); err != nil {
			return fmt.Errorf("people of the directory: %w", err)
		}
	}
	return nil
}

// zones is the tenants' clocks, each known for a while.
type zones struct {
	mu    sync.Mutex
	known map[string]zone
}

type zone struct {
	*time.Location
	asked time.Time
}

const (
	// zoneFor is how long a changed time zone may go unnoticed.
	zoneFor = 5 * time.Minute
	// zoneDefault is that of a tenant without a company, as of a new company.
	zoneDefault = "Asia/Tashkent"
)

// of is the time zone that a tenant lives by.
func (z *zones) of(ctx context.Context, pool *pgxpool.Pool, tenant string, now time.Time) (*time.Location, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if at, known := z.known[tenant]; known && now.Sub(at.asked) < zoneFor {
		return at.Location, nil
	}
	name, err := db.New(pool).CompanyZone(ctx, tenant)
	if errors.Is(err, pgx.ErrNoRows) {
		name, err = zoneDefault, nil
	}
	if err != nil {
		return nil, fmt.Errorf("time zone of %s: %w", tenant, err)
	}
	location, err := time.LoadLocation(name)
	if err != nil { // the company's API checks it; a clock that is known beats none
		location = time.UTC
	}
	z.known[tenant] = zone{location, now}
	return location, nil
}
