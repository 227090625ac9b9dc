package talk

import (
	"context"

	"ukbot/api"
)

// Route answers the taps of one kind of button.
type Route struct {
	Do      string     // of the buttons' Calls; unique among all routes
	Roles   []api.Role // who may, by active role; empty: everybody with a session
	Anybody bool       // also who has no session
	Order   string     // the command that it is another way to: closed with it; "": none
	Handle  func(ctx context.Context, t *Turn, args []string) error
}

// Order is a command, or a key of the main menu: both ask by a word.
type Order struct {
	Name     string     // of the command, without slash
	Roles    []api.Role // who may; empty: everybody
	Anybody  bool       // also who has no session
	Describe string     // key of the description in the command list; "" keeps it out of the list
	Menu     string     // key of the label in the main menu; "" keeps it out of that
	Handle   func(ctx context.Context, t *Turn) error
}
