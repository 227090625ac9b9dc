package botgw

import (
	"encoding/json"
	"slices"
	"time"

	"ukbot/events"
	"ukbot/sql/db"
)

// directory is whom of one tenant the events of a batch may concern.
type directory struct {
	byID   map[string]db.AudienceRow
	byRole map[string][]db.AudienceRow
	chats  []db.SubscriptionsRow
	zone   *time.Location // the company's
	now    time.Time
}

// listener is somewhere to write to, in which language, and what is not wanted there.
type listener struct {
	chat     int64
	language string
	muted    []string
	quiet    *quiet // nil: none
}

// notices is the notices of one event, the of-th of its batch.
func (d directory) notices(f fact, of int) ([]pendingNotice, error) {
	var notices []pendingNotice
	told := map[int64]bool{}
	said := map[[2]string]wording{} // by template and language: many managers read the same
	for _, row := range f.rows {
		for _, l := range d.audience(row.to, f) {
			if l.chat == 0 || told[l.chat] {
				continue
			}
			told[l.chat] = true
			if row.kind != "" && slices.Contains(l.muted, row.kind) {
				continue
			}
			key := [2]string{row.template, l.language}
			if _, known := said[key]; !known {
				var err error
				if said[key], err = d.say(row, l.language, f); err != nil {
					return nil, err
				}
			}
			p, err := newPending(f.notice(row, l, said[key]), f, l.later(row, d.now), of)
			if err != nil {
				return nil, err
			}
			notices = append(notices, p)
		}
	}
	return notices, nil
}

// wording is what a row says in one language.
type wording struct {
	text   string
	markup json.RawMessage
}

func (d directory) say(row noticeRow, language string, f fact) (wording, error) {
	text, err := render(row.template, language, d.view(f))
	if err != nil {
		return wording{}, err
	}
	markup, err := noticeMarkup(row.keys, language, f)
	return wording{text, markup}, err
}

// notice is a row's notice of the event for one chat.
func (f fact) notice(row noticeRow, l listener, w wording) events.Notice {
	return events.Notice{
		ID: f.noticeID(row, l.chat), Tenant: f.Tenant, ChatID: l.chat, Text: w.text, Markup: w.markup,
		Template: row.template, Language: l.language, Kind: row.kind, Priority: row.priority,
		Card: f.card, Version: f.version, Way: row.way,
		Event: f.ID, Correlation: f.Correlation, Since: f.since(), At: f.Time,
	}
}

// later is when the notice is to be sent; zero: at once.
func (l listener) later(row noticeRow, now time.Time) time.Time {
	if l.quiet == nil || row.priority == urgent {
		return time.Time{}
	}
	if until, quiet := l.quiet.until(now); quiet {
		return until
	}
	return time.Time{}
}

// audience is who reads one row.
func (d directory) audience(to audience, f fact) (who []listener) {
	switch {
	case f.ofCompany():
		return d.knowers(to, f)
	case to == toPayer:
		if p, known := d.byID[f.payment.Payer]; known && !p.Blocked {
			who = append(who, d.listener(p))
		}
	case to == toSubscribers:
		for _, s := range d.chats {
			if matches(s.Pattern, f.topic) {
				who = append(who, listener{chat: s.ChatID, language: s.Language})
			}
		}
	default:
		for _, p := range d.byRole[string(to)] {
			who = append(who, d.listener(p))
		}
	}
	return who
}

// knowers is those who have the relation, by the event's own word. Nobody is
// told of what they did, nor who is blocked of anything but that.
func (d directory) knowers(to audience, f fact) (who []listener) {
	for _, k := range f.know {
		if !f.isRelation(to, k) {
			continue
		}
		for _, p := range d.people(k) {
			if p.PersonID != f.actor.ID && (!p.Blocked || f.Type == evenBlocked) {
				who = append(who, d.listener(p))
			}
		}
	}
	return who
}

// people is the one person that somebody who must know is, or all of the role.
// In a company that has no managers yet the admins are told what those would be.
func (d directory) people(k events.Knower) []db.AudienceRow {
	if k.Person != "" {
		if p, known := d.byID[k.Person]; known {
			return []db.AudienceRow{p}
		}
		return nil
	}
	people := d.byRole[string(k.Relation)]
	if len(people) == 0 && k.Relation == events.RelationManager {
		return d.byRole[string(events.RelationAdmin)]
	}
	return people
}

// isRelation says whether somebody who must know is whom a row tells.
func (f fact) isRelation(to audience, k events.Knower) bool {
	switch to {
	case toGiver:
		return f.shift != nil && f.shift.Handover != nil && k.Person == f.shift.Handover.From.ID
	case toReceiver:
		return f.shift != nil && f.shift.Handover != nil && k.Person == f.shift.Handover.To.ID
	}
	return audience(k.Relation) == to
}

func (d directory) listener(p db.AudienceRow) listener {
	l := listener{chat: p.ChatID, language: p.Language, muted: p.Muted}
	if p.QuietFrom != nil && p.QuietTo != nil {
		l.quiet = &quiet{*p.QuietFrom, *p.QuietTo, d.zone}
	}
	return l
}

// view is what a template is given: of a payment, with the payer's name if the
// directory has it, else the id; of a shift, with the company's clock.
func (d directory) view(f fact) any {
	switch {
	case f.view != nil:
		return f.view
	case f.shift != nil:
		return shiftView{*f.shift, f.shift.Shift.StartsAt.In(d.zone), f.shift.Shift.EndsAt.In(d.zone)}
	}
	v := paymentView{PaymentChanged: f.payment, Name: f.payment.Payer}
	if p, known := d.byID[f.payment.Payer]; known && p.Name != "" {
		v.Name = p.Name
	}
	return v
}

// since is when the webhook came that an event goes back to; of the company's own
// events, when it happened: what they correlate by is what they are about.
func (f fact) since() time.Time {
	if came, ok := events.RowTime(f.Correlation); ok && !f.ofCompany() {
		return came
	}
	return f.Time
}
