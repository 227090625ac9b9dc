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
	words := map[[2]string]string{} // by template and language: many managers read the same
	for _, row := range f.rows {
		for _, c := range d.audience(row.to, f) {
			if c.id == 0 || told[c.id] {
				continue
			}
			told[c.id] = true
			key := [2]string{row.template, c.language}
			if words[key] == "" {
				var err error
				if words[key], err = render(row.template, c.language, d.view(f)); err != nil {
					return nil, err
				}
			}
			p, err := newPending(events.Notice{
				ID: f.noticeID(row, c.id), Tenant: f.Tenant, ChatID: c.id, Text: words[key],
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

// view is what a template is given: of a payment, with the payer's name if the
// directory has it, else the id.
func (d directory) view(f fact) any {
	if f.view != nil {
		return f.view
	}
	v := paymentView{PaymentChanged: f.payment, Name: f.payment.Payer}
	if p, known := d.byID[f.payment.Payer]; known && p.Name != "" {
		v.Name = p.Name
	}
	return v
}

// since is when the webhook came that an event goes back to.
func since(e events.Envelope) time.Time {
	if came, ok := events.RowTime(e.Correlation); ok {
		return came
	}
	return e.Time
}
