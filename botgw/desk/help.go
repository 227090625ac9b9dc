package desk

import (
	"context"

	"ukbot/api"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// helps is what each role can do here, and how.
var helps = map[api.Role]string{
	api.RoleApplicant: "help.applicant",
	api.RoleExecutor:  "help.executor",
	api.RoleManager:   "help.manager",
	api.RoleAdmin:     "help.admin",
}

// help says what the person can do here, and whom to call when it cannot wait.
func (d *Desk) help(ctx context.Context, t *talk.Turn) error {
	t.Step = "help"
	key := "help.stranger"
	switch {
	case t.Person != nil:
		key = helps[t.Person.Role]
	case t.Standing == talk.Pending:
		key = "problem.approval_pending"
	}
	text := t.Book.Text(key) + "\n\n" + t.Book.Text("help.emergency")
	if d.cfg.Emergency != "" {
		text += "\n" + t.Book.Text("help.line", words.Args{"Phone": d.cfg.Emergency})
	}
	screen := talk.Screen{Text: text}
	if t.Person != nil {
		screen.Menu = d.Menu(ctx, t)
	}
	t.Say(screen)
	return nil
}
