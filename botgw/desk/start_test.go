package desk_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"ukbot/api"
	"ukbot/botgw/talk"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

func TestCommands(t *testing.T) {
	o := open(t)
	t.Run("start follows links", func(t *testing.T) { followsLinks(t, o) })
	t.Run("an invitation gives a role", func(t *testing.T) { usesInvitations(t, o) })
	t.Run("small commands", func(t *testing.T) { smallCommands(t, o) })
	t.Run("every command for every role", func(t *testing.T) { everyCommand(t, o) })
}

func followsLinks(t *testing.T, o *office) {
	anna := o.Applicant(housingtest.Name("Anna <b>"))
	token := "inv_" + strings.Repeat("a", 43)
	for name, tc := range map[string]struct {
		who                *housingtest.Client
		standing           talk.Standing
		argument           string
		begun, card, words string
	}{
		"a stranger registers":                               {nil, talk.Unknown, "", "register", "", ""},
		"a stranger with an invitation registers with it":    {nil, talk.Unknown, token, "register " + token, "", ""},
		"a stranger with a request's link registers":         {nil, talk.Unknown, "req_251007-001", "register", "", ""},
		"who waits is told so":                               {nil, talk.Pending, "", "", "", "на проверке у менеджера"},
		"who waits may come with an invitation":              {nil, talk.Pending, token, "register " + token, "", ""},
		"a resident is greeted, by a name that is escaped":   {anna, "", "", "", "", "Anna &lt;b&gt;"},
		"a request's link opens it":                          {anna, "", "req_251007-1000", "", "251007-1000", ""},
		"a link that means nothing is an ordinary start":     {anna, "", "req_251007-001;drop", "", "", "Здравствуйте"},
		"an invitation that was cut off is refused in words": {anna, "", "inv_abc", "", "", "Такого приглашения нет"},
		"a stranger is told so too, and may still register":  {nil, talk.Unknown, "inv_abc", "register", "", "Такого приглашения нет"},
		"an invitation nobody made is refused in words":      {anna, "", token, "", "", "Такого приглашения нет"},
		"text behind the command that is no link is ignored": {anna, "", "привет <b>", "", "", "Здравствуйте"},
	} {
		o.begun, o.cards = nil, nil
		turn := o.turn(tc.who, "ru")
		turn.Argument = tc.argument
		if tc.standing != "" {
			turn.Standing = tc.standing
		}
		must(t, o.order(turn, "start"))
		if got := strings.Join(o.begun, ","); got != tc.begun {
			t.Errorf("%s: began %q, want %q", name, got, tc.begun)
		}
		if got := strings.Join(o.cards, ","); got != tc.card {
			t.Errorf("%s: showed %q, want %q", name, got, tc.card)
		}
		if got := said(t, turn); !strings.Contains(got, tc.words) {
			t.Errorf("%s: said %q, want %q", name, got, tc.words)
		}
	}
}

func usesInvitations(t *testing.T, o *office) {
	boss, anna, bob := o.Manager(), o.Applicant(), o.Applicant()
	var made struct{ Token string }
	boss.Do("POST", "/invitations", map[string]any{"role": "executor", "expires_in_hours": 24, "specialisations": []string{"lift"}}).Want(t, 201, &made)

	turn := o.turn(anna, "en")
	turn.Argument = made.Token
	must(t, o.order(turn, "start"))
	has(t, turn, talk.New, "You are now also: <b>Executor</b>")
	if !slices.Contains(o.forgot, anna.ID()) || !turn.Person.Has(api.RoleExecutor) {
		t.Errorf("forgot %v, roles %v", o.forgot, turn.Person.Roles)
	}
	if menu := said(t, turn); !strings.Contains(menu, "Switch role") {
		t.Errorf("no key to switch the role:\n%s", menu)
	}

	turn = o.turn(bob, "en")
	turn.Argument = made.Token
	must(t, o.order(turn, "start"))
	has(t, turn, talk.New, "used already")
}

func smallCommands(t *testing.T, o *office) {
	anna := o.Applicant()
	turn := o.turn(anna, "ru")
	must(t, o.order(turn, "cancel"))
	has(t, turn, talk.New, "Отменять нечего")

	o.open = true
	turn = o.turn(anna, "ru")
	must(t, o.order(turn, "cancel"))
	if len(turn.Outs) != 0 {
		t.Errorf("the form says that it is given up; the desk said\n%s", said(t, turn))
	}
	o.begun = nil
	must(t, o.order(o.turn(anna, "ru"), "new"))
	must(t, o.order(o.turn(nil, "ru"), "language"))
	if got := strings.Join(o.begun, ","); got != "create,register" {
		t.Errorf("began %s", got)
	}
	turn = o.turn(anna, "ru")
	must(t, o.tap(turn, "menu"))
	has(t, turn, talk.New, "Главное меню")
}

// TestEveryCommandForEveryRole has each role try each command.
func everyCommand(t *testing.T, o *office) {
	o.Home(o.Applicant().User)
	for role, forbidden := range map[access.Role][]string{
		access.Applicant: {"shifts", "stats", "people", "admin"},
		access.Executor:  {"people", "admin"},
		access.Manager:   {},
		access.Admin:     {},
	} {
		who := o.Person(role)
		for _, order := range o.desk.Orders() {
			turn := o.turn(who, "uz")
			err := o.order(turn, order.Name)
			if slices.Contains(forbidden, order.Name) != errors.Is(err, errForbidden) {
				t.Errorf("%s, /%s: %v", role, order.Name, err)
			} else if err == nil {
				said(t, turn)
			}
		}
	}
	for _, order := range o.desk.Orders() {
		if err := o.order(o.turn(nil, "uz"), order.Name); errors.Is(err, errForbidden) == order.Anybody {
			t.Errorf("a stranger, /%s: %v", order.Name, err)
		}
	}
}
