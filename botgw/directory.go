package botgw

import (
	"context"
	"maps"
	"slices"
	"time"

	"ukbot/events"
	"ukbot/sql/db"
)

// directory is whom of one tenant the events of a batch may concern.
type directory struct {
	byID   map[string]db.RecipientsRow
	byRole map[string][]db.RecipientsRow
	chats  []db.SubscriptionsRow
}

// chat is somewhere to write to and in which language.
type chat struct {
	id       int64
	language string
}

// look reads the directories of all tenants in a batch: at most two queries each.
func (n *Notifier) look(ctx context.Context, facts []fact) (map[string]directory, error) {
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

// lookUp reads one tenant's.
func (n *Notifier) lookUp(ctx context.Context, tenant string, facts []fact) (directory, error) {
	payers, roles, subscribers := wanted(facts)
	d := directory{byID: map[string]db.RecipientsRow{}, byRole: map[string][]db.RecipientsRow{}}
	queries := db.New(n.pool)
	if len(payers) > 0 || len(roles) > 0 {
		people, err := queries.Recipients(ctx, db.RecipientsParams{TenantID: tenant, PersonIds: payers, Roles: roles})
		if err != nil {
			return d, err
		}
		for _, p := range people {
			d.byID[p.PersonID] = p
			d.byRole[p.Role] = append(d.byRole[p.Role], p)
		}
	}
	if subscribers {
		var err error
		d.chats, err = queries.Subscriptions(ctx, tenant)
		return d, err
	}
	return d, nil
}

// wanted is what the rows of a tenant's facts ask the directory for.
func wanted(facts []fact) (payers, roles []string, subscribers bool) {
	ids, names := map[string]bool{}, map[string]bool{}
	for _, f := range facts {
		// Also where only managers are told: they read the payer's name.
		if f.payment.Payer != "" {
			ids[f.payment.Payer] = true
		}
		for _, row := range f.rows {
			switch row.to {
			case toPayer:
			case toSubscribers:
				subscribers = true
			default:
				names[string(row.to)] = true
			}
		}
	}
	return slices.Collect(maps.Keys(ids)), slices.Collect(maps.Keys(names)), subscribers
}

// notices is the notices of one event, the of-th of its batch.
func (d directory) notices(f fact, of int) ([]pendingNotice, error) {
	var notices []pendingNotice
	told := map[int64]bool{}
	for _, row := range f.rows {
		for _, c := range d.audience(row.to, f) {
			if c.id == 0 || told[c.id] {
				continue
			}
			told[c.id] = true
			words, err := render(row.template, c.language, d.view(f))
			if err != nil {
				return nil, err
			}
			p, err := newPending(events.Notice{
				ID: f.noticeID(row, c.id), Tenant: f.Tenant, ChatID: c.id, Text: words,
				Template: row.template, Language: c.language,
				Event: f.ID, Correlation: f.Correlation, Since: since(f.Envelope),
			}, f, row.priority, of)
			if err != nil {
				return nil, err
			}
			notices = append(notices, p)
		}
	}
	return notices, nil
}

// audience is the chats of one row.
func (d directory) audience(to audience, f fact) (chats []chat) {
	switch to {
	case toPayer:
		if p, known := d.byID[f.payment.Payer]; known {
			chats = append(chats, chat{p.ChatID, p.Language})
		}
	case toSubscribers:
		for _, s := range d.chats {
			if matches(s.Pattern, f.topic) {
				chats = append(chats, chat{s.ChatID, s.Language})
			}
		}
	default:
		for _, p := range d.byRole[string(to)] {
			chats = append(chats, chat{p.ChatID, p.Language})
		}
	}
	return chats
}

// view is the fact's, with the payer's name if the directory has it.
func (d directory) view(f fact) any {
	v, ok := f.view.(paymentView)
	if p, known := d.byID[f.payment.Payer]; ok && known && p.Name != "" {
		v.Name = p.Name
		return v
	}
	return f.view
}

// since is when the webhook came that an event goes back to.
func since(e events.Envelope) time.Time {
	if came, ok := events.RowTime(e.Correlation); ok {
		return came
	}
	return e.Time
}
