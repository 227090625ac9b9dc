package forms

import (
	"context"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

var (
	categories = []api.Category{
		api.Plumbing, api.Electricity, api.Heating, api.Ventilation, api.Lift,
		api.Cleaning, api.Grounds, api.Security, api.InternetTv, api.Other,
	}
	urgencies = []api.Urgency{api.Normal, api.Medium, api.Urgent, api.Critical}
)

// Create is a new repair request. Residents choose among their own homes;
// managers browse all buildings and say for whom it is.
func Create() flow.Form {
	return flow.Form{
		Name: "create", Title: "create.title",
		Start: startCreate,
		Steps: []flow.Step{
			{Name: "category", Hint: "flow.hint_choose", Ask: askCategory, Pick: pickCategory},
			yardStep(manages),
			{Name: "home", Hint: "flow.hint_choose", Ask: askHome, Pick: pickHome, When: func(t *talk.Turn, d *flow.Data) bool { return !manages(t, d) && len(addresses(d)) > 1 }},
			buildingStep(manages),
			{Name: "flat", Hint: "flow.hint_choose", Ask: askFlat, Pick: pickFlat, When: func(t *talk.Turn, d *flow.Data) bool { return !manages(t, d) }},
			apartmentStep(manages, shared),
			{Name: "applicant", Hint: "flow.hint_choose", Ask: askApplicant, Pick: pickApplicant, When: func(t *talk.Turn, d *flow.Data) bool { return manages(t, d) && d.Apartment != "" }},
			{Name: "text", Hint: "create.hint_text", Ask: askDescription, Take: map[talk.Kind]flow.Taking{
				talk.Text: flow.Words(text), talk.Photo: captioned(flow.Photo), talk.Document: captioned(flow.Picture),
			}},
			photosStep(),
			{Name: "urgency", Hint: "flow.hint_choose", Ask: askUrgency, Pick: pickUrgency},
			confirm("create.ask_confirm", "create.send"),
		},
		Finish: create,
	}
}

// manages says whether the active role sees every building.
func manages(t *talk.Turn, _ *flow.Data) bool { return t.Person.Is(managers...) }

func text(d *flow.Data) *string { return &d.Text }

// captioned takes a picture with what is written below it: both answer a step
// that asks for words.
func captioned(picture flow.Taking) flow.Taking {
	return func(ctx context.Context, t *talk.Turn, d *flow.Data) error {
		if err := stays(picture(ctx, t, d)); err != nil {
			return err
		}
		if t.Text == "" {
			return flow.Noted{Key: "flow.photo_kept", Args: words.Args{"Count": len(d.Photos)}}
		}
		return flow.Words(text)(ctx, t, d)
	}
}

// stays makes a step that would stay go on.
func stays(err error) error {
	if _, is := err.(flow.Stay); is { //nolint:errorlint // Taking returns it as it is
		return nil
	}
	return err
}

// startCreate finds where a resident lives: without a home of their own nobody
// but managers can make a request.
func startCreate(ctx context.Context, t *talk.Turn, d *flow.Data) error {
	if manages(t, d) {
		return nil
	}
	id, err := uuid.Parse(t.Person.ID)
	if err != nil {
		return company.Refused(nil)
	}
	r, err := t.API.ListUserApartmentsWithResponse(ctx, id)
	if err != nil {
		return err
	}
	if r.JSON200 == nil {
		return company.Refused(r.ApplicationproblemJSONDefault)
	}
	waits := false
	for _, link := range r.JSON200.Items {
		switch link.Status {
		case api.LinkStatusApproved:
			d.Homes = append(d.Homes, flow.Home{Building: link.BuildingId.String(), Address: link.Address, Apartment: link.ApartmentId.String(), Number: link.Apartment})
		case api.LinkStatusPending:
			waits = true
		}
	}
	switch {
	case len(d.Homes) == 0 && waits:
		return flow.Complaint{Key: "create.home_waits"}
	case len(d.Homes) == 0:
		return flow.Complaint{Key: "create.no_home"}
	}
	if all := addresses(d); len(all) == 1 {
		d.Building, d.BuildingName = all[0].Building, all[0].Address
	}
	return nil
}

// addresses is one home of each building.
func addresses(d *flow.Data) []flow.Home {
	var all []flow.Home
	for _, home := range d.Homes {
		if !slices.ContainsFunc(all, func(h flow.Home) bool { return h.Building == home.Building }) {
			all = append(all, home)
		}
	}
	return all
}

func askCategory(_ context.Context, t *talk.Turn, _ *flow.Data) (talk.Screen, error) {
	var buttons []talk.Button
	for _, category := range categories {
		buttons = append(buttons, flow.Pick(t.Book.Plain("category."+string(category)), string(category)))
	}
	return talk.Screen{Text: t.Book.Text("create.ask_category"), Rows: grid(2, buttons)}, nil
}

func pickCategory(_ context.Context, _ *talk.Turn, d *flow.Data, args []string) error {
	if !slices.Contains(categories, api.Category(first(args))) {
		return flow.Stay{}
	}
	d.Category = first(args)
	return nil
}

func askHome(_ context.Context, t *talk.Turn, d *flow.Data) (talk.Screen, error) {
	var buttons []talk.Button
	for i, home := range addresses(d) {
		buttons = append(buttons, flow.Pick(label(home.Address), strconv.Itoa(i)))
	}
	return talk.Screen{Text: t.Book.Text("create.ask_home"), Rows: grid(1, buttons)}, nil
}

func pickHome(_ context.Context, _ *talk.Turn, d *flow.Data, args []string) error {
	all := addresses(d)
	i, err := strconv.Atoi(first(args))
	if err != nil || i < 0 || i >= len(all) {
		return flow.Stay{}
	}
	d.Building, d.BuildingName = all[i].Building, all[i].Address
	live(d, "", "")
	return nil
}

// askFlat asks a resident whether it is at home or in what all share.
func askFlat(_ context.Context, t *talk.Turn, d *flow.Data) (talk.Screen, error) {
	var buttons []talk.Button
	for i, home := range d.Homes {
		if home.Building == d.Building {
			buttons = append(buttons, flow.Pick(t.Book.Plain("create.flat", words.Args{"Number": label(home.Number)}), strconv.Itoa(i)))
		}
	}
	buttons = append(buttons, flow.Pick(t.Book.Plain("flow.common_parts"), shared))
	return talk.Screen{Text: t.Book.Text("create.ask_flat", words.Args{"Address": d.BuildingName}), Rows: grid(1, buttons)}, nil
}

func pickFlat(_ context.Context, _ *talk.Turn, d *flow.Data, args []string) error {
	if first(args) == shared {
		live(d, "", "")
		return nil
	}
	i, err := strconv.Atoi(first(args))
	if err != nil || i < 0 || i >= len(d.Homes) || d.Homes[i].Building != d.Building {
		return flow.Stay{}
	}
	live(d, d.Homes[i].Apartment, d.Homes[i].Number)
	return nil
}

// residentsMax is how many residents of an apartment are offered.
const residentsMax = 10

// nobody is the choice of a request for no resident: the manager's own.
const nobody = "me"

func askApplicant(ctx context.Context, t *talk.Turn, d *flow.Data) (talk.Screen, error) {
	people, err := residents(ctx, t, d)
	if err != nil {
		return talk.Screen{}, err
	}
	key := "create.ask_applicant"
	if len(people) == 0 {
		key = "create.ask_applicant_none"
	}
	var buttons []talk.Button
	for _, person := range people {
		buttons = append(buttons, flow.Pick(label(person.Name), person.Id.String()))
	}
	buttons = append(buttons, flow.Pick(t.Book.Plain("create.from_company"), nobody))
	return talk.Screen{Text: t.Book.Text(key, words.Args{"Number": d.ApartmentName}), Rows: grid(1, buttons)}, nil
}

// residents are the people of the chosen apartment.
func residents(ctx context.Context, t *talk.Turn, d *flow.Data) ([]api.User, error) {
	limit := residentsMax
	r, err := t.API.ListUsersWithResponse(ctx, &api.ListUsersParams{Apartment: optional(d.Apartment), Limit: &limit})
	if err != nil {
		return nil, err
	}
	if r.JSON200 == nil {
		return nil, company.Refused(r.ApplicationproblemJSONDefault)
	}
	return slices.DeleteFunc(r.JSON200.Items, func(u api.User) bool { return u.Status == api.UserStatusBlocked }), nil
}

func pickApplicant(ctx context.Context, t *talk.Turn, d *flow.Data, args []string) error {
	if d.Applicant, d.ApplicantName = "", ""; first(args) == nobody {
		return nil
	}
	people, err := residents(ctx, t, d)
	if err != nil {
		return err
	}
	for _, person := range people {
		if person.Id.String() == first(args) {
			d.Applicant, d.ApplicantName = first(args), person.Name
			return nil
		}
	}
	return flow.Stay{}
}

func askDescription(_ context.Context, t *talk.Turn, d *flow.Data) (talk.Screen, error) {
	return talk.Screen{Text: t.Book.Text("create.ask_text") + written(t, d)}, nil
}

// written shows what a step holds already, for who comes back to it.
func written(t *talk.Turn, d *flow.Data) string {
	if d.Text == "" {
		return ""
	}
	return "\n\n" + t.Book.Text("flow.written", words.Args{"Text": flow.Quote(d.Text)})
}

func askUrgency(_ context.Context, t *talk.Turn, d *flow.Data) (talk.Screen, error) {
	text := t.Book.Text("create.ask_urgency")
	if d.Category == string(api.Lift) {
		text += "\n\n" + t.Book.Text("create.lift")
	}
	var buttons []talk.Button
	for _, urgency := range urgencies {
		buttons = append(buttons, flow.Pick(t.Book.Plain("urgency."+string(urgency)), string(urgency)))
	}
	return talk.Screen{Text: text, Rows: grid(2, buttons)}, nil
}

func pickUrgency(_ context.Context, _ *talk.Turn, d *flow.Data, args []string) error {
	if !slices.Contains(urgencies, api.Urgency(first(args))) {
		return flow.Stay{}
	}
	d.Urgency = first(args)
	return nil
}
