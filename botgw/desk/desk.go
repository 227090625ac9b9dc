package desk

import (
	"context"
	"slices"

	"ukbot/api"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/sql/db"
)

// Config is what the desk works with. Everything is required but Open, Operator
// and Emergency.
type Config struct {
	// Begin opens a form, Cancel gives an open one up and says whether there was
	// one: flow.Engine's.
	Begin  func(ctx context.Context, t *talk.Turn, form string, d flow.Data) error
	Cancel func(ctx context.Context, t *talk.Turn) (bool, error)
	// Card shows a request by its number.
	Card func(ctx context.Context, t *talk.Turn, number string) error
	// SwitchRole makes the session act in another of the person's roles.
	SwitchRole func(ctx context.Context, t *talk.Turn, role api.Role) error
	// Forget drops what is cached about the person, so that the next update asks anew.
	Forget func(ctx context.Context, t *talk.Turn) error
	// Open says whether an order is open to the person: their company may have closed
	// it. nil: all are.
	Open func(ctx context.Context, t *talk.Turn, order string) bool
	// Settings is where people's choices about notices are kept.
	Settings db.DBTX
	// Operator is the operators' API with a key for every tenant that is served;
	// each call names the person's. nil: the panel says that it is not set up.
	Operator *api.ClientWithResponses
	// Emergency is the phone of the company's emergency line, as people read it; "": none.
	Emergency string
}

// Desk answers commands, menu keys and the taps of its own screens.
type Desk struct{ cfg Config }

// New makes a desk.
func New(cfg Config) *Desk { return &Desk{cfg} }

// The roles as tables name them.
var (
	staff    = []api.Role{api.RoleExecutor, api.RoleManager, api.RoleAdmin}
	managers = []api.Role{api.RoleManager, api.RoleAdmin}
	admins   = []api.Role{api.RoleAdmin}
)

// Orders are the commands and menu keys that the desk answers.
func (d *Desk) Orders() []talk.Order {
	return []talk.Order{
		{Name: "start", Anybody: true, Describe: "command.start", Handle: d.start},
		{Name: "menu", Describe: "command.menu", Handle: d.menu},
		{Name: "new", Describe: "command.new", Menu: "menu.new", Handle: d.create},
		{Name: "shifts", Roles: staff, Describe: "command.shifts", Menu: "menu.shifts", Handle: d.shifts},
		{Name: "stats", Roles: staff, Describe: "command.stats", Menu: "menu.stats", Handle: d.stats},
		{Name: "people", Roles: managers, Menu: "menu.people", Handle: d.people},
		{Name: "admin", Roles: managers, Describe: "command.admin", Menu: "menu.admin", Handle: d.admin},
		{Name: "role", Menu: "menu.role", Handle: d.roles},
		{Name: "language", Anybody: true, Describe: "command.language", Handle: d.language},
		{Name: "settings", Describe: "command.settings", Menu: "menu.settings", Handle: d.settings},
		{Name: "cancel", Anybody: true, Describe: "command.cancel", Handle: d.cancel},
		{Name: "help", Anybody: true, Describe: "command.help", Menu: "menu.help", Handle: d.help},
	}
}

// Routes are the taps that the desk answers.
func (d *Desk) Routes() []talk.Route {
	return []talk.Route{
		{Do: doMenu, Handle: d.tapMenu},
		{Do: doLanguage, Handle: d.tapLanguage},
		{Do: doRole, Handle: d.tapRole},
		{Do: doSettings, Handle: d.tapSettings},
		{Do: doNotices, Handle: d.tapNotices},
		{Do: doQuiet, Handle: d.tapQuiet},
		{Do: doStats, Roles: staff, Handle: d.tapStats},
		{Do: doShifts, Roles: staff, Handle: d.tapShifts},
		{Do: doShift, Roles: staff, Handle: d.tapShift},
		{Do: doPanel, Roles: managers, Handle: d.tapPanel},
		{Do: doPeople, Roles: managers, Handle: d.tapPeople},
		{Do: doPerson, Roles: managers, Handle: d.tapPerson},
		{Do: doBlock, Roles: admins, Handle: d.tapBlock},
		{Do: doLinks, Roles: managers, Handle: d.tapLinks},
		{Do: doLink, Roles: managers, Handle: d.tapLink},
		{Do: doHooks, Roles: admins, Handle: d.tapHooks},
		{Do: doRetry, Roles: admins, Handle: d.tapRetry},
	}
}

// What the buttons of the desk ask for.
const (
	doMenu     = "menu"
	doLanguage = "lang"
	doRole     = "role"
	doSettings = "set"
	doNotices  = "mute"
	doQuiet    = "qh"
	doStats    = "stat"
	doShifts   = "shl"
	doShift    = "sh"
	doPanel    = "adm"
	doPeople   = "usl"
	doPerson   = "usr"
	doBlock    = "ban"
	doLinks    = "apl"
	doLink     = "apt"
	doHooks    = "whl"
	doRetry    = "wh"
)

// arg is an argument of a tap, "" when an old button has fewer.
func arg(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

// button is a button whose text has no arguments.
func button(t *talk.Turn, key, do string, args ...string) talk.Button {
	return talk.Button{Text: t.Book.Plain(key), Call: talk.Call{Do: do, Args: args}}
}

// row is one row of buttons.
func row(buttons ...talk.Button) []talk.Button { return buttons }

// grid puts buttons into rows of n.
func grid(buttons []talk.Button, n int) [][]talk.Button {
	return slices.Collect(slices.Chunk(buttons, n))
}

// tick marks the choice that holds now.
func tick(b talk.Button, chosen bool) talk.Button {
	if chosen {
		b.Text = "✅ " + b.Text
	}
	return b
}
