package shifts

import "time"

// onWall is the moment at which a clock on the wall of a zone shows a day and
// minutes since its midnight. time.Date does not promise which moment it picks
// when the clocks change; here a time shown twice is its first, and one that is
// skipped lies as much later as the clocks jump.
func onWall(day time.Time, minute int, zone *time.Location) time.Time {
	// minute 1440 is the next day's midnight.
	naive := time.Date(day.Year(), day.Month(), day.Day(), 0, minute, 0, 0, time.UTC)
	before := naive.Add(-offset(naive.Add(-24*time.Hour), zone))
	after := naive.Add(-offset(naive.Add(24*time.Hour), zone))
	if !shows(before, naive, zone) && shows(after, naive, zone) {
		return after
	}
	return before
}

// offset of a zone from UTC at a moment.
func offset(at time.Time, zone *time.Location) time.Duration {
	_, seconds := at.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// shows says whether clocks of a zone read a naive time at a moment.
func shows(at, naive time.Time, zone *time.Location) bool {
	return at.Add(offset(at, zone)).Equal(naive)
}

// spanOn is the time of a usual day: starts and ends are minutes since midnight;
// what does not end after its start ends the next day. False if the clocks skip it.
func spanOn(day time.Time, starts, ends int, zone *time.Location) (from, to time.Time, ok bool) {
	if ends <= starts {
		ends += dayMinutes
	}
	from, to = onWall(day, starts, zone), onWall(day, ends, zone)
	return from, to, to.After(from)
}
