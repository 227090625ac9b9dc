package buildings

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"ukbot/housing/spelling"
	"ukbot/sql/db"
)

// register compares a file with what is there and writes the difference, in
// batches: what it holds of the database at once does not grow with either.
type register struct {
	q        *db.Queries
	tenant   string
	now      time.Time
	dry      bool // write nothing; what is missing gets an id nobody has
	progress func(done, total int)

	yards map[string]uuid.UUID
}

// Sizes of batches, in rows.
const (
	buildingsBatch = 500
	rowsBatch      = 5000
)

// bring does everything, and counts it into the report.
func (g *register) bring(ctx context.Context, said *content, report *Report) error {
	report.Created, report.Updated, report.Unchanged = Counts{}, Counts{}, Counts{}
	if err := g.bringYards(ctx, said.yards, report); err != nil {
		return err
	}
	done := 0
	for batch := range slices.Chunk(said.buildings, buildingsBatch) {
		ids, err := g.bringBuildings(ctx, batch, report)
		if err != nil {
			return err
		}
		entrances, err := g.bringEntrances(ctx, batch, ids, report)
		if err != nil {
			return err
		}
		for rows := range slices.Chunk(flats(batch, ids, entrances), rowsBatch) {
			if err := g.bringApartments(ctx, rows, report); err != nil {
				return err
			}
			done += len(rows)
			g.progress(done, said.apartments)
		}
	}
	return nil
}

// tally counts what became of one thing.
func tally(isNew, changed bool, created, updated, unchanged *int) {
	switch {
	case isNew:
		*created++
	case changed:
		*updated++
	default:
		*unchanged++
	}
}

func (g *register) bringYards(ctx context.Context, names []string, report *Report) error {
	g.yards = map[string]uuid.UUID{}
	if err := g.findYards(ctx, names); err != nil {
		return err
	}
	var add db.ImportYardsParams
	for _, name := range names {
		_, there := g.yards[name]
		tally(!there, false, &report.Created.Yards, nil, &report.Unchanged.Yards)
		if there {
			continue
		}
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		g.yards[name] = id
		add.Ids, add.Names = append(add.Ids, id), append(add.Names, name)
	}
	if g.dry || len(add.Ids) == 0 {
		return nil
	}
	add.TenantID, add.Now = g.tenant, g.now
	if err := g.q.ImportYards(ctx, add); err != nil {
		return err
	}
	return g.findYards(ctx, add.Names) // somebody may have made one of them just now
}

func (g *register) findYards(ctx context.Context, names []string) error {
	rows, err := g.q.YardsNamed(ctx, g.tenant, names)
	for _, row := range rows {
		g.yards[row.Name] = row.ID
	}
	return err
}

// bringBuildings gives the ids of a batch's buildings by address.
func (g *register) bringBuildings(ctx context.Context, batch []*house, report *Report) (map[string]uuid.UUID, error) {
	addresses := make([]string, 0, len(batch))
	for _, h := range batch {
		addresses = append(addresses, h.address)
	}
	there, err := g.findBuildings(ctx, addresses)
	if err != nil {
		return nil, err
	}
	ids := make(map[string]uuid.UUID, len(batch))
	put := db.ImportBuildingsParams{TenantID: g.tenant, Now: g.now}
	for _, h := range batch {
		old, known := there[h.address]
		changed := known && (old.YardID != g.yards[h.yard] || h.place != 0 && (old.Lat == nil || *old.Lat != h.lat || *old.Lon != h.lon))
		tally(!known, changed, &report.Created.Buildings, &report.Updated.Buildings, &report.Unchanged.Buildings)
		ids[h.address] = old.ID
		if known && !changed {
			continue
		}
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		if !known {
			ids[h.address] = id
		}
		lat, lon := math.NaN(), math.NaN()
		if h.place != 0 {
			lat, lon = h.lat, h.lon
		}
		put.Ids, put.YardIds, put.Addresses = append(put.Ids, id), append(put.YardIds, g.yards[h.yard]), append(put.Addresses, h.address)
		put.Lats, put.Lons, put.Searches = append(put.Lats, lat), append(put.Lons, lon), append(put.Searches, spelling.Fold(h.address))
	}
	if g.dry || len(put.Ids) == 0 {
		return ids, nil
	}
	if err := g.q.ImportBuildings(ctx, put); err != nil {
		return nil, err
	}
	written, err := g.findBuildings(ctx, put.Addresses)
	for address, row := range written {
		ids[address] = row.ID
	}
	return ids, err
}

func (g *register) findBuildings(ctx context.Context, addresses []string) (map[string]db.BuildingsAtRow, error) {
	rows, err := g.q.BuildingsAt(ctx, g.tenant, addresses)
	there := make(map[string]db.BuildingsAtRow, len(rows))
	for _, row := range rows {
		there[row.Address] = row
	}
	return there, err
}

