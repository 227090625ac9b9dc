package desk

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// The lists of shifts there are.
const (
	shiftsMine = "mine" // of one week
	shiftsFree = "free" // that nobody has
	shiftsNow  = "now"  // who is on shift
)

// shiftTabs is which lists a role sees; the first is where it begins.
var shiftTabs = map[api.Role][]string{
	api.RoleExecutor: {shiftsMine, shiftsFree},
	api.RoleManager:  {shiftsNow, shiftsFree, shiftsMine},
	api.RoleAdmin:    {shiftsNow, shiftsFree, shiftsMine},
}

// pageSize is how many shifts, people or events a screen lists.
const pageSize = 8

// shifts shows the first list of the role.
func (d *Desk) shifts(ctx context.Context, t *talk.Turn) error {
	screen, err := shiftList(ctx, t, nil)
	if err == nil {
		t.Say(screen)
	}
	return err
}

func (d *Desk) tapShifts(ctx context.Context, t *talk.Turn, args []string) error {
	screen, err := shiftList(ctx, t, args)
	if oldCursor(err) {
		screen, err = shiftList(ctx, t, args[:min(len(args), 1)])
	}
	if err == nil {
		t.Show(screen)
	}
	return err
}

// shiftList is a list of shifts. args are its name, the week counted from this
// one, and the cursor of the page.
func shiftList(ctx context.Context, t *talk.Turn, args []string) (talk.Screen, error) {
	tabs := shiftTabs[t.Person.Role]
	view := known(arg(args, 0), tabs)
	t.Step = "shifts/" + view
	week, _ := strconv.Atoi(arg(args, 1))
	week = max(-weeksAway, min(week, weeksAway))
	params, err := shiftFilter(t, view, week)
	if err != nil {
		return talk.Screen{}, err
	}
	params.Cursor = cursor(args, 2)
	r, err := t.API.ListShiftsWithResponse(ctx, params)
	if err != nil {
		return talk.Screen{}, err
	}
	if r.JSON200 == nil {
		return talk.Screen{}, company.Refused(r.ApplicationproblemJSONDefault)
	}
	var rows [][]talk.Button
	for _, shift := range r.JSON200.Items {
		rows = append(rows, row(talk.Button{Text: shiftLabel(t, shift, view), Call: talk.Call{Do: doShift, Args: []string{"view", shift.Id.String(), view}}}))
	}
	if view == shiftsMine {
		rows = append(rows, weeks(t, week))
	}
	rows = append(rows, pages(t, doShifts, []string{view, strconv.Itoa(week)}, params.Cursor, r.JSON200.NextCursor)...)
	rows = append(rows, shiftsTabs(t, tabs, view))
	return talk.Screen{Text: shiftsText(t, view, week, len(r.JSON200.Items)), Rows: rows}, nil
}

// weeksAway is how many weeks back and ahead one may look.
const weeksAway = 8

func shiftFilter(t *talk.Turn, view string, week int) (*api.ListShiftsParams, error) {
	limit, yes := pageSize, true
	params := &api.ListShiftsParams{Limit: &limit}
	switch view {
	case shiftsFree:
		planned := api.ShiftStatusPlanned
		params.Free, params.From, params.Status = &yes, &t.Now, &planned
	case shiftsNow:
		open := api.ShiftStatusOpen
		params.Status = &open
	default:
		me, err := uuid.Parse(t.Person.ID)
		if err != nil {
			return nil, err
		}
		from := monday(t.Now.In(t.Zone)).AddDate(0, 0, 7*week)
		to := from.AddDate(0, 0, 7)
		params.User, params.From, params.To = &me, &from, &to
	}
	return params, nil
}

// monday is the first moment of the week, as the company's clock has it.
func monday(now time.Time) time.Time {
	back := (int(now.Weekday()) + 6) % 7
	return time.Date(now.Year(), now.Month(), now.Day()-back, 0, 0, 0, 0, now.Location())
}

func shiftsText(t *talk.Turn, view string, week, found int) string {
	text := t.Book.Text("shifts.title_" + view)
	if view == shiftsMine {
		from := monday(t.Now.In(t.Zone)).AddDate(0, 0, 7*week)
		text = t.Book.Text("shifts.title_mine", words.Args{"From": day(t, from), "To": day(t, from.AddDate(0, 0, 6))})
	}
	if found == 0 {
		return text + "\n\n" + t.Book.Text("shifts.none_"+view)
	}
	return text + "\n\n" + t.Book.Text("shifts.choose")
}

func shiftsTabs(t *talk.Turn, tabs []string, view string) []talk.Button {
	var buttons []talk.Button
	for _, name := range tabs {
		buttons = append(buttons, tick(button(t, "shifts.tab_"+name, doShifts, name), name == view))
	}
	return buttons
}

func weeks(t *talk.Turn, week int) []talk.Button {
	return row(
		button(t, "shifts.week_before", doShifts, shiftsMine, strconv.Itoa(week-1)),
		button(t, "shifts.week_after", doShifts, shiftsMine, strconv.Itoa(week+1)),
	)
}

func shiftLabel(t *talk.Turn, shift api.Shift, view string) string {
	text := words.Mark("shift."+string(shift.Status)) + " " + shiftTime(t, shift)
	if view == shiftsNow && shift.User != nil {
		text = words.Mark("shift."+string(shift.Status)) + " " + short(shift.User.Name) + " · " + shiftTime(t, shift)
	}
	return text
}

// shiftTime is "пн 2 марта, 09:00–18:00"; from a day on it names its last one too.
func shiftTime(t *talk.Turn, shift api.Shift) string {
	begins := t.Book.Weekday(shift.StartsAt, t.Zone) + " " + day(t, shift.StartsAt) + ", " + clock(t, shift.StartsAt)
	if shift.EndsAt.Sub(shift.StartsAt) < 24*time.Hour {
		return begins + "–" + clock(t, shift.EndsAt)
	}
	return begins + " – " + t.Book.Weekday(shift.EndsAt, t.Zone) + " " + day(t, shift.EndsAt) + ", " + clock(t, shift.EndsAt)
}
