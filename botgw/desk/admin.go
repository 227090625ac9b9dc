package desk

import (
	"context"

	"ukbot/api"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// admin shows what there is to decide, and the lists behind it.
func (d *Desk) admin(ctx context.Context, t *talk.Turn) error {
	screen, err := d.panel(ctx, t)
	if err == nil {
		t.Say(screen)
	}
	return err
}

func (d *Desk) tapPanel(ctx context.Context, t *talk.Turn, _ []string) error {
	screen, err := d.panel(ctx, t)
	if err == nil {
		t.Show(screen)
	}
	return err
}

func (d *Desk) panel(ctx context.Context, t *talk.Turn) (talk.Screen, error) {
	t.Step = "admin"
	people, err := waitingPeople(ctx, t)
	if err != nil {
		return talk.Screen{}, err
	}
	links, err := waitingLinks(ctx, t)
	if err != nil {
		return talk.Screen{}, err
	}
	rows := [][]talk.Button{
		row(button(t, "admin.people", doPeople, string(api.UserStatusPending))),
		row(button(t, "admin.links", doLinks)),
	}
	if t.Person.Is(admins...) {
		rows = append(rows, row(button(t, "admin.hooks", doHooks)))
	}
	return talk.Screen{Text: t.Book.Text("admin.title", words.Args{"People": people, "Links": links}), Rows: rows}, nil
}

// countMax is how far the panel counts what waits; beyond it says "20+".
const countMax = 20

func waitingPeople(ctx context.Context, t *talk.Turn) (string, error) {
	limit, pending := countMax, api.UserStatusPending
	r, err := t.API.ListUsersWithResponse(ctx, &api.ListUsersParams{Limit: &limit, Status: &pending})
	if err != nil {
		return "", err
	}
	page, err := answer(r.JSON200, r.ApplicationproblemJSONDefault)
	if err != nil {
		return "", err
	}
	return counted(len(page.Items), page.NextCursor), nil
}

func waitingLinks(ctx context.Context, t *talk.Turn) (string, error) {
	limit := countMax
	r, err := t.API.ListApartmentLinksWithResponse(ctx, &api.ListApartmentLinksParams{Limit: &limit})
	if err != nil {
		return "", err
	}
	page, err := answer(r.JSON200, r.ApplicationproblemJSONDefault)
	if err != nil {
		return "", err
	}
	return counted(len(page.Items), page.NextCursor), nil
}
