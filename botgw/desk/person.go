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

// blockReasons are why somebody is kept out, ready to choose. The person's
// record keeps the words.
var blockReasons = []string{"admin.reason_stranger", "admin.reason_left", "admin.reason_double", "admin.reason_rude", "admin.reason_other"}

// tapPerson shows a person, or lets them in: args are the action, the person,
// and the list it came from.
func (d *Desk) tapPerson(ctx context.Context, t *talk.Turn, args []string) error {
	t.Step = "person"
	id, err := uuid.Parse(arg(args, 1))
	if err != nil {
		return d.tapPeople(ctx, t, nil)
	}
	u, err := person(ctx, t, id)
	if company.Is(err, "not_found") {
		t.Toast(t.Book.Plain("hint.stale"))
		return d.tapPeople(ctx, t, []string{arg(args, 2)})
	}
	if err != nil {
		return err
	}
	switch arg(args, 0) {
	case "approve":
		u, err = admit(ctx, t, *u)
	case "unblock":
		if arg(args, 3) != sure {
			t.Show(confirmUnblock(t, *u, arg(args, 2)))
			return nil
		}
		u, err = readmit(ctx, t, *u)
	}
	if err != nil {
		return err
	}
	return showPerson(ctx, t, *u, arg(args, 2))
}

// sure is the argument of a button that was asked about before.
const sure = "yes"

func person(ctx context.Context, t *talk.Turn, id uuid.UUID) (*api.User, error) {
	r, err := t.API.GetUserWithResponse(ctx, id)
	if err != nil {
		return nil, err
	}
	return answer(r.JSON200, r.ApplicationproblemJSONDefault)
}

// admit approves who waits. Who does not wait any more was decided about by
// somebody else: that is said, and nothing is changed.
func admit(ctx context.Context, t *talk.Turn, u api.User) (*api.User, error) {
	t.Step = "person/approve"
	if u.Status != api.UserStatusPending {
		return decided(t, u)
	}
	key := t.Key("approve")
	r, err := t.API.ApproveUserWithResponse(ctx, u.Id, &api.ApproveUserParams{IdempotencyKey: &key})
	if err != nil {
		return nil, err
	}
	return settle(ctx, t, u, "admin.approved", r.JSON200, r.ApplicationproblemJSONDefault)
}

func readmit(ctx context.Context, t *talk.Turn, u api.User) (*api.User, error) {
	t.Step = "person/unblock"
	if u.Status != api.UserStatusBlocked {
		return decided(t, u)
	}
	key := t.Key("unblock")
	r, err := t.API.UnblockUserWithResponse(ctx, u.Id, &api.UnblockUserParams{IdempotencyKey: &key})
	if err != nil {
		return nil, err
	}
	return settle(ctx, t, u, "admin.unblocked", r.JSON200, r.ApplicationproblemJSONDefault)
}

// decided says that there is nothing left to decide, and how it was.
func decided(t *talk.Turn, u api.User) (*api.User, error) {
	t.Outcome = "stale"
	t.Toast(t.Book.Plain("admin.decided", words.Args{"Status": t.Book.Standing(string(u.Status))}))
	return &u, nil
}

// settle says what was done. What the services refuse because of how the person
// is by now is said too, and the person is shown as they are.
func settle(ctx context.Context, t *talk.Turn, u api.User, done string, now *api.User, refused *api.Problem) (*api.User, error) {
	if now != nil {
		t.Toast(t.Book.Plain(done))
		return now, nil
	}
	err := company.Refused(refused)
	code, _ := refusedWith(err, "conflict", "forbidden")
	if code == "" {
		return nil, err
	}
	t.Outcome = "refused"
	t.Alert(t.Book.Problem(code))
	return person(ctx, t, u.Id)
}

// showPerson is a person's card with what may be decided about them.
func showPerson(ctx context.Context, t *talk.Turn, u api.User, from string) error {
	r, err := t.API.ListUserApartmentsWithResponse(ctx, u.Id)
	if err != nil {
		return err
	}
	links, err := answer(r.JSON200, r.ApplicationproblemJSONDefault)
	if err != nil {
		return err
	}
	text := personText(t, u)
	var rows [][]talk.Button
	id := u.Id.String()
	if u.Status == api.UserStatusPending {
		rows = append(rows, row(button(t, "admin.approve", doPerson, "approve", id, from)))
	}
	for _, link := range links.Items[:min(len(links.Items), pageSize)] {
		text += "\n" + linkText(t, link)
		if link.Status == api.LinkStatusPending {
			rows = append(rows, linkButtons(t, link, fromPerson))
		}
	}
	if t.Person.Is(admins...) && id != t.Person.ID {
		rows = append(rows, row(gateButton(t, u, from)))
	}
	t.Show(talk.Screen{Text: text, Rows: append(rows, row(button(t, "button.back", doPeople, from)))})
	return nil
}

