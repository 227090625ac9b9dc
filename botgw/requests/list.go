package requests

import (
	"context"
	"strconv"
	"strings"

	"ukbot/api"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
)

func (r *Requests) tapList(ctx context.Context, t *talk.Turn, args []string) error {
	return r.list(ctx, t, placeOf(args))
}

// list shows a page of a filter's requests.
func (r *Requests) list(ctx context.Context, t *talk.Turn, at place) error {
	v, f := choose(t, at.filter)
	w, err := read(ctx, t, f, at.page)
	if err != nil {
		return err
	}
	t.Step = DoList
	t.Show(listed(t, v, f, w, r.mayMake(ctx, t)))
	return nil
}

// mayMake says whether the person may make a request.
func (r *Requests) mayMake(ctx context.Context, t *talk.Turn) bool {
	return r.open == nil || r.open(ctx, t, orderNew)
}

// invites are the words about an empty list that say how to make a request.
var invites = map[string]bool{"requests.empty_mine_open": true, "requests.empty_mine_all": true, "requests.empty_all": true}

// listed is the screen of a page.
func listed(t *talk.Turn, v view, f filter, w window, mayMake bool) talk.Screen {
	var b strings.Builder
	b.WriteString(t.Book.Text("requests.list", words.Args{
		"Title": t.Book.Plain(v.title), "Filter": t.Book.Plain(f.label),
	}))
	if w.page > 0 || w.more {
		b.WriteString(t.Book.Text("requests.page", words.Args{"Page": w.page + 1}))
	}
	if len(w.items) == 0 {
		empty := f.empty
		if invites[empty] && !mayMake {
			empty = "requests.empty"
		}
		b.WriteString("\n\n" + t.Book.Text(empty))
	}
	for i, item := range w.items {
		b.WriteString("\n\n" + line(t, i+1, item))
	}
	return talk.Screen{Text: b.String(), Rows: listRows(t, v, f, w, mayMake)}
}

// Limits of what a line of the list shows, in UTF-16 units.
const (
	lineAddress     = 60
	lineDescription = 90
)

// line is one request in a list: what it is, where and how it stands.
func line(t *talk.Turn, n int, r api.Request) string {
	args := words.Args{
		"N": n, "Mark": mark(r), "Number": r.Number,
		"Category":    t.Book.Plain("category." + string(r.Category)),
		"Status":      t.Book.Plain("status." + string(r.Status)),
		"Address":     address(spoken(t.Book, r), lineAddress),
		"Description": telegram.Line(r.Description, lineDescription),
		"Age":         age(t, r.CreatedAt),
	}
	text := t.Book.Text("requests.line", args)
	if !t.Person.Is(api.RoleApplicant) {
		text += "\n" + t.Book.Text("requests.line_address", args)
	}
	return text + "\n" + t.Book.Text("requests.line_description", args)
}

// address cuts an address in its middle: the flat stands at its end.
func address(s string, limit int) string {
	s = telegram.Line(s, 1000)
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	const tail = 24
	return telegram.Cut(s, limit-tail) + " " + string(runes[len(runes)-tail:])
}

// listRows are the buttons of a page: the requests, the pages, the filters.
func listRows(t *talk.Turn, v view, f filter, w window, mayMake bool) [][]talk.Button {
	at := place{f.code, w.page}
	var rows [][]talk.Button
	if open := openRow(at, w.items); len(open) > 0 {
		rows = append(rows, open)
	}
	if turn := pageRow(t, at, w.more); len(turn) > 0 {
		rows = append(rows, turn)
	}
	rows = append(rows, filterRows(t, v, f)...)
	last := []talk.Button{button(t.Book.Plain("button.refresh"), DoList, at.args()...)}
	if mayMake && t.Person.Is(api.RoleApplicant) {
		last = append(last, button(t.Book.Plain("menu.new"), doForm, "create"))
	}
	return append(rows, last)
}

func openRow(at place, items []api.Request) (row []talk.Button) {
	for i, item := range items {
		row = append(row, button(strconv.Itoa(i+1), DoCard, at.args(item.Number)...))
	}
	return row
}

func pageRow(t *talk.Turn, at place, more bool) (row []talk.Button) {
	if at.page > 0 {
		row = append(row, button(t.Book.Plain("button.previous"), DoList, place{at.filter, at.page - 1}.args()...))
	}
	if more {
		row = append(row, button(t.Book.Plain("button.next"), DoList, place{at.filter, at.page + 1}.args()...))
	}
	return row
}

// filterWidth is how many filters stand in a row: more would be cut on a phone.
const filterWidth = 3

func filterRows(t *talk.Turn, v view, shown filter) (rows [][]talk.Button) {
	for i, f := range v.filters {
		if i%filterWidth == 0 {
			rows = append(rows, nil)
		}
		label := t.Book.Plain(f.label)
		if f.code == shown.code {
			label = "· " + label + " ·"
		}
		last := len(rows) - 1
		rows[last] = append(rows[last], button(label, DoList, place{filter: f.code}.args()...))
	}
	return rows
}

// forms are those that begin here and are about no request yet.
var forms = map[string]bool{"create": true}

func (r *Requests) tapForm(ctx context.Context, t *talk.Turn, args []string) error {
	name := arg(args, 0)
	if !forms[name] {
		return r.list(ctx, t, place{})
	}
	return r.begin(ctx, t, name, flow.Data{})
}
