package requests

import (
	"time"

	"ukbot/api"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// alarming are the urgencies whose mark stands beside the status's in lists.
var alarming = map[api.Urgency]bool{api.Urgent: true, api.Critical: true}

// late is the mark of a request whose deadline has passed.
const late = "⏰"

// mark is all marks of a request, the status first.
func mark(r api.Request) string {
	mark := words.Mark("status." + string(r.Status))
	if alarming[r.Urgency] && r.ClosedAt == nil {
		mark += words.Mark("urgency." + string(r.Urgency))
	}
	if r.Overdue {
		mark += late
	}
	return mark
}

// age is how long ago something was.
func age(t *talk.Turn, at time.Time) string { return span(t, t.Now.Sub(at)) }

func span(t *talk.Turn, d time.Duration) string { return t.Book.Duration(max(d, 0)) }

// moment is a point in time as people say it now.
func moment(t *talk.Turn, at time.Time) string { return t.Book.Moment(at, t.Now, t.Zone) }