// gateButton keeps a person out, or lets them in again.
func gateButton(t *talk.Turn, u api.User, from string) talk.Button {
	switch u.Status {
	case api.UserStatusBlocked:
		return button(t, "admin.unblock", doPerson, "unblock", u.Id.String(), from)
	case api.UserStatusPending:
		return button(t, "admin.reject", doBlock, u.Id.String())
	default:
		return button(t, "admin.block", doBlock, u.Id.String())
	}
}

func personText(t *talk.Turn, u api.User) string {
	phone := "—"
	if u.Phone != nil {
		phone = *u.Phone
	}
	text := t.Book.Text("admin.person", words.Args{
		"Name": u.Name, "Phone": phone, "Roles": roleNames(t, u.Roles), "Since": day(t, u.CreatedAt),
		"Status": personMarks[u.Status] + " " + t.Book.Plain("person."+string(u.Status)),
	})
	if len(u.Specialisations) > 0 {
		text += "\n🧰 " + specialisations(t, u)
	}
	if u.StatusReason != nil && *u.StatusReason != "" {
		text += "\n" + t.Book.Text("admin.why", words.Args{"Reason": *u.StatusReason})
	}
	return text
}

// specialisations is what somebody can repair; words of the catalogue, which need no escaping.
func specialisations(t *talk.Turn, u api.User) string {
	var names []string
	for _, category := range u.Specialisations {
		names = append(names, t.Book.Category(string(category)))
	}
	return strings.Join(names, ", ")
}

func confirmUnblock(t *talk.Turn, u api.User, from string) talk.Screen {
	id := u.Id.String()
	return talk.Screen{Text: t.Book.Text("admin.unblock_ask", words.Args{"Name": u.Name}), Rows: [][]talk.Button{
		row(button(t, "admin.unblock_yes", doPerson, "unblock", id, from, sure)),
		row(button(t, "button.back", doPerson, "view", id, from)),
	}}
}

// tapBlock keeps a person out, in three steps: which person, why, and sure.
func (d *Desk) tapBlock(ctx context.Context, t *talk.Turn, args []string) error {
	t.Step = "person/block"
	id, err := uuid.Parse(arg(args, 0))
	if err != nil {
		return d.tapPeople(ctx, t, nil)
	}
	u, err := person(ctx, t, id)
	if company.Is(err, "not_found") {
		t.Toast(t.Book.Plain("hint.stale"))
		return d.tapPeople(ctx, t, nil)
	}
	if err != nil {
		return err
	}
	from := string(u.Status)
	switch {
	case u.Status == api.UserStatusBlocked:
		u, err = decided(t, *u)
	case arg(args, 1) == "":
		t.Show(blockWhy(t, *u))
		return nil
	case arg(args, 2) != sure:
		t.Show(blockSure(t, *u, arg(args, 1)))
		return nil
	default:
		u, err = block(ctx, t, *u, reasonAt(blockReasons, arg(args, 1)))
	}
	if err != nil {
		return err
	}
	return showPerson(ctx, t, *u, from)
}

func blockWhy(t *talk.Turn, u api.User) talk.Screen {
	var rows [][]talk.Button
	for i, key := range blockReasons {
		rows = append(rows, row(button(t, key, doBlock, u.Id.String(), strconv.Itoa(i))))
	}
	rows = append(rows, row(button(t, "button.back", doPerson, "view", u.Id.String(), string(u.Status))))
	return talk.Screen{Text: t.Book.Text("admin.block_why", words.Args{"Name": u.Name}), Rows: rows}
}

func blockSure(t *talk.Turn, u api.User, reason string) talk.Screen {
	id := u.Id.String()
	args := words.Args{"Name": u.Name, "Reason": t.Book.Plain(reasonAt(blockReasons, reason))}
	return talk.Screen{Text: t.Book.Text("admin.block_ask", args), Rows: [][]talk.Button{
		row(button(t, "admin.block_yes", doBlock, id, reason, sure)),
		row(button(t, "button.back", doBlock, id)),
	}}
}

func block(ctx context.Context, t *talk.Turn, u api.User, reason string) (*api.User, error) {
	key := t.Key("block")
	r, err := t.API.BlockUserWithResponse(ctx, u.Id, &api.BlockUserParams{IdempotencyKey: &key}, api.Refusal{Reason: t.Book.Plain(reason)})
	if err != nil {
		return nil, err
	}
	if left := r.JSON200; left != nil && left.Left != nil && left.Left.OpenRequests > 0 {
		t.Say(talk.Screen{Text: t.Book.Count("admin.left", left.Left.OpenRequests, words.Args{"Name": u.Name})})
	}
	return settle(ctx, t, u, "admin.blocked", r.JSON200, r.ApplicationproblemJSONDefault)
}
