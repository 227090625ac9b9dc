package botgw

import (
	"context"
	"errors"

	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/speak"
	"ukbot/botgw/talk"
)

// router finds who answers a turn. It asks in this order: a tap by its button, a
// command, a key of the main menu, the form that is open, and at last says what
// can be done. Who has no session reaches only what is marked for anybody.
type router struct {
	routes map[string]talk.Route // by Do
	orders map[string]talk.Order // by name
	engine *flow.Engine
	label  func(text string) (order string, ok bool) // of a main menu key, in any language
	decode func(ctx context.Context, u talk.Update) (call talk.Call, stale bool, err error)
	may    func(ctx context.Context, t *talk.Turn, o talk.Order) bool // roles, and what the company changed
	menu   func(ctx context.Context, t *talk.Turn) *talk.Menu         // of the person
}

// newRouter makes a router of all routes and orders; names that occur twice, and
// orders that are not there, are a bug every test meets.
func newRouter(r router, routes []talk.Route, orders []talk.Order) *router {
	r.routes, r.orders = map[string]talk.Route{}, map[string]talk.Order{}
	for _, route := range routes {
		if _, twice := r.routes[route.Do]; twice {
			panic("two routes answer " + route.Do)
		}
		r.routes[route.Do] = route
	}
	for _, order := range orders {
		if _, twice := r.orders[order.Name]; twice {
			panic("two orders are called " + order.Name)
		}
		r.orders[order.Name] = order
	}
	for _, route := range routes {
		if _, known := r.orders[route.Order]; route.Order != "" && !known {
			panic(route.Do + " is another way to no order: " + route.Order)
		}
	}
	return &r
}

// handle answers one turn.
func (r *router) handle(ctx context.Context, t *talk.Turn) error {
	if t.Person == nil { // the language they chose is in their form
		if err := r.engine.Speak(ctx, t); err != nil {
			return err
		}
	}
	err := r.find(ctx, t)
	refusal, refused := errors.AsType[*company.Refusal](err)
	if !refused {
		return err
	}
	t.Outcome = "refused"
	r.complain(t, "problem."+refusal.Code)
	return nil
}

// find is handle, refusals aside.
func (r *router) find(ctx context.Context, t *talk.Turn) error {
	switch {
	case t.Kind == talk.Blocked || t.Kind == talk.Returned || t.Kind == talk.Migrated:
		return nil // the gate has noted it
	case !t.Private():
		return r.group(t)
	case t.Kind == talk.Tap:
		return r.tap(ctx, t)
	case t.Kind == talk.Command:
		return r.command(ctx, t)
	}
	if name, ok := r.label(t.Text); ok && t.Kind == talk.Text {
		return r.order(ctx, t, r.orders[name])
	}
	if handled, err := r.engine.Handle(ctx, t); handled || err != nil {
		return err
	}
	return r.lost(ctx, t)
}

// group answers commands that are meant for this bot; the rest of what a group
// says is none of its business.
func (r *router) group(t *talk.Turn) error {
	if t.Kind == talk.Command {
		t.Say(talk.Screen{Text: t.Book.Text("gateway.group")})
	}
	return nil
}

// tap answers a button.
func (r *router) tap(ctx context.Context, t *talk.Turn) error {
	call, stale, err := r.decode(ctx, t.Update)
	if err != nil {
		return err
	}
	route, known := r.routes[call.Do]
	switch {
	case call.Do == speak.Idle: // a label among buttons
		return nil
	case stale || !known:
		return r.stale(ctx, t)
	case t.Person == nil && !route.Anybody:
		return r.lost(ctx, t)
	case len(route.Roles) > 0 && !t.Person.Is(route.Roles...) && !(t.Person == nil && route.Anybody):
		t.Alert(t.Book.Plain("gateway.forbidden"))
		return nil
	case route.Order != "" && !r.may(ctx, t, r.orders[route.Order]):
		t.Outcome = "forbidden"
		t.Alert(t.Book.Plain("gateway.closed"))
		return nil
	}
	t.Step = route.Do
	return route.Handle(ctx, t, call.Args)
}

// stale answers a button that leads nowhere any more, with what there is: the form
// that is open, and the main menu.
func (r *router) stale(ctx context.Context, t *talk.Turn) error {
	t.Outcome = "stale"
	t.Toast(t.Book.Plain("gateway.stale"))
	if t.Person == nil {
		return r.lost(ctx, t)
	}
	t.Say(talk.Screen{Text: t.Book.Text("gateway.hint"), Menu: r.menu(ctx, t)})
	return r.engine.Leave(ctx, t)
}

// command carries out a command.
func (r *router) command(ctx context.Context, t *talk.Turn) error {
	order, known := r.orders[t.Command]
	if !known {
		if handled, err := r.engine.Handle(ctx, t); handled || err != nil {
			return err
		}
		if t.Person == nil {
			return r.lost(ctx, t)
		}
		t.Outcome = "unknown"
		t.Say(talk.Screen{Text: t.Book.Text("gateway.unknown_command"), Menu: r.menu(ctx, t)})
		return nil
	}
	return r.order(ctx, t, order)
}

// order carries out a command or a key of the main menu.
func (r *router) order(ctx context.Context, t *talk.Turn, o talk.Order) error {
	t.Step = o.Name
	switch {
	case t.Person == nil && !o.Anybody:
		return r.lost(ctx, t)
	case !r.may(ctx, t, o):
		t.Outcome = "forbidden"
		key := "gateway.forbidden"
		if speak.Allowed(o, speak.Change{}, roleOf(t)) { // the bot would: it is the company that does not
			key = "gateway.closed"
		}
		t.Say(talk.Screen{Text: t.Book.Text(key), Menu: r.menu(ctx, t)})
		return nil
	}
	if err := o.Handle(ctx, t); err != nil {
		return err
	}
	return r.engine.Leave(ctx, t)
}

// knows says whether there is such a command.
func (r *router) knows(command string) bool { _, known := r.orders[command]; return known }

// lost says what can be done, to somebody who did nothing that could be done.
func (r *router) lost(ctx context.Context, t *talk.Turn) error {
	switch t.Standing {
	case talk.Unknown:
		return r.engine.Begin(ctx, t, "register", flow.Data{})
	case talk.Pending:
		t.Outcome = "pending"
		return r.engine.Waiting(ctx, t)
	}
	t.Outcome = "lost"
	t.Say(talk.Screen{Text: t.Book.Text("gateway.hint"), Menu: r.menu(ctx, t)})
	return nil
}

// complain says why something is not done: below a tap as a box to close.
func (r *router) complain(t *talk.Turn, key string) {
	if t.Kind == talk.Tap {
		t.Alert(t.Book.Plain(key))
		return
	}
	t.Say(talk.Screen{Text: t.Book.Text(key)})
}
