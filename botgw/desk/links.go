package desk

import (
	"context"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// linkReasons are why somebody is not taken for an inhabitant, ready to choose.
var linkReasons = []string{"admin.link_stranger", "admin.link_papers", "admin.link_mistake"}

// tapLinks lists who says that they live where: args are the cursor.
func (d *Desk) tapLinks(ctx context.Context, t *talk.Turn, args []string) error {
	t.Step = "links"
	limit := pageSize
	params := &api.ListApartmentLinksParams{Limit: &limit, Cursor: cursor(args, 0)}
	r, err := t.API.ListApartmentLinksWithResponse(ctx, params)
	if err != nil {
		return err
	}
	if r.JSON200 == nil {
		err := company.Refused(r.ApplicationproblemJSONDefault)
		if params.Cursor != nil && oldCursor(err) {
			return d.tapLinks(ctx, t, nil)
		}
		return err
	}
	lines := []string{t.Book.Text("admin.links_title")}
	var rows [][]talk.Button
	for i, link := range r.JSON200.Items {
		number := strconv.Itoa(i + 1)
		lines = append(lines, "<b>"+number+".</b> "+t.Book.Text("admin.link_who", words.Args{"Name": link.User.Name})+"\n"+linkText(t, link))
		buttons := linkButtons(t, link, fromList)
		for j := range buttons {
			buttons[j].Text = number + ". " + buttons[j].Text
		}
		rows = append(rows, buttons)
	}
	if len(rows) == 0 {
		lines = append(lines, t.Book.Text("admin.links_none"))
	}
	rows = append(rows, pages(t, doLinks, nil, params.Cursor, r.JSON200.NextCursor)...)
	t.Show(talk.Screen{Text: strings.Join(lines, "\n\n"), Rows: append(rows, row(button(t, "button.back", doPanel)))})
	return nil
}

// linkMarks tell how it stands with a link.
var linkMarks = map[api.LinkStatus]string{api.LinkStatusPending: "🕓", api.LinkStatusApproved: "🏠", api.LinkStatusRejected: "✖️"}

func linkText(t *talk.Turn, link api.ApartmentLink) string {
	return linkMarks[link.Status] + " " + t.Book.Text("admin.link", words.Args{
		"Address": link.Address, "Apartment": link.Apartment, "Relation": t.Book.Relation(string(link.Relation)),
	})
}

// Where a link is decided about, and its answer shown. One letter: with two ids
// before it, callback data has no room for more.
const (
	fromList   = "l"
	fromPerson = "p"
)

// linkButtons decide about a link.
func linkButtons(t *talk.Turn, link api.ApartmentLink, from string) []talk.Button {
	user, apartment := link.User.Id, link.ApartmentId.String()
	return row(
		button(t, "admin.link_approve", doLink, "approve", user, apartment, from),
		button(t, "admin.link_reject", doLink, "why", user, apartment, from),
	)
}

// tapLink decides about a link: args are what, person, apartment, where from,
// and the number of a reason.
func (d *Desk) tapLink(ctx context.Context, t *talk.Turn, args []string) error {
	t.Step = "link"
	user, errUser := uuid.Parse(arg(args, 1))
	apartment, errApartment := uuid.Parse(arg(args, 2))
	if errUser != nil || errApartment != nil {
		return d.tapLinks(ctx, t, nil)
	}
	var err error
	switch arg(args, 0) {
	case "why":
		t.Show(linkWhy(t, args))
		return nil
	case "approve":
		err = approveLink(ctx, t, user, apartment)
	case "reject":
		err = rejectLink(ctx, t, user, apartment, reasonAt(linkReasons, arg(args, 4)))
	}
	if code, _ := refusedWith(err, "conflict", "not_found", "forbidden"); code != "" {
		t.Outcome = "refused"
		t.Alert(t.Book.Problem(code))
	} else if err != nil {
		return err
	}
	if arg(args, 3) == fromPerson {
		return d.tapPerson(ctx, t, []string{"view", user.String()})
	}
	return d.tapLinks(ctx, t, nil)
}

func linkWhy(t *talk.Turn, args []string) talk.Screen {
	var rows [][]talk.Button
	for i, key := range linkReasons {
		rows = append(rows, row(button(t, key, doLink, "reject", arg(args, 1), arg(args, 2), arg(args, 3), strconv.Itoa(i))))
	}
	back := button(t, "button.back", doLinks)
	if arg(args, 3) == fromPerson {
		back = button(t, "button.back", doPerson, "view", arg(args, 1))
	}
	return talk.Screen{Text: t.Book.Text("admin.link_why"), Rows: append(rows, row(back))}
}

func approveLink(ctx context.Context, t *talk.Turn, user, apartment uuid.UUID) error {
	key := t.Key("link")
	r, err := t.API.ApproveApartmentLinkWithResponse(ctx, user, apartment, &api.ApproveApartmentLinkParams{IdempotencyKey: &key})
	if err != nil {
		return err
	}
	if r.JSON200 == nil {
		return company.Refused(r.ApplicationproblemJSONDefault)
	}
	t.Toast(t.Book.Plain("admin.link_approved"))
	return nil
}

func rejectLink(ctx context.Context, t *talk.Turn, user, apartment uuid.UUID, reason string) error {
	key := t.Key("link")
	r, err := t.API.RejectApartmentLinkWithResponse(ctx, user, apartment, &api.RejectApartmentLinkParams{IdempotencyKey: &key}, api.Refusal{Reason: t.Book.Plain(reason)})
	if err != nil {
		return err
	}
	if r.JSON200 == nil {
		return company.Refused(r.ApplicationproblemJSONDefault)
	}
	t.Toast(t.Book.Plain("admin.link_rejected"))
	return nil
}
