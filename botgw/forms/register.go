package forms

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// Register introduces somebody to the company: who has an invitation is let in
// at once, with the main menu; anybody else says where they live and waits for a
// manager.
func Register(menu Menu) flow.Form {
	return flow.Form{
		Name: "register", Title: "register.title", Anybody: true,
		Steps: []flow.Step{
			{Name: "language", Hint: "flow.hint_choose", Ask: askLanguage, Pick: pickLanguage},
			{Name: "phone", Hint: "register.hint_phone", Keyboard: true, Ask: askPhone, Take: map[talk.Kind]flow.Taking{
				talk.Contact: takePhone,
				talk.Text: func(context.Context, *talk.Turn, *flow.Data) error {
					return flow.Complaint{Key: "register.phone_typed"}
				},
			}},
			yardStep(uninvited, unlisted),
			buildingStep(uninvited, unlisted),
			apartmentStep(uninvited, unlisted),
			{Name: "name", Hint: "register.hint_name", Ask: askName, Take: map[talk.Kind]flow.Taking{talk.Text: takeName}, When: func(t *talk.Turn, d *flow.Data) bool { return strings.TrimSpace(t.From.Name) == "" }},
			confirmed(),
		},
		Finish: register(menu),
	}
}

// confirmed is the confirmation that who is invited does not need.
func confirmed() flow.Step {
	step := confirm("register.ask_confirm", "register.send")
	step.When = uninvited
	return step
}

func uninvited(_ *talk.Turn, d *flow.Data) bool { return d.Invitation == "" }

// askLanguage asks in every language: nobody knows yet which one is understood.
func askLanguage(_ context.Context, _ *talk.Turn, _ *flow.Data) (talk.Screen, error) {
	var questions []string
	var buttons []talk.Button
	for _, code := range words.Languages {
		questions = append(questions, words.For(code).Text("register.ask_language"))
		buttons = append(buttons, flow.Pick(words.For(code).Plain("language."+code), code))
	}
	return talk.Screen{Text: strings.Join(questions, "\n"), Rows: grid(1, buttons)}, nil
}

func pickLanguage(_ context.Context, t *talk.Turn, d *flow.Data, args []string) error {
	if !slices.Contains(words.Languages, first(args)) {
		return flow.Stay{}
	}
	d.Language = first(args)
	t.Book = words.For(d.Language)
	return nil
}

func askPhone(_ context.Context, t *talk.Turn, _ *flow.Data) (talk.Screen, error) {
	return talk.Screen{
		Text: t.Book.Text("register.ask_phone"),
		Menu: &talk.Menu{
			Rows:        [][]talk.Key{{{Text: t.Book.Plain("register.send_phone"), AskPhone: true}}},
			Placeholder: t.Book.Plain("register.placeholder_phone"),
		},
	}, nil
}

// takePhone takes a number that Telegram vouches for: by somebody else's number
// anybody could become anybody.
func takePhone(_ context.Context, t *talk.Turn, d *flow.Data) error {
	if t.Phone == nil || !t.Phone.Own {
		return flow.Complaint{Key: "register.phone_foreign"}
	}
	number := "+" + strings.Map(digit, t.Phone.Number)
	if len(number) < 8 || len(number) > 16 || number[1] == '0' {
		return flow.Complaint{Key: "register.phone_odd"}
	}
	d.Phone, d.Verified = number, true
	if said := strings.TrimSpace(t.From.Name); said != "" {
		d.Name = said // asked for where Telegram has none
	}
	return nil
}

func digit(r rune) rune {
	if r < '0' || r > '9' {
		return -1
	}
	return r
}

func askName(_ context.Context, t *talk.Turn, _ *flow.Data) (talk.Screen, error) {
	return talk.Screen{Text: t.Book.Text("register.ask_name")}, nil
}

func takeName(ctx context.Context, t *talk.Turn, d *flow.Data) error {
	if utf8.RuneCountInString(strings.TrimSpace(t.Text)) > nameMax {
		return flow.Complaint{Key: "register.name_long", Args: words.Args{"Max": nameMax}}
	}
	return flow.Words(func(d *flow.Data) *string { return &d.Name })(ctx, t, d)
}

func register(menu Menu) func(context.Context, *talk.Turn, *flow.Data) error {
	return func(ctx context.Context, t *talk.Turn, d *flow.Data) error {
		if t.Person != nil { // the same update before a crash, or a manager meanwhile
			t.Show(welcome(t, menu(ctx, t)))
			return nil
		}
		u, err := enrol(ctx, t, d)
		if void := voidKeys[code(err)]; void != "" && d.Invitation != "" {
			d.Invitation = ""
			return flow.Complaint{Key: void}
		}
		if err != nil {
			return err
		}
		switch u.Status {
		case api.UserStatusApproved:
			// From here on the turn is theirs: their commands follow the answer.
			t.Standing, t.Person = talk.Approved, &talk.Person{ID: u.Id.String(), Name: u.Name, Language: string(u.Language), Role: u.ActiveRole, Roles: u.Roles}
			t.Show(welcome(t, menu(ctx, t)))
		case api.UserStatusBlocked:
			t.Show(talk.Screen{Text: t.Book.Text("problem.blocked")})
		default:
			t.Show(talk.Screen{Text: t.Book.Text("register.waits", words.Args{"Name": u.Name})})
		}
		return nil
	}
}

// welcome greets somebody who is let in, and shows what they can do.
func welcome(t *talk.Turn, menu *talk.Menu) talk.Screen {
	role := t.Book.Plain("role." + string(t.Person.Role))
	return talk.Screen{Text: t.Book.Text("register.welcome", words.Args{"Name": t.Person.Name, "Role": role}), Menu: menu}
}

// voidKeys is what is said of an invitation that does not count, by the refusal.
// The steps that it would have spared follow.
var voidKeys = map[string]string{
	"expired":   "register.invitation_expired",
	"used":      "register.invitation_used",
	"not_found": "register.invitation_not_found",
}

// code is that of a refusal.
func code(err error) string {
	if r, is := errors.AsType[*company.Refusal](err); is {
		return r.Code
	}
	return ""
}

func enrol(ctx context.Context, t *talk.Turn, d *flow.Data) (*api.User, error) {
	body := api.UserRegistration{TelegramId: t.From.ID, Name: name(t, d), Language: api.Language(d.Language), ApartmentId: optional(d.Apartment)}
	if d.Phone != "" {
		body.Phone, body.PhoneVerified = &d.Phone, &d.Verified
	}
	if d.Invitation != "" {
		body.Invitation, body.ApartmentId = &d.Invitation, nil
	}
	key := "register-" + d.Nonce
	r, err := t.API.RegisterUserWithResponse(ctx, &api.RegisterUserParams{IdempotencyKey: &key}, body)
	switch {
	case err != nil:
		return nil, err
	case r.JSON201 != nil:
		return r.JSON201, nil
	case r.JSON200 != nil:
		return r.JSON200, nil
	}
	return nil, company.Refused(r.ApplicationproblemJSONDefault)
}

// name is what somebody is called: by their own word, else Telegram's, else by
// their number.
func name(t *talk.Turn, d *flow.Data) string {
	name := cmp.Or(d.Name, strings.TrimSpace(t.From.Name), d.Phone)
	runes := []rune(name)
	return string(runes[:min(len(runes), nameMax)])
}
