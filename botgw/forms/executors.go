package forms

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
)

const (
	executorsShown = 6    // on a page: each has two lines and a button
	executorsRead  = 200  // in one call: the housing services' limit
	executorsMax   = 1000 // that are sorted for a choice; a company has dozens

	everyone = "all"   // the choice to see also who is off shift; Data.Query then
	present  = "shift" // and not to
)

// askExecutor shows who could do it: whether they are on shift, their trades,
// what they have to do already.
func askExecutor(ctx context.Context, t *talk.Turn, d *flow.Data) (talk.Screen, error) {
	all, err := executors(ctx, t, d)
	if err != nil {
		return talk.Screen{}, err
	}
	from := min(offset(d), max(len(all)-1, 0)/executorsShown*executorsShown)
	to := min(from+executorsShown, len(all))
	var text strings.Builder
	text.WriteString(t.Book.Text("reassign.ask_executor", words.Args{"Number": d.Request, "Category": t.Book.Plain("category." + d.Category)}))
	var rows [][]talk.Button
	for _, e := range all[from:to] {
		text.WriteString("\n\n" + described(t, e))
		rows = append(rows, []talk.Button{flow.Pick(executorLabel(t, d, e), e.Id.String())})
	}
	if len(all) == 0 {
		text.WriteString("\n\n" + t.Book.Text(nobodyKeys[d.Query == everyone]))
	}
	if turns := turns(t, from > 0, to < len(all)); turns != nil {
		rows = append(rows, turns)
	}
	other := flow.Pick(t.Book.Plain("reassign.everyone"), everyone)
	if d.Query == everyone {
		other = flow.Pick(t.Book.Plain("reassign.present"), present)
	}
	return talk.Screen{Text: text.String(), Rows: append(rows, []talk.Button{other})}, nil
}

// nobodyKeys is what to say of an empty list, by whether it is everybody's.
var nobodyKeys = map[bool]string{true: "reassign.nobody", false: "reassign.nobody_present"}

func turns(t *talk.Turn, back, on bool) (row []talk.Button) {
	if back {
		row = append(row, flow.Pick(t.Book.Plain("button.previous"), earlier))
	}
	if on {
		row = append(row, flow.Pick(t.Book.Plain("button.next"), later))
	}
	return row
}

// offset is how many executors stand before the page that is shown.
func offset(d *flow.Data) int {
	n, err := strconv.Atoi(d.Page)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

func pickExecutor(ctx context.Context, t *talk.Turn, d *flow.Data, args []string) error {
	switch first(args) {
	case earlier:
		d.Page = strconv.Itoa(max(offset(d)-executorsShown, 0))
		return flow.Stay{}
	case later:
		d.Page = strconv.Itoa(offset(d) + executorsShown)
		return flow.Stay{}
	case everyone, present:
		d.Query, d.Page = first(args), ""
		return flow.Stay{}
	}
	// A button may be old: who went off shift since can still be chosen.
	whole := *d
	whole.Query = everyone
	all, err := executors(ctx, t, &whole)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(e api.Executor) bool { return e.Id.String() == first(args) })
	if i < 0 {
		return flow.Stay{}
	}
	d.Executor, d.ExecutorName = first(args), all[i].Name
	return nil
}

// executors is who may be chosen, the best choice first: of the trade, on
// shift, with least to do. Who has the request is not among them.
func executors(ctx context.Context, t *talk.Turn, d *flow.Data) ([]api.Executor, error) {
	var all []api.Executor
	limit := executorsRead
	p := api.ListExecutorsParams{Limit: &limit}
	if d.Query != everyone {
		p.OnShift = new(true)
	}
	for {
		r, err := t.API.ListExecutorsWithResponse(ctx, &p)
		if err != nil {
			return nil, err
		}
		if r.JSON200 == nil {
			return nil, company.Refused(r.ApplicationproblemJSONDefault)
		}
		all = append(all, r.JSON200.Items...)
		if p.Cursor = r.JSON200.NextCursor; p.Cursor == nil || len(all) >= executorsMax {
			break
		}
	}
	all = slices.DeleteFunc(all, func(e api.Executor) bool { return e.Id.String() == d.Holder })
	slices.SortStableFunc(all, func(a, b api.Executor) int {
		return cmp.Or(
			before(knows(a, d), knows(b, d)), before(a.OnShift, b.OnShift),
			cmp.Compare(a.OpenRequests, b.OpenRequests), cmp.Compare(a.Name, b.Name),
		)
	})
	return all, nil
}

// before sorts what is true first.
func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// knows says whether the request is of an executor's trade.
func knows(e api.Executor, d *flow.Data) bool {
	return slices.Contains(e.Specialisations, api.Category(d.Category))
}

// Marks of executors.
const (
	markPresent = "🟢"
	markAbsent  = "⚪️"
)

func presence(e api.Executor) string {
	if e.OnShift {
		return markPresent
	}
	return markAbsent
}

// Limits of what is shown of an executor, in UTF-16 units.
const (
	executorName   = 60
	executorButton = 26
)

// described is an executor in two lines.
func described(t *talk.Turn, e api.Executor) string {
	trades := make([]string, 0, len(e.Specialisations))
	for _, trade := range e.Specialisations {
		trades = append(trades, t.Book.Plain("category."+string(trade)))
	}
	args := words.Args{
		"Mark": presence(e), "Name": telegram.Line(e.Name, executorName), "Trades": strings.Join(trades, ", "),
		"Load": words.HTML(t.Book.Count("reassign.load", e.OpenRequests)), "Rating": "",
	}
	if e.Rating != nil {
		tenths := int(*e.Rating*10 + 0.5)
		args["Rating"] = t.Book.Plain("stats.stars", words.Args{"Whole": tenths / 10, "Tenth": tenths % 10})
	}
	return t.Book.Text("reassign.person", args)
}

// executorLabel is an executor's button. Who is not of the trade is marked: it
// can be right to choose them, but not by accident.
func executorLabel(t *talk.Turn, d *flow.Data, e api.Executor) string {
	text := presence(e) + " " + telegram.Line(e.Name, executorButton) + " · " + strconv.Itoa(e.OpenRequests)
	if !knows(e, d) {
		text += " · " + t.Book.Plain("reassign.other_trade")
	}
	return text
}
