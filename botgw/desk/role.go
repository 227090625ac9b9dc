package desk

import (
	"context"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// roles shows which roles the person has.
func (d *Desk) roles(_ context.Context, t *talk.Turn) error {
	t.Step = "role"
	t.Say(d.roleScreen(t))
	return nil
}

func (d *Desk) roleScreen(t *talk.Turn) talk.Screen {
	var choices []talk.Button
	for _, role := range t.Person.Roles {
		b := talk.Button{Text: roleName(t, role), Call: talk.Call{Do: doRole, Args: []string{string(role)}}}
		choices = append(choices, tick(b, role == t.Person.Role))
	}
	key := "settings.role_ask"
	if len(choices) < 2 {
		key = "settings.role_only"
	}
	rows := append(grid(choices, 1), row(button(t, "button.back", doSettings)))
	return talk.Screen{Text: t.Book.Text(key, words.Args{"Role": roleName(t, t.Person.Role)}), Rows: rows}
}

// tapRole shows the roles, or makes one the active one.
func (d *Desk) tapRole(ctx context.Context, t *talk.Turn, args []string) error {
	t.Step = "role"
	role := api.Role(arg(args, 0))
	if !role.Valid() || role == t.Person.Role {
		t.Show(d.roleScreen(t))
		return nil
	}
	err := d.cfg.SwitchRole(ctx, t, role)
	switch {
	case company.Is(err, "forbidden"): // it was taken away since the button was drawn
		t.Outcome = "refused"
		if err := d.cfg.Forget(ctx, t); err != nil {
			return err
		}
		t.Alert(t.Book.Plain("settings.role_gone"))
		t.Show(d.roleScreen(t))
		return nil
	case err != nil:
		return err
	}
	t.Person.Role = role
	t.Toast(t.Book.Plain("settings.role_set", words.Args{"Role": roleName(t, role)}))
	t.Show(d.roleScreen(t))
	t.Say(talk.Screen{Text: t.Book.Text("settings.role_done", words.Args{"Role": roleName(t, role)}), Menu: d.Menu(ctx, t)})
	return nil
}