// numbered names an entrance or apartment.
type numbered struct {
	building uuid.UUID
	number   string
}

// bringEntrances gives the ids of a batch's entrances.
func (g *register) bringEntrances(ctx context.Context, batch []*house, ids map[string]uuid.UUID, report *Report) (map[numbered]uuid.UUID, error) {
	var all []numbered
	for _, h := range batch {
		for _, number := range h.entrances {
			all = append(all, numbered{ids[h.address], number})
		}
	}
	entrances := make(map[numbered]uuid.UUID, len(all))
	for rows := range slices.Chunk(all, rowsBatch) {
		if err := g.findEntrances(ctx, rows, entrances); err != nil {
			return nil, err
		}
		var missing []numbered
		for _, row := range rows {
			_, there := entrances[row]
			tally(!there, false, &report.Created.Entrances, nil, &report.Unchanged.Entrances)
			if !there {
				missing = append(missing, row)
			}
		}
		if err := g.addEntrances(ctx, missing, entrances); err != nil {
			return nil, err
		}
	}
	return entrances, nil
}

func (g *register) addEntrances(ctx context.Context, missing []numbered, entrances map[numbered]uuid.UUID) error {
	add := db.ImportEntrancesParams{TenantID: g.tenant}
	for _, row := range missing {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		entrances[row] = id
		add.Ids, add.BuildingIds, add.Numbers = append(add.Ids, id), append(add.BuildingIds, row.building), append(add.Numbers, row.number)
	}
	if g.dry || len(missing) == 0 {
		return nil
	}
	if err := g.q.ImportEntrances(ctx, add); err != nil {
		return err
	}
	return g.findEntrances(ctx, missing, entrances)
}

func (g *register) findEntrances(ctx context.Context, rows []numbered, into map[numbered]uuid.UUID) error {
	ask := db.EntrancesNumberedParams{TenantID: g.tenant}
	for _, row := range rows {
		ask.BuildingIds, ask.Numbers = append(ask.BuildingIds, row.building), append(ask.Numbers, row.number)
	}
	there, err := g.q.EntrancesNumbered(ctx, ask)
	for _, row := range there {
		into[numbered{row.BuildingID, row.Number}] = row.ID
	}
	return err
}

// flatRow is an apartment of a file with the ids it needs.
type flatRow struct {
	numbered
	entrance uuid.UUID // zero: not said
	floor    int16     // noFloor: not said
}

func flats(batch []*house, ids map[string]uuid.UUID, entrances map[numbered]uuid.UUID) (rows []flatRow) {
	for _, h := range batch {
		building := ids[h.address]
		for _, f := range h.apartments {
			row := flatRow{numbered: numbered{building, f.number}, floor: f.floor}
			if f.entrance != "" {
				row.entrance = entrances[numbered{building, f.entrance}]
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func (g *register) bringApartments(ctx context.Context, rows []flatRow, report *Report) error {
	there, err := g.findApartments(ctx, rows)
	if err != nil {
		return err
	}
	put := db.ImportApartmentsParams{TenantID: g.tenant, Now: g.now}
	for _, row := range rows {
		old, known := there[row.numbered]
		changed := known && row.differs(old)
		tally(!known, changed, &report.Created.Apartments, &report.Updated.Apartments, &report.Unchanged.Apartments)
		if known && !changed {
			continue
		}
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		put.Ids, put.BuildingIds, put.Numbers = append(put.Ids, id), append(put.BuildingIds, row.building), append(put.Numbers, row.number)
		put.EntranceIds, put.Floors = append(put.EntranceIds, row.entrance), append(put.Floors, row.floor)
	}
	if g.dry || len(put.Ids) == 0 {
		return nil
	}
	return g.q.ImportApartments(ctx, put)
}

// differs says whether the file says otherwise than what is there.
func (f flatRow) differs(old db.ApartmentsNumberedRow) bool {
	return f.entrance != uuid.Nil && (old.EntranceID == nil || *old.EntranceID != f.entrance) ||
		f.floor != noFloor && (old.Floor == nil || *old.Floor != f.floor)
}

func (g *register) findApartments(ctx context.Context, rows []flatRow) (map[numbered]db.ApartmentsNumberedRow, error) {
	ask := db.ApartmentsNumberedParams{TenantID: g.tenant}
	for _, row := range rows {
		ask.BuildingIds, ask.Numbers = append(ask.BuildingIds, row.building), append(ask.Numbers, row.number)
	}
	found, err := g.q.ApartmentsNumbered(ctx, ask)
	there := make(map[numbered]db.ApartmentsNumberedRow, len(found))
	for _, row := range found {
		there[numbered{row.BuildingID, row.Number}] = row
	}
	return there, err
}
