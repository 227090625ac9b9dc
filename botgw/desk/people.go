package desk

import (
	"context"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
)

// peopleTabs are the lists of people.
var peopleTabs = []string{string(api.UserStatusPending), string(api.UserStatusApproved), string(api.UserStatusBlocked)}

// personMarks tell a person's status in a list.
var personMarks = map[api.UserStatus]string{
	api.UserStatusPending: "🕓", api.UserStatusApproved: "👤", api.UserStatusBlocked: "⛔",
}

// people shows who waits for approval.
func (d *Desk) people(ctx context.Context, t *talk.Turn) error {
	screen, err := peopleScreen(ctx, t, nil)
	if err == nil {
		t.Say(screen)
	}
	return err
}

func (d *Desk) tapPeople(ctx context.Context, t *talk.Turn, args []string) error {
	screen, err := peopleScreen(ctx, t, args)
	if oldCursor(err) {
		screen, err = peopleScreen(ctx, t, args[:min(len(args), 1)])
	}
	if err == nil {
		t.Show(screen)
	}
	return err
}

// peopleScreen is a page of the people of one status: args are that and the cursor.
func peopleScreen(ctx context.Context, t *talk.Turn, args []string) (talk.Screen, error) {
	tab := known(arg(args, 0), peopleTabs)
	t.Step = "people/" + tab
	limit, status := pageSize, api.UserStatus(tab)
	params := &api.ListUsersParams{Limit: &limit, Status: &status, Cursor: cursor(args, 1)}
	r, err := t.API.ListUsersWithResponse(ctx, params)
	if err != nil {
		return talk.Screen{}, err
	}
	if r.JSON200 == nil {
		return talk.Screen{}, company.Refused(r.ApplicationproblemJSONDefault)
	}
	var rows [][]talk.Button
	for _, u := range r.JSON200.Items {
		rows = append(rows, row(talk.Button{Text: personMarks[u.Status] + " " + short(u.Name), Call: talk.Call{Do: doPerson, Args: []string{"view", u.Id.String(), tab}}}))
	}
	rows = append(rows, pages(t, doPeople, []string{tab}, params.Cursor, r.JSON200.NextCursor)...)
	var tabs []talk.Button
	for _, name := range peopleTabs {
		tabs = append(tabs, tick(button(t, "admin.tab_"+name, doPeople, name), name == tab))
	}
	rows = append(rows, tabs, row(button(t, "button.back", doPanel)))
	text := t.Book.Text("admin.people_" + tab)
	if len(r.JSON200.Items) == 0 {
		text += "\n\n" + t.Book.Text("admin.nobody")
	}
	return talk.Screen{Text: text, Rows: rows}, nil
}
