package seed

import (
	"strconv"

	"github.com/google/uuid"

	"ukbot/housing/spelling"
	"ukbot/sql/db"
)

// town is yards, buildings, entrances and apartments as rows.
type town struct {
	tenant     string
	yards      []db.SeedYardsParams
	buildings  []db.SeedBuildingsParams
	entrances  []db.SeedEntrancesParams
	apartments []db.SeedApartmentsParams
}

// yard adds a yard.
func (t *town) yard(name string) uuid.UUID {
	yard := id(t.tenant, "yard", len(t.yards))
	t.yards = append(t.yards, db.SeedYardsParams{TenantID: t.tenant, ID: yard, Name: name})
	return yard
}

// house adds a building with all its entrances and flats, numbered through.
func (t *town) house(yard uuid.UUID, h house) {
	building := id(t.tenant, "building", len(t.buildings))
	t.buildings = append(t.buildings, db.SeedBuildingsParams{
		TenantID: t.tenant, ID: building, YardID: yard, Address: h.address, Lat: &h.lat, Lon: &h.lon, Search: spelling.Fold(h.address),
	})
	number := 0
	for n := range h.entrances {
		entrance := id(t.tenant, "entrance", len(t.entrances))
		t.entrances = append(t.entrances, db.SeedEntrancesParams{TenantID: t.tenant, ID: entrance, BuildingID: building, Number: strconv.Itoa(n + 1)})
		for flat := range h.flats {
			number++
			floor := int16(flat/perFloor + 1)
			t.apartments = append(t.apartments, db.SeedApartmentsParams{
				TenantID: t.tenant, ID: id(t.tenant, "apartment", len(t.apartments)), BuildingID: building,
				EntranceID: &entrance, Number: strconv.Itoa(number), Floor: &floor,
			})
		}
	}
}

// addresses are the buildings' by id.
func (t *town) addresses() map[uuid.UUID]string {
	by := make(map[uuid.UUID]string, len(t.buildings))
	for _, b := range t.buildings {
		by[b.ID] = b.Address
	}
	return by
}

// demoTown is the demo company's places.
func demoTown(tenant string) *town {
	t := &town{tenant: tenant}
	for _, place := range places {
		yard := t.yard(place.yard)
		for _, h := range place.houses {
			t.house(yard, h)
		}
	}
	return t
}
