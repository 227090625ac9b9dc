package desk

import (
	"context"
	"strings"

	"ukbot/api"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// place is a key of the main menu: its label, and the order it stands for.
type place struct{ label, order string }

// keyRole is there for people with several roles only.
var keyRole = place{"menu.role", "role"}

// layout is the main menu of each role. What begins with "requests." is said, and
// answered, by the package requests.
var layout = map[api.Role][][]place{
	api.RoleApplicant: {
		{{"menu.new", "new"}, {"requests.menu_mine", "mine"}},
		{{"menu.settings", "settings"}, {"menu.help", "help"}, keyRole},
	},
	api.RoleExecutor: {
		{{"requests.menu_work", "work"}, {"requests.menu_free", "free"}},
		{{"menu.shifts", "shifts"}, {"menu.stats", "stats"}},
		{{"menu.settings", "settings"}, {"menu.help", "help"}, keyRole},
	},
	api.RoleManager: {
		{{"requests.menu_queue", "queue"}, {"menu.new", "new"}},
		{{"menu.stats", "stats"}, {"menu.shifts", "shifts"}, {"menu.people", "people"}},
		{{"menu.settings", "settings"}, {"menu.help", "help"}, keyRole},
	},
	api.RoleAdmin: {
		{{"requests.menu_queue", "queue"}, {"menu.new", "new"}},
		{{"menu.stats", "stats"}, {"menu.shifts", "shifts"}, {"menu.people", "people"}},
		{{"menu.admin", "admin"}, {"menu.settings", "settings"}, {"menu.help", "help"}, keyRole},
	},
}

// former are labels that keyboards in people's phones may still show.
var former = map[string]string{
	"📋 Заявки": "requests", "📋 Arizalar": "requests",
	"📋 Мои заявки": "requests", "📋 Mening arizalarim": "requests",
	"📅 Мои смены": "shifts", "📅 Mening smenalarim": "shifts",
	"➕ Новая заявка": "new", "➕ Yangi ariza": "new",
	"👨‍💼 Админ-панель": "admin", "👨‍💼 Admin panel": "admin",
}

// Menu is the main menu of the person's active role, without what their company
// closed; it takes the keyboard away from who has no role yet.
func (d *Desk) Menu(ctx context.Context, t *talk.Turn) *talk.Menu {
	if t.Person == nil {
		return &talk.Menu{}
	}
	menu := &talk.Menu{Placeholder: t.Book.Plain("menu.placeholder")}
	for _, places := range layout[t.Person.Role] {
		var keys []talk.Key
		for _, p := range places {
			if d.has(ctx, t, p) {
				keys = append(keys, talk.Key{Text: t.Book.Plain(p.label)})
			}
		}
		if len(keys) > 0 {
			menu.Rows = append(menu.Rows, keys)
		}
	}
	return menu
}

// has says whether a key is in the person's menu.
func (d *Desk) has(ctx context.Context, t *talk.Turn, p place) bool {
	if p == keyRole && len(t.Person.Roles) < 2 {
		return false
	}
	return d.cfg.Open == nil || d.cfg.Open(ctx, t, p.order)
}

// Label recognises a key of the main menu, of any role and language and of
// earlier versions: a keyboard stays in the phone until it is replaced.
func Label(text string) (order string, ok bool) {
	order, ok = labels[alike(text)]
	return order, ok
}

var labels = everyLabel()

func everyLabel() map[string]string {
	all := map[string]string{}
	for text, order := range former {
		all[alike(text)] = order
	}
	for _, language := range words.Languages {
		book := words.For(language)
		for _, rows := range layout {
			for _, places := range rows {
				for _, p := range places {
					all[alike(book.Plain(p.label))] = p.order
				}
			}
		}
	}
	return all
}

// same evens out how phones write the same label: the apostrophe of oʻ, and the
// invisible mark that makes a picture of ⚙.
var same = strings.NewReplacer("‘", "ʻ", "’", "ʻ", "'", "ʻ", "`", "ʻ", "\ufe0f", "")

func alike(text string) string { return strings.ToLower(strings.TrimSpace(same.Replace(text))) }

// menu shows the main menu.
func (d *Desk) menu(ctx context.Context, t *talk.Turn) error {
	t.Step = "menu"
	t.Say(talk.Screen{Text: t.Book.Text("menu.title", words.Args{"Role": roleName(t, t.Person.Role)}), Menu: d.Menu(ctx, t)})
	return nil
}

func (d *Desk) tapMenu(ctx context.Context, t *talk.Turn, _ []string) error { return d.menu(ctx, t) }

// create opens the form of a new request.
func (d *Desk) create(ctx context.Context, t *talk.Turn) error {
	return d.cfg.Begin(ctx, t, "create", flow.Data{})
}

// cancel gives up the open form, or says that there is none.
func (d *Desk) cancel(ctx context.Context, t *talk.Turn) error {
	t.Step = "cancel"
	open, err := d.cfg.Cancel(ctx, t)
	if err != nil || open {
		return err
	}
	t.Say(talk.Screen{Text: t.Book.Text("menu.nothing_to_cancel"), Menu: d.Menu(ctx, t)})
	return nil
}

func roleName(t *talk.Turn, role api.Role) string { return t.Book.Plain("role." + string(role)) }
