package seed

import (
	"time"

	"ukbot/sql/db"
)

// Shifts of the demo company, in hours after midnight.
const (
	dayBegins = 8
	dayEnds   = 20
)

// onDuty are the demo's people who are on shift all of today, by their number:
// so that somebody is, whatever the hour.
var onDuty = []int{1, 2, 7, 8, 9, 10, 11, 13}

// demoShifts are yesterday's, closed; today's, open; and a week of planned ones,
// of which some are free for whoever takes them.
func demoShifts(tenant string, users []db.SeedUsersParams, midnight time.Time) (all []db.SeedShiftsParams) {
	add := func(person int, day, from, to int, status string) {
		start := midnight.AddDate(0, 0, day)
		s := db.SeedShiftsParams{
			TenantID: tenant, ID: id(tenant, "shift", len(all)), Role: "executor", Status: status,
			StartsAt: start.Add(time.Duration(from) * time.Hour), EndsAt: start.Add(time.Duration(to) * time.Hour),
			CreatedAt: midnight.AddDate(0, 0, -7), UpdatedAt: midnight.AddDate(0, 0, -7),
		}
		if person >= 0 {
			s.UserID = &users[person].ID
			s.Role = users[person].Roles[0]
		}
		if status == "open" || status == "closed" {
			s.OpenedAt, s.UpdatedAt = &s.StartsAt, s.StartsAt
		}
		if status == "closed" {
			s.ClosedAt, s.UpdatedAt = &s.EndsAt, s.EndsAt
		}
		all = append(all, s)
	}
	for _, person := range []int{1, 3, 12, 14, 15} {
		add(person, -1, dayBegins, dayEnds, "closed")
	}
	for _, person := range onDuty {
		add(person, 0, 0, 24, "open")
	}
	for day := 1; day <= 7; day++ {
		add(1+day%4, day, dayBegins, dayEnds, "planned")
		for executor := 7; executor < 15; executor += 2 {
			add(executor+day%2, day, dayBegins, dayEnds, "planned")
		}
		add(-1, day, dayEnds, dayEnds+dayBegins, "planned")
	}
	return all
}
