// Package requests shows repair requests in the bot: lists with filters and
// pages, one request as a card with what this person may do with it now, its
// photos and its history.
//
//	r := requests.New(engine.Begin, open)
//	routes, orders := r.Routes(), r.Orders()
//	err := r.Card(ctx, t, "251007-001") // what a deep link opens
//
// What may be done is the housing services' word (Request.actions): it draws
// the buttons, and it is asked again at the tap, so a button of yesterday says
// how things are now and shows the card anew. What needs no words is done here
// at once; what does is handed to a form. Nothing is kept here.
package requests

import (
	"context"
	"regexp"
	"strconv"

	"ukbot/api"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
)

// Requests answers the taps and commands about repair requests.
type Requests struct {
	begin func(ctx context.Context, t *talk.Turn, form string, d flow.Data) error
	open  func(ctx context.Context, t *talk.Turn, order string) bool
}

// New makes it. begin opens a form, as flow.Engine.Begin does. open says whether
// a person may give an order: what is closed is not offered; nil: all may.
func New(begin func(ctx context.Context, t *talk.Turn, form string, d flow.Data) error,
	open func(ctx context.Context, t *talk.Turn, order string) bool,
) *Requests {
	return &Requests{begin, open}
}

// orderNew is the command that begins a request, package desk's.
const orderNew = "new"

// What the buttons ask for. Others link to cards and lists too.
const (
	DoList    = "rl" // filter, page: both may be missing
	DoCard    = "rv" // number, then the list to go back to: filter, page
	doAct     = "ra" // number, action, version, and the list
	doStars   = "rs" // number, stars, and the list
	doPhotos  = "rp" // number
	doHistory = "rh" // number, page, and the list
	doForm    = "rf" // a form that is about no request yet
)

// doShifts is the list of shifts, package desk's.
const doShifts = "shl"

// Routes are the taps that are answered here.
func (r *Requests) Routes() []talk.Route {
	return []talk.Route{
		{Do: DoList, Handle: r.tapList},
		{Do: DoCard, Handle: r.tapCard},
		{Do: doAct, Handle: r.tapAct},
		{Do: doStars, Roles: residents, Handle: r.tapStars},
		{Do: doPhotos, Handle: r.tapPhotos},
		{Do: doHistory, Handle: r.tapHistory},
		{Do: doForm, Order: orderNew, Handle: r.tapForm},
	}
}

// The roles as tables name them.
var (
	residents = []api.Role{api.RoleApplicant}
	executors = []api.Role{api.RoleExecutor}
	managers  = []api.Role{api.RoleManager, api.RoleAdmin}
)

// Orders are the command /requests and the keys of the main menu, which are
// commands of their own.
func (r *Requests) Orders() []talk.Order {
	return []talk.Order{
		{Name: "requests", Describe: "requests.command", Handle: r.command},
		{Name: "mine", Roles: residents, Menu: "requests.menu_mine", Handle: r.opens("")},
		{Name: "work", Roles: executors, Menu: "requests.menu_work", Handle: r.opens("")},
		{Name: "free", Roles: executors, Menu: "requests.menu_free", Handle: r.opens("free")},
		{Name: "queue", Roles: managers, Menu: "requests.menu_queue", Handle: r.opens("")},
	}
}

// command is /requests, and with a number behind it the card.
func (r *Requests) command(ctx context.Context, t *talk.Turn) error {
	if IsNumber(t.Argument) {
		return r.Card(ctx, t, t.Argument)
	}
	return r.list(ctx, t, place{})
}

// opens makes a menu key's handler; "" is the first filter that the role sees.
func (r *Requests) opens(filter string) func(context.Context, *talk.Turn) error {
	return func(ctx context.Context, t *talk.Turn) error { return r.list(ctx, t, place{filter: filter}) }
}

// number is what a request is called. Past 999 in a day it has more digits.
var number = regexp.MustCompile(`^[0-9]{6}-[0-9]{3,9}$`)

// IsNumber says whether a text is the number of a request, as far as can be
// seen from it.
func IsNumber(text string) bool { return number.MatchString(text) }

// place is where in the lists somebody is: cards carry it, so that they can go back.
type place struct {
	filter string
	page   int
}

// placeOf reads a place from the arguments of a tap; anything is some place.
func placeOf(args []string) place {
	page, err := strconv.Atoi(arg(args, 1))
	if err != nil {
		page = 0
	}
	return place{filter: arg(args, 0), page: min(max(page, 0), pageMax)}
}

// args is the place as arguments behind others; nothing for the first page of
// the first list.
func (p place) args(before ...string) []string {
	switch {
	case p.filter == "":
		return before
	case p.page == 0:
		return append(before, p.filter)
	}
	return append(before, p.filter, strconv.Itoa(p.page))
}

// arg is an argument of a tap, "" when an old button has fewer.
func arg(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

// rest is the arguments from the i-th on.
func rest(args []string, i int) []string { return args[min(i, len(args)):] }

func button(text, do string, args ...string) talk.Button {
	return talk.Button{Text: text, Call: talk.Call{Do: do, Args: args}}
}
