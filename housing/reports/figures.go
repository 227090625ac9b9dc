package reports

import (
	"math"
	"slices"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/sql/db"
)

// figures is what is counted of some requests.
type figures struct {
	now                                             map[string]int
	created, completed, accepted, cancelled         int32
	returned, inTime, reacted, reactedInTime, rated int32
	stars                                           int32
	times                                           times
}

// cell is what figures are kept by.
type cell struct {
	category string
	executor uuid.UUID // after the change; nobody
}

func (f *figures) merge(other *figures) {
	f.created += other.created
	f.completed += other.completed
	f.accepted += other.accepted
	f.cancelled += other.cancelled
	f.returned += other.returned
	f.inTime += other.inTime
	f.reacted += other.reacted
	f.reactedInTime += other.reactedInTime
	f.rated += other.rated
	f.stars += other.stars
	f.times.merge(&other.times)
	for status, n := range other.now {
		f.open(status, int32(n))
	}
}

// change counts changes of one sort.
func (f *figures) change(c db.CountChangesRow) {
	switch c.ToStatus {
	case "new":
		if c.FromStatus == "" {
			f.created += c.N
		}
	case "completed":
		f.completed += c.N
		f.inTime += c.InTime
	case "accepted":
		f.accepted += c.N
		f.rated += c.Rated
		f.stars += c.Stars
	case "cancelled":
		f.cancelled += c.N
	case "returned":
		f.returned += c.N
	}
	if c.FromStatus == "new" && c.ToStatus != "cancelled" {
		f.reacted += c.N
		f.reactedInTime += c.ReactedInTime
	}
	if status := slices.Index(timed, c.FromStatus); status >= 0 {
		f.times[status].add(int(c.Bucket), c.N)
	}
}

// open counts requests that are in a status now.
func (f *figures) open(status string, n int32) {
	if f.now == nil {
		f.now = map[string]int{}
	}
	f.now[status] += int(n)
}

// show is the figures as the API has them.
func (f *figures) show() api.Figures {
	shown := api.Figures{
		Now: f.now, Created: int(f.created), Completed: int(f.completed), Accepted: int(f.accepted), Cancelled: int(f.cancelled),
		Returned: int(f.returned), Rated: int(f.rated), InTimePercent: percent(f.inTime, f.completed),
		ReactionInTimePercent: percent(f.reactedInTime, f.reacted), Times: []api.StatusTime{},
	}
	if shown.Now == nil {
		shown.Now = map[string]int{}
	}
	if f.rated > 0 {
		shown.Rating = new(rounded(float64(f.stars)/float64(f.rated), 100))
	}
	for status, h := range f.times {
		if n := h.count(); n > 0 {
			shown.Times = append(shown.Times, api.StatusTime{Status: api.RequestStatus(timed[status]), MedianSeconds: h.median(), Count: int(n)})
		}
	}
	return shown
}

// percent is nil of nothing.
func percent(part, whole int32) *float64 {
	if whole == 0 {
		return nil
	}
	return new(rounded(100*float64(part)/float64(whole), 10))
}

func rounded(x, to float64) float64 { return math.Round(x*to) / to }
