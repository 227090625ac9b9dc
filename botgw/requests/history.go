package requests

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"ukbot/api"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
)

// historySize is how many changes a page of history shows.
const historySize = 10

// deedsDone is how the history tells an action: keys. What is not here is told
// by the status it led to.
var deedsDone = map[string]string{
	"create":    "requests.did_create",
	"edit":      "requests.did_edit",
	"comment":   "requests.did_comment",
	"note":      "requests.did_note",
	"file":      "requests.did_file",
	"hand_over": "requests.did_hand_over",
	"sla":       "requests.did_sla",
	"assign":    "requests.did_assign",
	"take":      "requests.did_take",
	"purchase":  "requests.did_purchase",
	"clarify":   "requests.did_clarify",
	"answer":    "requests.did_answer",
	"resume":    "requests.did_resume",
	"complete":  "requests.did_complete",
	"confirm":   "requests.did_confirm",
	"rework":    "requests.did_rework",
	"accept":    "requests.did_accept",
	"return":    "requests.did_return",
	"cancel":    "requests.did_cancel",
}

// tapHistory shows what happened to a request, the latest first.
func (r *Requests) tapHistory(ctx context.Context, t *talk.Turn, args []string) error {
	tapped := tap{number: arg(args, 0), at: placeOf(rest(args, 2))}
	if !IsNumber(tapped.number) {
		return r.card(ctx, t, tapped.number, tapped.at)
	}
	t.Step = doHistory
	all, err := historyOf(ctx, t, tapped.number)
	if err != nil {
		return r.refused(ctx, t, tapped, err)
	}
	slices.Reverse(all)
	t.Show(told(t, tapped, all, placeOf([]string{"", arg(args, 1)}).page))
	return nil
}

// told is the screen of a page of history.
func told(t *talk.Turn, of tap, all []api.HistoryEntry, page int) talk.Screen {
	page = min(page, max(len(all)-1, 0)/historySize)
	end := min((page+1)*historySize, len(all))
	var b strings.Builder
	b.WriteString(t.Book.Text("requests.history_of", words.Args{"Number": of.number}))
	for _, h := range all[page*historySize : end] {
		b.WriteString("\n\n" + entry(t, h))
	}
	var turn []talk.Button
	if page > 0 {
		turn = append(turn, historyButton(t, "button.previous", of, page-1))
	}
	if end < len(all) {
		turn = append(turn, historyButton(t, "button.next", of, page+1))
	}
	var rows [][]talk.Button
	if turn != nil {
		rows = append(rows, turn)
	}
	back := button(t.Book.Plain("requests.to_card"), DoCard, of.at.args(of.number)...)
	return talk.Screen{Text: b.String(), Rows: append(rows, []talk.Button{back})}
}

func historyButton(t *talk.Turn, label string, of tap, page int) talk.Button {
	return button(t.Book.Plain(label), doHistory, of.at.args(of.number, strconv.Itoa(page))...)
}

// entry is one change in words. Who acted by itself, as the clock does, has no name.
func entry(t *talk.Turn, h api.HistoryEntry) string {
	what := t.Book.Plain("status." + string(h.ToStatus))
	args := words.Args{"Name": ""}
	if h.Executor != nil {
		args["Name"] = telegram.Line(h.Executor.Name, nameShown)
	}
	if key, ok := deedsDone[h.Action]; ok {
		what = t.Book.Plain(key, args)
	}
	who := telegram.Line(h.Actor.Name, nameShown)
	if h.Role == "system" {
		who = ""
	}
	text := t.Book.Text("requests.entry", words.Args{"When": moment(t, h.At), "What": what, "Who": who})
	if h.Reason != nil && h.Action != "file" { // there it is the file's name
		text += "\n" + t.Book.Text("requests.entry_reason", words.Args{"Reason": telegram.Line(*h.Reason, remarkShown)})
	}
	return text
}
