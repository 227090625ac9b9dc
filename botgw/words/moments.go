package words

import (
	"strconv"
	"strings"
	"time"
)

// Date is a day with its year: "7 октября 2025".
func (b Book) Date(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	return b.Plain("date.full", Args{"Day": t.Day(), "Month": b.month(t), "Year": t.Year()})
}

// Clock is a time of day: "14:05".
func Clock(t time.Time, zone *time.Location) string { return t.In(zone).Format("15:04") }

// Day is a day as people say it now: "сегодня", "вчера", "завтра", "7 октября";
// with its year when that is another one.
func (b Book) Day(t, now time.Time, zone *time.Location) string {
	t, now = t.In(zone), now.In(zone)
	switch daysBetween(now, t) {
	case -1:
		return b.Plain("date.yesterday")
	case 0:
		return b.Plain("date.today")
	case 1:
		return b.Plain("date.tomorrow")
	}
	if t.Year() != now.Year() {
		return b.Date(t, zone)
	}
	return b.Plain("date.day", Args{"Day": t.Day(), "Month": b.month(t)})
}

// Moment is a day as people say it now, and the time: "вчера, 14:05".
func (b Book) Moment(t, now time.Time, zone *time.Location) string {
	return b.Plain("date.moment", Args{"Date": b.Day(t, now, zone), "Time": Clock(t, zone)})
}

// Weekday is the day of the week, short: "пн".
func (b Book) Weekday(t time.Time, zone *time.Location) string {
	day := int(t.In(zone).Weekday()+6)%7 + 1 // Monday is the first
	return b.Plain("weekday." + strconv.Itoa(day))
}

func (b Book) month(t time.Time) string { return b.Plain("month." + strconv.Itoa(int(t.Month()))) }

// daysBetween is how many midnights lie between two times of one zone.
func daysBetween(from, to time.Time) int {
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(day(to).Sub(day(from)) / (24 * time.Hour))
}

// Duration is how long something takes, in its two largest units: "2 ч 15 мин".
// The sign is left out: whether it is over is for the text around it to say.
func (b Book) Duration(d time.Duration) string {
	minutes := int(d.Abs().Round(time.Minute) / time.Minute)
	days, hours := minutes/(24*60), minutes/60%24
	if minutes %= 60; days > 0 {
		minutes = 0
	}
	var said []string
	for _, part := range []struct {
		key   string
		count int
	}{{"duration.days", days}, {"duration.hours", hours}, {"duration.minutes", minutes}} {
		if part.count > 0 {
			said = append(said, b.Plain(part.key, Args{"Count": part.count}))
		}
	}
	if len(said) == 0 {
		return b.Plain("duration.instant")
	}
	return strings.Join(said, " ")
}

// Percent is a share of 1, rounded: "87 %".
func (b Book) Percent(share float64) string {
	return b.Plain("number.percent", Args{"Number": strconv.FormatFloat(100*share, 'f', 0, 64)})
}

// Number is a number with its thousands apart: "12 480"; "12,480" in English.
func (b Book) Number(n int) string {
	digits, sign := strconv.Itoa(n), ""
	if n < 0 {
		digits, sign = digits[1:], "−"
	}
	apart := "\u00a0"
	if b.Language() == "en" {
		apart = ","
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + apart + digits[i:]
	}
	return sign + digits
}
