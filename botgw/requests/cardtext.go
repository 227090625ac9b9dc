package requests

import (
	"html"
	"strings"

	"ukbot/api"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
)

// Limits of what a card shows, in UTF-16 units. With the longest names and
// remarks it stays below Telegram's 4096.
const (
	addressShown     = 300
	descriptionShown = 1500
	// descriptionFolds is from where on a description is folded until it is tapped.
	descriptionFolds = 400
	reviewShown      = 300
)

// screen is the card: what it is, who has it, when it is due, what was said,
// what comes next.
func (f folder) screen(t *talk.Turn, at place) talk.Screen {
	parts := []string{f.head(t), quote(f.Description), f.people(t), f.times(t), f.remarks(t)}
	if key := f.hint(t); key != "" {
		parts = append(parts, t.Book.Text(key))
	}
	full := parts[:0]
	for _, part := range parts {
		if part != "" {
			full = append(full, part)
		}
	}
	return talk.Screen{Text: strings.Join(full, "\n\n"), Rows: f.rows(t, at)}
}

func (f folder) head(t *talk.Turn) string {
	return t.Book.Text("requests.head", words.Args{
		"Mark": mark(f.Request), "Number": f.Number, "Status": t.Book.Plain("status." + string(f.Status)),
		"Category": t.Book.Plain("category." + string(f.Category)), "Urgency": t.Book.Plain("urgency." + string(f.Urgency)),
		"Address": telegram.Line(spoken(t.Book, f.Request), addressShown),
	})
}

// quote is a description as it was written, line by line.
func quote(description string) string {
	var lines []string
	for line := range strings.Lines(description) {
		if line = telegram.Line(line, descriptionShown); line != "" {
			lines = append(lines, line)
		}
	}
	text := telegram.Cut(strings.Join(lines, "\n"), descriptionShown)
	tag := "blockquote"
	if len(text) > descriptionFolds {
		tag = "blockquote expandable"
	}
	return "<" + tag + ">" + html.EscapeString(text) + "</blockquote>"
}

// people is who asked for it and who has it. Residents know that they did.
func (f folder) people(t *talk.Turn) string {
	var lines []string
	if t.Person.ID != f.Applicant.Id.String() {
		name := telegram.Line(f.Applicant.Name, nameShown)
		if f.Applicant.Phone != nil {
			name += ", " + *f.Applicant.Phone
		}
		lines = append(lines, t.Book.Text("requests.applicant", words.Args{"Name": name}))
	}
	switch {
	case f.Executor == nil:
		lines = append(lines, t.Book.Text("requests.executor_none"))
	case f.Executor.Id == t.Person.ID:
		lines = append(lines, t.Book.Text("requests.executor_you"))
	default:
		lines = append(lines, t.Book.Text("requests.executor", words.Args{"Name": telegram.Line(f.Executor.Name, nameShown)}))
	}
	if f.Status == api.RequestStatusCancelled && f.Executor == nil {
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines, "\n")
}

// times is how old it is, when it is due and how it was rated.
func (f folder) times(t *talk.Turn) string {
	lines := []string{t.Book.Text("requests.made", words.Args{"When": moment(t, f.CreatedAt), "Age": age(t, f.CreatedAt)})}
	if due := f.due(t); due != "" {
		lines = append(lines, due)
	}
	if f.ClosedAt != nil {
		lines = append(lines, t.Book.Text("requests.closed_at", words.Args{"When": moment(t, *f.ClosedAt)}))
	}
	if f.Stars != nil {
		lines = append(lines, t.Book.Text("requests.rated", words.Args{"Stars": words.Rating(*f.Stars)}))
	}
	return strings.Join(lines, "\n")
}

// due is the deadline that counts now, in words when it has passed.
func (f folder) due(t *talk.Turn) string {
	stands := t.Now
	if f.Deadlines.PausedSince != nil {
		stands = *f.Deadlines.PausedSince
	}
	when := func(key string) string {
		return t.Book.Text(key, words.Args{"Reaction": moment(t, f.Deadlines.Reaction), "Completion": moment(t, f.Deadlines.Completion), "Since": moment(t, stands)})
	}
	switch {
	case f.ClosedAt != nil:
		return ""
	case f.Overdue && f.Deadlines.Completion.Before(stands):
		return t.Book.Text("requests.late_completion", words.Args{"By": span(t, stands.Sub(f.Deadlines.Completion))})
	case f.Overdue:
		return t.Book.Text("requests.late_reaction", words.Args{"By": span(t, t.Now.Sub(f.Deadlines.Reaction))})
	case f.Status == api.RequestStatusNew:
		return when("requests.due_reaction")
	case f.Status == api.RequestStatusPurchase, f.Status == api.RequestStatusClarification:
		return when("requests.due_paused")
	case f.Status == api.RequestStatusCompleted, f.Status == api.RequestStatusConfirmed:
		return ""
	}
	return when("requests.due_completion")
}

func (f folder) remarks(t *talk.Turn) string {
	var lines []string
	for _, r := range f.said {
		lines = append(lines, r.text(t))
	}
	return strings.Join(lines, "\n")
}
