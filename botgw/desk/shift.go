package desk

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// opensBefore is how long before its start a shift can be opened: the housing
// services' rule, here only to draw no button too early.
const opensBefore = time.Hour

// releaseReasons are why a shift is given back, ready to choose.
var releaseReasons = []string{"shifts.reason_ill", "shifts.reason_family", "shifts.reason_plans", "shifts.reason_other"}

// shiftDone is what each action of a shift's card does, and the word for it.
var shiftDone = map[string]struct {
	do   func(ctx context.Context, t *talk.Turn, id uuid.UUID, args []string) (*api.Shift, error)
	said string
}{
	"take":    {takeShift, "shifts.taken"},
	"open":    {openShift, "shifts.opened"},
	"close":   {closeShift, "shifts.closed"},
	"release": {releaseShift, "shifts.released"},
}

// tapShift shows a shift's card, asks why it is released, or changes it: args
// are the action, the shift, the list it came from, and a reason's number.
func (d *Desk) tapShift(ctx context.Context, t *talk.Turn, args []string) error {
	action, from := arg(args, 0), arg(args, 2)
	t.Step = "shift"
	id, err := uuid.Parse(arg(args, 1))
	if err != nil {
		return d.tapShifts(ctx, t, nil)
	}
	done, acts := shiftDone[action]
	if action == "why" {
		t.Show(releaseScreen(t, id, from))
		return nil
	}
	if acts {
		t.Step = "shift/" + action
		shift, err := done.do(ctx, t, id, args)
		if err != nil {
			return d.shiftRefused(ctx, t, id, from, action, err)
		}
		if !told(t) {
			t.Toast(t.Book.Plain(done.said))
		}
		t.Show(shiftCard(t, *shift, from))
		return nil
	}
	return d.showShift(ctx, t, id, from)
}

// showShift shows a shift as it is now; one that is gone, or somebody else's by
// now, leads back to the list.
func (d *Desk) showShift(ctx context.Context, t *talk.Turn, id uuid.UUID, from string) error {
	r, err := t.API.GetShiftWithResponse(ctx, id)
	if err != nil {
		return err
	}
	if r.JSON200 != nil {
		t.Show(shiftCard(t, *r.JSON200, from))
		return nil
	}
	err = company.Refused(r.ApplicationproblemJSONDefault)
	if company.Is(err, "not_found") || company.Is(err, "forbidden") {
		if !told(t) {
			t.Toast(t.Book.Plain("hint.stale"))
		}
		return d.tapShifts(ctx, t, []string{from})
	}
	return err
}

// shiftRefused says why a shift was not changed, and shows it as it is.
func (d *Desk) shiftRefused(ctx context.Context, t *talk.Turn, id uuid.UUID, from, action string, err error) error {
	refusal, by := refusedWith(err, "already_taken", "overlap", "conflict", "not_found", "forbidden")
	if refusal == "" {
		return err
	}
	t.Outcome = "refused"
	switch refusal {
	case "already_taken":
		t.Alert(t.Book.Plain("shifts.already_taken", words.Args{"Name": short(by)}))
	case "conflict":
		t.Alert(t.Book.Plain("shifts.cannot_" + action))
	default:
		t.Alert(t.Book.Problem(refusal))
	}
	return d.showShift(ctx, t, id, from)
}

func takeShift(ctx context.Context, t *talk.Turn, id uuid.UUID, _ []string) (*api.Shift, error) {
	key := t.Key("take")
	r, err := t.API.TakeShiftWithResponse(ctx, id, &api.TakeShiftParams{IdempotencyKey: &key})
	if err != nil {
		return nil, err
	}
	return answer(r.JSON200, r.ApplicationproblemJSONDefault)
}

func openShift(ctx context.Context, t *talk.Turn, id uuid.UUID, _ []string) (*api.Shift, error) {
	key := t.Key("open")
	r, err := t.API.OpenShiftWithResponse(ctx, id, &api.OpenShiftParams{IdempotencyKey: &key})
	if err != nil {
		return nil, err
	}
	return answer(r.JSON200, r.ApplicationproblemJSONDefault)
}

