package forms

import (
	"context"
	"strings"

	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
)

// What turns a page, as a choice.
const (
	later   = "+"
	earlier = "-"
)

// list is a list of choices that comes in pages. Its cursors lie in Data.Page, a
// blank between them, so that the way back is known.
type list struct {
	size, columns int
	// load gets a page: its buttons, and the cursor of the next, "" on the last.
	load func(ctx context.Context, t *talk.Turn, d *flow.Data, cursor *string, limit int) ([]talk.Button, string, error)
}

// rows is the current page with what turns it below.
func (l list) rows(ctx context.Context, t *talk.Turn, d *flow.Data) ([][]talk.Button, error) {
	buttons, next, err := l.load(ctx, t, d, cursor(d), l.size)
	if err != nil {
		return nil, err
	}
	rows := grid(l.columns, buttons)
	var turns []talk.Button
	if d.Page != "" {
		turns = append(turns, flow.Pick(t.Book.Plain("button.previous"), earlier))
	}
	if next != "" {
		turns = append(turns, flow.Pick(t.Book.Plain("button.next"), later))
	}
	if len(turns) > 0 {
		rows = append(rows, turns)
	}
	return rows, nil
}

// turn turns the page, if that is what was tapped.
func (l list) turn(ctx context.Context, t *talk.Turn, d *flow.Data, args []string) (turned bool, err error) {
	switch first(args) {
	case earlier:
		before, _ := cutLast(d.Page)
		d.Page = before
		return true, nil
	case later:
		_, next, err := l.load(ctx, t, d, cursor(d), l.size)
		if err == nil && next != "" {
			d.Page = strings.TrimSpace(d.Page + " " + next)
		}
		return true, err
	}
	return false, nil
}

// cursor is that of the current page; nil for the first.
func cursor(d *flow.Data) *string {
	_, last := cutLast(d.Page)
	if last == "" {
		return nil
	}
	return &last
}

func cutLast(page string) (before, last string) {
	if at := strings.LastIndex(page, " "); at >= 0 {
		return page[:at], page[at+1:]
	}
	return "", page
}

// value is what a pointer points to, the zero value for nil.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
