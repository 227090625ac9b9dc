package requests

import (
	"strconv"
	"time"

	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// age is how long ago something was, roughly.
func age(t *talk.Turn, at time.Time) string { return span(t, t.Now.Sub(at)) }

// span is a duration in its largest unit.
func span(t *talk.Turn, d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Minute:
		return t.Book.Plain("duration.instant")
	case d < time.Hour:
		return t.Book.CountPlain("duration.minutes", int(d/time.Minute))
	case d < 48*time.Hour:
		return t.Book.CountPlain("duration.hours", int(d/time.Hour))
	}
	return t.Book.CountPlain("duration.days", int(d/(24*time.Hour)))
}

// moment is a point in time as the clock shows it, with the day if it is not today.
func moment(t *talk.Turn, at time.Time) string {
	at = at.In(t.Zone)
	clock := at.Format("15:04")
	day := t.Now.In(t.Zone)
	today := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, t.Zone)
	date := ""
	switch days := int(at.Sub(today) / (24 * time.Hour)); {
	case at.Before(today) && !at.Before(today.AddDate(0, 0, -1)):
		date = t.Book.Plain("date.yesterday")
	case at.Before(today), days > 1:
		date = t.Book.Plain("date.day", words.Args{"Day": at.Day(), "Month": t.Book.Plain("month." + strconv.Itoa(int(at.Month())))})
	case days == 1:
		date = t.Book.Plain("date.tomorrow")
	default:
		return clock
	}
	return t.Book.Plain("date.moment", words.Args{"Date": date, "Time": clock})
}