func closeShift(ctx context.Context, t *talk.Turn, id uuid.UUID, _ []string) (*api.Shift, error) {
	key := t.Key("close")
	r, err := t.API.CloseShiftWithResponse(ctx, id, &api.CloseShiftParams{IdempotencyKey: &key})
	if err != nil {
		return nil, err
	}
	closed, err := answer(r.JSON200, r.ApplicationproblemJSONDefault)
	if err != nil {
		return nil, err
	}
	if closed.OpenRequests > 0 {
		t.Alert(t.Book.CountPlain("shifts.left", closed.OpenRequests))
	}
	return &closed.Shift, nil
}

func releaseShift(ctx context.Context, t *talk.Turn, id uuid.UUID, args []string) (*api.Shift, error) {
	key := t.Key("release")
	reason := api.ShiftReason{Reason: t.Book.Plain(reasonAt(releaseReasons, arg(args, 3)))}
	r, err := t.API.ReleaseShiftWithResponse(ctx, id, &api.ReleaseShiftParams{IdempotencyKey: &key}, reason)
	if err != nil {
		return nil, err
	}
	return answer(r.JSON200, r.ApplicationproblemJSONDefault)
}

// reasonAt is a ready-made reason by its number; the last one for a number of an older button.
func reasonAt(reasons []string, number string) string {
	if i, err := strconv.Atoi(number); err == nil && i >= 0 && i < len(reasons) {
		return reasons[i]
	}
	return reasons[len(reasons)-1]
}

func releaseScreen(t *talk.Turn, id uuid.UUID, from string) talk.Screen {
	var rows [][]talk.Button
	for i, key := range releaseReasons {
		rows = append(rows, row(button(t, key, doShift, "release", id.String(), from, strconv.Itoa(i))))
	}
	rows = append(rows, row(button(t, "button.back", doShift, "view", id.String(), from)))
	return talk.Screen{Text: t.Book.Text("shifts.release_ask"), Rows: rows}
}

// shiftCard is a shift with what this person may do with it now.
func shiftCard(t *talk.Turn, shift api.Shift, from string) talk.Screen {
	who := t.Book.Plain("shifts.nobody")
	if shift.User != nil {
		who = shift.User.Name
	}
	text := t.Book.Text("shifts.card", words.Args{
		"Time": shiftTime(t, shift), "Person": who, "Role": roleName(t, api.Role(shift.Role)),
		"Status": t.Book.Shift(string(shift.Status)),
	})
	if shift.Late != nil && *shift.Late {
		text += "\n" + t.Book.Text("shifts.late")
	}
	if shift.Note != "" {
		text += "\n" + t.Book.Text("shifts.note", words.Args{"Note": shift.Note})
	}
	var rows [][]talk.Button
	for _, action := range shiftActions(t, shift) {
		rows = append(rows, row(button(t, "shifts.do_"+action, doShift, action, shift.Id.String(), from)))
	}
	return talk.Screen{Text: text, Rows: append(rows, row(button(t, "button.back", doShifts, from)))}
}

// shiftActions are the buttons of a shift's card.
func shiftActions(t *talk.Turn, shift api.Shift) []string {
	own := shift.User != nil && shift.User.Id == t.Person.ID
	may := own || t.Person.Is(managers...) && shift.User != nil
	over := !t.Now.Before(shift.EndsAt)
	var actions []string
	switch shift.Status {
	case api.ShiftStatusOpen:
		if may {
			actions = append(actions, "close")
		}
	case api.ShiftStatusPlanned:
		if over {
			break
		}
		if shift.User == nil && slices.Contains(t.Person.Roles, api.Role(shift.Role)) {
			actions = append(actions, "take")
		}
		if may && !t.Now.Before(shift.StartsAt.Add(-opensBefore)) {
			actions = append(actions, "open")
		}
		if may {
			actions = append(actions, "why")
		}
	}
	return actions
}
