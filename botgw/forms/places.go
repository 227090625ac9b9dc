package forms

import (
	"context"
	"strings"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
)

const (
	queryMax       = 100 // characters the housing services take of a search
	apartmentsLook = 200 // apartments read at a time when somebody writes a number
	looksMax       = 10  // of them: no building has 2,000 apartments

	unlisted = "none" // the choice "my house is not in the list"; Data.Yard then
	shared   = "all"  // the choice of a building's common parts
)

var (
	yards      = list{8, 1, loadYards}
	buildings  = list{8, 1, loadBuildings}
	apartments = list{24, 4, loadApartments}
)

// yardStep lets somebody choose a yard, or search an address at once.
func yardStep(when func(*talk.Turn, *flow.Data) bool, extra ...string) flow.Step {
	return flow.Step{
		Name: "yard", Hint: "flow.hint_search", When: when,
		Ask:  askList(yards, "flow.ask_yard", extra),
		Pick: pickYard,
		Take: map[talk.Kind]flow.Taking{talk.Text: search(nil)},
	}
}

// buildingStep follows with the yard's buildings, or with what was found.
func buildingStep(when func(*talk.Turn, *flow.Data) bool, extra ...string) flow.Step {
	return flow.Step{
		Name: "building", Hint: "flow.hint_search",
		When: func(t *talk.Turn, d *flow.Data) bool { return when(t, d) && d.Yard != unlisted },
		Ask:  askList(buildings, "flow.ask_building", extra),
		Pick: pickBuilding,
		Take: map[talk.Kind]flow.Taking{talk.Text: search(flow.Stay{})},
	}
}

// apartmentStep follows with the building's apartments; extra are further choices.
func apartmentStep(when func(*talk.Turn, *flow.Data) bool, extra ...string) flow.Step {
	return flow.Step{
		Name: "apartment", Hint: "flow.hint_apartment",
		When: func(t *talk.Turn, d *flow.Data) bool { return when(t, d) && d.Yard != unlisted },
		Ask:  askList(apartments, "flow.ask_apartment", extra),
		Pick: pickApartment,
		Take: map[talk.Kind]flow.Taking{talk.Text: findApartment},
	}
}

// extras are the labels of choices that stand below a list.
var extras = map[string]string{unlisted: "flow.unlisted", shared: "flow.common_parts"}

func askList(l list, question string, extra []string) func(context.Context, *talk.Turn, *flow.Data) (talk.Screen, error) {
	return func(ctx context.Context, t *talk.Turn, d *flow.Data) (talk.Screen, error) {
		rows, err := l.rows(ctx, t, d)
		if err != nil {
			return talk.Screen{}, err
		}
		text := t.Book.Text(question, words.Args{"Address": d.BuildingName})
		if len(rows) == 0 {
			text = t.Book.Text("flow.nothing_found")
		}
		for _, choice := range extra {
			rows = append(rows, []talk.Button{flow.Pick(t.Book.Plain(extras[choice]), choice)})
		}
		return talk.Screen{Text: text, Rows: rows}, nil
	}
}

func loadYards(ctx context.Context, t *talk.Turn, _ *flow.Data, cursor *string, limit int) ([]talk.Button, string, error) {
	r, err := t.API.ListYardsWithResponse(ctx, &api.ListYardsParams{Limit: &limit, Cursor: cursor})
	if err != nil {
		return nil, "", err
	}
	if r.JSON200 == nil {
		return nil, "", company.Refused(r.ApplicationproblemJSONDefault)
	}
	var buttons []talk.Button
	for _, yard := range r.JSON200.Items {
		buttons = append(buttons, flow.Pick(label(yard.Name), yard.Id.String()))
	}
	return buttons, value(r.JSON200.NextCursor), nil
}

func loadBuildings(ctx context.Context, t *talk.Turn, d *flow.Data, cursor *string, limit int) ([]talk.Button, string, error) {
	params := &api.ListBuildingsParams{Yard: optional(d.Yard), Limit: &limit, Cursor: cursor}
	if d.Query != "" {
		params.Q = &d.Query
	}
	r, err := t.API.ListBuildingsWithResponse(ctx, params)
	if err != nil {
		return nil, "", err
	}
	if r.JSON200 == nil {
		return nil, "", company.Refused(r.ApplicationproblemJSONDefault)
	}
	var buttons []talk.Button
	for _, building := range r.JSON200.Items {
		buttons = append(buttons, flow.Pick(label(building.Address), building.Id.String()))
	}
	return buttons, value(r.JSON200.NextCursor), nil
}

func loadApartments(ctx context.Context, t *talk.Turn, d *flow.Data, cursor *string, limit int) ([]talk.Button, string, error) {
	page, err := apartmentPage(ctx, t, d, cursor, limit)
	if err != nil {
		return nil, "", err
	}
	var buttons []talk.Button
	for _, apartment := range page.Items {
		buttons = append(buttons, flow.Pick(label(apartment.Number), apartment.Id.String()))
	}
	return buttons, value(page.NextCursor), nil
}

