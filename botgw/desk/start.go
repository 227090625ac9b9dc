package desk

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// What follows /start in a link: t.me/<bot>?start=req_251007-001 opens a
// request, inv_<token> uses an invitation, and one that was cut off on its way is
// told to be none. Anything else is an ordinary start.
var (
	linkRequest    = regexp.MustCompile(`^req_(\d{6}-\d{3,9})$`)
	linkInvitation = regexp.MustCompile(`^inv_[A-Za-z0-9_-]{43}$`)
)

// invitationPrefix begins every link of an invitation.
const invitationPrefix = "inv_"

// start greets, registers, or follows a link.
func (d *Desk) start(ctx context.Context, t *talk.Turn) error {
	t.Step = "start"
	invitation := linkInvitation.FindString(t.Argument)
	switch number := linkRequest.FindStringSubmatch(t.Argument); {
	case t.Person == nil && (invitation != "" || t.Standing != talk.Pending):
		if cut := invitation == "" && strings.HasPrefix(t.Argument, invitationPrefix); cut {
			t.Say(talk.Screen{Text: t.Book.Text("menu.invitation_unknown")})
		}
		return d.cfg.Begin(ctx, t, "register", flow.Data{Invitation: invitation})
	case t.Person == nil:
		t.Say(talk.Screen{Text: t.Book.Text("problem.approval_pending")})
		return nil
	case invitation != "":
		return d.invited(ctx, t, invitation)
	case number != nil:
		return d.cfg.Card(ctx, t, number[1])
	case strings.HasPrefix(t.Argument, invitationPrefix):
		t.Outcome = "refused"
		t.Say(talk.Screen{Text: t.Book.Text("menu.invitation_unknown"), Menu: d.Menu(ctx, t)})
		return nil
	}
	key := "menu.hello"
	if t.Person.Is(staff...) {
		key = "menu.hello_staff"
	}
	t.Say(talk.Screen{Text: t.Book.Text(key, words.Args{"Name": t.Person.Name, "Role": roleName(t, t.Person.Role)}), Menu: d.Menu(ctx, t)})
	return nil
}

// invited uses an invitation for somebody who is here already, and says what
// they have now that they had not before.
func (d *Desk) invited(ctx context.Context, t *talk.Turn, token string) error {
	t.Step = "start/invitation"
	key := t.Key("invitation")
	r, err := t.API.UseInvitationWithResponse(ctx, &api.UseInvitationParams{IdempotencyKey: &key}, api.UseInvitationJSONRequestBody{Token: token})
	if err != nil {
		return err
	}
	if r.JSON200 == nil {
		return d.uninvited(ctx, t, company.Refused(r.ApplicationproblemJSONDefault))
	}
	if err := d.cfg.Forget(ctx, t); err != nil {
		return err
	}
	gained := slices.DeleteFunc(slices.Clone(r.JSON200.Roles), t.Person.Has)
	t.Person.Roles = r.JSON200.Roles
	text := t.Book.Text("menu.invitation_used")
	if len(gained) > 0 {
		text = t.Book.Text("menu.invitation_role", words.Args{"Roles": roleNames(t, gained)})
	}
	t.Say(talk.Screen{Text: text, Menu: d.Menu(ctx, t)})
	return nil
}

// uninvited says why an invitation does not work; the person goes on as before.
func (d *Desk) uninvited(ctx context.Context, t *talk.Turn, err error) error {
	for code, key := range map[string]string{"used": "menu.invitation_gone", "expired": "menu.invitation_over", "not_found": "menu.invitation_unknown", "invalid": "menu.invitation_unknown"} {
		if company.Is(err, code) {
			t.Outcome = "refused"
			t.Say(talk.Screen{Text: t.Book.Text(key), Menu: d.Menu(ctx, t)})
			return nil
		}
	}
	return err
}

func roleNames(t *talk.Turn, roles []api.Role) string {
	var names []string
	for _, role := range roles {
		names = append(names, roleName(t, role))
	}
	return strings.Join(names, ", ")
}
