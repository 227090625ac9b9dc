package desk

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// answer is what the housing services said, or why they did not.
func answer[T any](ok *T, refused *api.Problem) (*T, error) {
	if ok == nil {
		return nil, company.Refused(refused)
	}
	return ok, nil
}

// refusedWith is the refusal's code where it is one of these, and who was faster
// where the services say so; "" for any other error.
func refusedWith(err error, codes ...string) (code, by string) {
	var r *company.Refusal
	if !errors.As(err, &r) || !slices.Contains(codes, r.Code) {
		return "", ""
	}
	if r.By != nil {
		by = r.By.Name
	}
	return r.Code, by
}

// told says whether the tap has its toast already.
func told(t *talk.Turn) bool {
	return slices.ContainsFunc(t.Outs, func(o talk.Out) bool { return o.Way == talk.Toast || o.Way == talk.Alert })
}

// known is a name from a button where it is one of these, else the first of them.
func known(name string, names []string) string {
	if slices.Contains(names, name) {
		return name
	}
	return names[0]
}

// cursor is a page's cursor from a tap; nil for the first page.
func cursor(args []string, i int) *string {
	if c := arg(args, i); c != "" {
		return &c
	}
	return nil
}

// pages are the buttons to the first and to the next page of a list, as far as
// there are any. base are the arguments that all pages of the list share.
func pages(t *talk.Turn, do string, base []string, here, next *string) [][]talk.Button {
	var buttons []talk.Button
	if here != nil {
		buttons = append(buttons, button(t, "menu.first_page", do, base...))
	}
	if next != nil && *next != "" {
		buttons = append(buttons, button(t, "button.next", do, append(slices.Clone(base), *next)...))
	}
	if len(buttons) == 0 {
		return nil
	}
	return [][]talk.Button{buttons}
}

// nameMax is how much of a name a button shows, in characters: more would hide
// what stands behind it.
const nameMax = 32

// short cuts a name for a button.
func short(name string) string {
	if r := []rune(name); len(r) > nameMax {
		return string(r[:nameMax-1]) + "…"
	}
	return name
}

func clock(t *talk.Turn, at time.Time) string { return words.Clock(at, t.Zone) }

// day is a day by its date, with the year where it is another one: lists of days
// read better so than with "today" among them.
func day(t *talk.Turn, at time.Time) string {
	at = at.In(t.Zone)
	if at.Year() != t.Now.In(t.Zone).Year() {
		return t.Book.Date(at, t.Zone)
	}
	return t.Book.Plain("date.day", words.Args{"Day": at.Day(), "Month": t.Book.Plain("month." + strconv.Itoa(int(at.Month())))})
}

// oldCursor says whether a page was refused because its cursor means nothing (any
// more): a button from before a change. The list then begins anew.
func oldCursor(err error) bool {
	return company.Is(err, "invalid") || company.Is(err, "invalid_parameter") // the latter: the operators' API
}

// counted is how many there are on a page, with a plus when there are more.
func counted(n int, next *string) string {
	if next != nil && *next != "" {
		return strconv.Itoa(n) + "+"
	}
	return strconv.Itoa(n)
}
