package seed

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"ukbot/housing/spelling"
	"ukbot/sql/db"
)

// folk is the demo company's people as rows.
type folk struct {
	users []db.SeedUsersParams
	homes []db.SeedHomesParams
}

// Flats of the demo's residents lie apart: every so many-th is somebody's.
const flatStep = 13

// demoFolk is the people of the table, known for four months, in their flats.
// Chats that other people have already are left to them.
func demoFolk(tenant string, t *town, midnight time.Time, taken []int64) folk {
	var f folk
	since := midnight.AddDate(0, -4, 0)
	for n, p := range people {
		f.users = append(f.users, p.row(tenant, n, since.Add(time.Duration(n)*26*time.Hour), taken))
	}
	for n, p := range people {
		if !slices.Contains(p.roles, "applicant") {
			continue
		}
		flat := t.apartments[n*flatStep%len(t.apartments)].ID
		f.homes = append(f.homes, f.home(tenant, n, flat, "owner", p.status != "pending"))
	}
	// The payer also rents another flat; two links still wait for a manager.
	f.homes = append(f.homes, f.home(tenant, 0, t.apartments[5].ID, "tenant", true))
	for n := 20; n < 22; n++ {
		f.homes = append(f.homes, f.home(tenant, n, t.apartments[n*7].ID, "family", false))
	}
	return f
}

// decider approves people and homes: the demo's manager.
const decider = 1

// row is a person as the database keeps them.
func (p person) row(tenant string, n int, at time.Time, taken []int64) db.SeedUsersParams {
	phone := fmt.Sprintf("+9980000000%02d", n+1)
	u := db.SeedUsersParams{
		TenantID: tenant, ID: id(tenant, "user", n), Name: p.name, Phone: &phone, Language: p.language, Status: p.status,
		Roles: p.roles, ActiveRole: p.roles[0], Specialisations: p.skills, Search: spelling.Fold(p.name + " " + phone),
		CreatedAt: at, UpdatedAt: at,
	}
	if p.telegram != 0 && !slices.Contains(taken, p.telegram) {
		u.TelegramID = &p.telegram
	}
	if u.Specialisations == nil {
		u.Specialisations = []string{}
	}
	if u.Status == "" {
		u.Status = "approved"
	}
	if u.Status != "pending" {
		by := id(tenant, "user", decider)
		u.DecidedBy, u.DecidedAt = &by, &at
	}
	if u.Status == "blocked" {
		reason := "Оскорблял диспетчеров"
		u.StatusReason = &reason
	}
	return u
}

// home links a person to a flat, approved or waiting.
func (f *folk) home(tenant string, n int, apartment uuid.UUID, relation string, approved bool) db.SeedHomesParams {
	at := f.users[n].CreatedAt
	link := db.SeedHomesParams{TenantID: tenant, UserID: f.users[n].ID, ApartmentID: apartment, Relation: relation, Status: "pending", AskedAt: at}
	if approved {
		by := id(tenant, "user", decider)
		link.Status, link.DecidedBy, link.DecidedAt = "approved", &by, &at
	}
	return link
}

// staff fills in who manages and who can do what.
func (w *world) staff(users []db.SeedUsersParams) {
	w.skilled = map[string][]uuid.UUID{}
	for _, u := range users {
		if u.Status != "approved" {
			continue
		}
		if slices.Contains(u.Roles, "manager") {
			w.managers = append(w.managers, u.ID)
		}
		if slices.Contains(u.Roles, "executor") {
			for _, category := range u.Specialisations {
				w.skilled[category] = append(w.skilled[category], u.ID)
			}
		}
	}
}

// residents fills in who lives where.
func (w *world) residents(t *town, users []db.SeedUsersParams, links []db.SeedHomesParams) {
	addresses, flats, people := t.addresses(), map[uuid.UUID]db.SeedApartmentsParams{}, map[uuid.UUID]db.SeedUsersParams{}
	for _, a := range t.apartments {
		flats[a.ID] = a
	}
	for _, u := range users {
		people[u.ID] = u
	}
	for _, link := range links {
		flat, who := flats[link.ApartmentID], people[link.UserID]
		if link.Status != "approved" || who.ActiveRole != "applicant" {
			continue
		}
		w.homes = append(w.homes, home{
			resident: who.ID, building: flat.BuildingID, apartment: flat.ID,
			address: addresses[flat.BuildingID], flat: flat.Number, uzbek: who.Language == "uz",
		})
	}
}
