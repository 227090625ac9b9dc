package seed

import (
	"fmt"
	"math/rand/v2"
	"time"

	"ukbot/housing/spelling"
	"ukbot/sql/db"
)

// houseFlats is how a loaded company's buildings are divided.
var houseFlats = house{entrances: 2, flats: 20}

// town is a loaded company's places: ten streets of houses.
func (l *loader) town(tenant string) *town {
	t := &town{tenant: tenant}
	for n := range l.size.buildings {
		street := streets[n%len(streets)]
		if n < len(streets) {
			t.yard(street)
		}
		h := houseFlats
		h.address = fmt.Sprintf("%s, %d-й квартал, дом %d", street, n/len(streets)/20+1, n/len(streets)%20+1)
		h.lat, h.lon = 41.2+float64(n%100)/500, 69.15+float64(n/100)/50
		t.house(t.yards[n%len(streets)].ID, h)
	}
	return t
}

// folk is managers, executors with two or three specialisations each, and
// residents spread over all flats.
func (l *loader) folk(tenant string, t *town, rng *rand.Rand) folk {
	var f folk
	since := l.now.Truncate(24*time.Hour).AddDate(0, 0, -loadDays-1)
	by := id(tenant, "user", 0)
	for n := range l.size.users {
		u := l.user(tenant, n, since.Add(time.Duration(n)*time.Second), rng)
		u.DecidedBy, u.DecidedAt = &by, &u.CreatedAt
		f.users = append(f.users, u)
		if u.ActiveRole != "applicant" {
			continue
		}
		at := u.CreatedAt
		f.homes = append(f.homes, db.SeedHomesParams{
			TenantID: tenant, UserID: u.ID, ApartmentID: t.apartments[n*7%len(t.apartments)].ID, Relation: "owner",
			Status: "approved", AskedAt: at, DecidedBy: &by, DecidedAt: &at,
		})
	}
	return f
}

// user is the n-th person: managers first, then executors, then residents.
func (l *loader) user(tenant string, n int, at time.Time, rng *rand.Rand) db.SeedUsersParams {
	role, skills := "applicant", []string{}
	switch executor := n - l.size.managers; {
	case executor < 0:
		role = "manager"
	case executor < l.size.executors:
		role = "executor"
		for k := range 2 + executor%2 { // every category has somebody
			skills = append(skills, weights[(executor+k*3)%len(weights)].category)
		}
	}
	language, name := "ru", pick(rng, givenRU)+" "+pick(rng, familyRU)
	if rng.IntN(2) == 0 {
		language, name = "uz", pick(rng, givenUZ)+" "+pick(rng, familyUZ)
	}
	phone, telegram := fmt.Sprintf("+99800%07d", 1000+n), int64(10_000_000+n)
	u := db.SeedUsersParams{
		TenantID: tenant, ID: id(tenant, "user", n), Name: name, Phone: &phone, Language: language, Status: "approved",
		Roles: []string{role}, ActiveRole: role, Specialisations: skills, Search: spelling.Fold(name + " " + phone), CreatedAt: at, UpdatedAt: at,
	}
	if n%10 != 0 { // the others only phone
		u.TelegramID = &telegram
	}
	return u
}
