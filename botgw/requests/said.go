package requests

import (
	"slices"
	"time"

	"ukbot/api"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
)

// remark is something that was said about a request: a comment, or the words
// that came with an action.
type remark struct {
	at   time.Time
	mark string
	who  string
	body string
}

// said is the mark of the words that come with an action. What stands with no
// action here is no remark.
var said = map[string]string{
	"clarify":   "❓",
	"answer":    "💬",
	"purchase":  "🛒",
	"complete":  "🏁",
	"rework":    "↩️",
	"return":    "↩️",
	"accept":    "⭐",
	"cancel":    "✖️",
	"assign":    "🔁",
	"hand_over": "🔁",
}

// Marks of comments. Residents never get internal ones from the housing services.
const (
	markComment  = "💬"
	markInternal = "🔒"
)

// remarksShown is how many remarks stand on a card: what the next step depends
// on is among the last.
const remarksShown = 3

// lastWords is the last remarks, the oldest of them first.
func lastWords(comments []api.RequestComment, history []api.HistoryEntry) []remark {
	var all []remark
	for _, c := range comments {
		mark := markComment
		if c.Visibility == api.Internal {
			mark = markInternal
		}
		all = append(all, remark{c.CreatedAt, mark, c.Author.Name, c.Body})
	}
	for _, h := range history {
		if mark, ok := said[h.Action]; ok && h.Reason != nil {
			all = append(all, remark{h.At, mark, h.Actor.Name, *h.Reason})
		}
	}
	slices.SortStableFunc(all, func(a, b remark) int { return a.at.Compare(b.at) })
	return all[max(0, len(all)-remarksShown):]
}

// Limits of a remark on a card, in UTF-16 units.
const (
	nameShown   = 60
	remarkShown = 250
)

func (r remark) text(t *talk.Turn) string {
	return t.Book.Text("requests.said", words.Args{
		"Mark": r.mark, "Who": telegram.Line(r.who, nameShown), "When": moment(t, r.at), "Body": telegram.Line(r.body, remarkShown),
	})
}