func apartmentPage(ctx context.Context, t *talk.Turn, d *flow.Data, cursor *string, limit int) (*api.ApartmentPage, error) {
	building, err := parse(d.Building)
	if err != nil {
		return nil, company.Refused(nil)
	}
	r, err := t.API.ListApartmentsWithResponse(ctx, building, &api.ListApartmentsParams{Limit: &limit, Cursor: cursor})
	if err != nil {
		return nil, err
	}
	if r.JSON200 == nil {
		return nil, company.Refused(r.ApplicationproblemJSONDefault)
	}
	return r.JSON200, nil
}

func pickYard(ctx context.Context, t *talk.Turn, d *flow.Data, args []string) error {
	if turned, err := yards.turn(ctx, t, d, args); turned || err != nil {
		return stay(err)
	}
	clearPlace(d)
	if d.Query = ""; first(args) == unlisted {
		d.Yard = unlisted
		return nil
	}
	yard, err := parse(first(args))
	if err == nil {
		d.Yard = yard.String()
	}
	return err
}

func pickBuilding(ctx context.Context, t *talk.Turn, d *flow.Data, args []string) error {
	if turned, err := buildings.turn(ctx, t, d, args); turned || err != nil {
		return stay(err)
	}
	if first(args) == unlisted {
		clearPlace(d)
		d.Yard = unlisted
		return nil
	}
	id, err := parse(first(args))
	if err != nil {
		return err
	}
	r, err := t.API.GetBuildingWithResponse(ctx, id)
	if err != nil {
		return err
	}
	if r.JSON200 == nil {
		return gone(company.Refused(r.ApplicationproblemJSONDefault))
	}
	yard := d.Yard
	clearPlace(d)
	d.Yard, d.Building, d.BuildingName = yard, id.String(), r.JSON200.Address
	return nil
}

func pickApartment(ctx context.Context, t *talk.Turn, d *flow.Data, args []string) error {
	if turned, err := apartments.turn(ctx, t, d, args); turned || err != nil {
		return stay(err)
	}
	switch first(args) {
	case shared:
		live(d, "", "")
		return nil
	case unlisted:
		clearPlace(d)
		d.Yard = unlisted
		return nil
	}
	id, err := parse(first(args))
	if err != nil {
		return err
	}
	r, err := t.API.GetApartmentWithResponse(ctx, id)
	if err != nil {
		return err
	}
	if r.JSON200 == nil {
		return gone(company.Refused(r.ApplicationproblemJSONDefault))
	}
	if r.JSON200.Building.Id.String() != d.Building {
		return flow.Stay{}
	}
	live(d, id.String(), r.JSON200.Number)
	return nil
}

// findApartment takes a number that was written.
func findApartment(ctx context.Context, t *talk.Turn, d *flow.Data) error {
	number := strings.TrimSpace(t.Text)
	var cursor *string
	for range looksMax {
		page, err := apartmentPage(ctx, t, d, cursor, apartmentsLook)
		if err != nil {
			return err
		}
		for _, apartment := range page.Items {
			if strings.EqualFold(apartment.Number, number) {
				live(d, apartment.Id.String(), apartment.Number)
				return nil
			}
		}
		if cursor = page.NextCursor; cursor == nil {
			break
		}
	}
	return flow.Complaint{Key: "flow.no_apartment", Args: words.Args{"Number": telegram.Line(number, labelMax)}}
}

// search looks for buildings by what was written, in every yard.
func search(then error) flow.Taking {
	return func(_ context.Context, t *talk.Turn, d *flow.Data) error {
		query := []rune(strings.TrimSpace(t.Text))
		if len(query) == 0 {
			return flow.Complaint{Key: "flow.empty"}
		}
		clearPlace(d)
		d.Query, d.Page = string(query[:min(len(query), queryMax)]), ""
		return then
	}
}

// live puts the apartment into the data; none is the building's common parts.
func live(d *flow.Data, apartment, number string) {
	d.Apartment, d.ApartmentName, d.Common = apartment, number, apartment == ""
	d.Applicant, d.ApplicantName = "", ""
}

func clearPlace(d *flow.Data) {
	d.Yard, d.Building, d.BuildingName = "", "", ""
	live(d, "", "")
	d.Common = false
}

// gone says that what a button stands for is there no more.
func gone(err error) error {
	if company.Is(err, "not_found") {
		return flow.Complaint{Key: "flow.gone"}
	}
	return err
}

// stay keeps the step where nothing went wrong.
func stay(err error) error {
	if err == nil {
		return flow.Stay{}
	}
	return err
}
