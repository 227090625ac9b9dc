package desk

import (
	"context"
	"fmt"
	"slices"

	"ukbot/api"
	"ukbot/botgw/talk"
	"ukbot/events"
	"ukbot/sql/db"
)

// wanted is who is told of which kind of notices, by any role they hold.
var wanted = map[string][]api.Role{
	events.NoticeRequests: {api.RoleApplicant},
	events.NoticeWork:     {api.RoleExecutor},
	events.NoticeQueue:    {api.RoleManager, api.RoleAdmin},
	events.NoticeShifts:   {api.RoleExecutor, api.RoleManager, api.RoleAdmin},
	events.NoticePayments: {api.RoleApplicant, api.RoleManager, api.RoleAdmin},
	events.NoticePeople:   {api.RoleManager, api.RoleAdmin},
	events.NoticeSystem:   {api.RoleManager, api.RoleAdmin},
}

// kindsFor are the kinds a person is told of.
func kindsFor(p *talk.Person) []string {
	return slices.DeleteFunc(slices.Clone(events.NoticeKinds), func(kind string) bool {
		return !slices.ContainsFunc(wanted[kind], p.Has)
	})
}

// What a button of the notices asks for: the state after it.
const (
	noticesOff = "off"
	noticesOn  = "on"
)

// tapNotices shows the kinds of notices, or switches one: args are "on" or "off", and the kind.
func (d *Desk) tapNotices(ctx context.Context, t *talk.Turn, args []string) error {
	t.Step = "settings/notices"
	if kind := arg(args, 1); slices.Contains(kindsFor(t.Person), kind) {
		if err := d.switchNotices(ctx, t, arg(args, 0), kind); err != nil {
			return err
		}
	}
	chosen, err := d.chosen(ctx, t)
	if err != nil {
		return err
	}
	var rows [][]talk.Button
	for _, kind := range kindsFor(t.Person) {
		mark, next := "🔔 ", noticesOff
		if slices.Contains(chosen.Muted, kind) {
			mark, next = "🔕 ", noticesOn
		}
		rows = append(rows, row(talk.Button{Text: mark + t.Book.Plain("settings.kind_"+kind), Call: talk.Call{Do: doNotices, Args: []string{next, kind}}}))
	}
	rows = append(rows, row(button(t, "button.back", doSettings)))
	t.Show(talk.Screen{Text: t.Book.Text("settings.notices_ask"), Rows: rows})
	return nil
}

func (d *Desk) switchNotices(ctx context.Context, t *talk.Turn, to, kind string) error {
	if err := d.know(ctx, t); err != nil {
		return err
	}
	var err error
	switch q := db.New(d.cfg.Settings); to {
	case noticesOff:
		t.Toast(t.Book.Plain("settings.notices_off"))
		err = q.MuteNotices(ctx, db.MuteNoticesParams{TenantID: t.Tenant, PersonID: t.Person.ID, Kind: kind})
	case noticesOn:
		t.Toast(t.Book.Plain("settings.notices_on"))
		err = q.UnmuteNotices(ctx, db.UnmuteNoticesParams{TenantID: t.Tenant, PersonID: t.Person.ID, Kind: kind})
	}
	if err != nil {
		return fmt.Errorf("switch notices: %w", err)
	}
	return nil
}
