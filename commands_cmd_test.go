package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"ukbot/api"
	"ukbot/botgw/simulator"
	"ukbot/botgw/speak"
	"ukbot/botgw/words"
)

func TestWhatIsGivenOfACommandIsChangedAndTheRestStays(t *testing.T) {
	t.Parallel()
	changed := speak.Change{Off: true, Roles: []api.Role{api.RoleAdmin}, Descriptions: map[string]string{"ru": "Смены", "uz": "Navbat"}}
	for name, tc := range map[string]struct {
		set     commandsSet
		have    speak.Change
		enabled bool
		roles   string // "bot": as the bot has it
		texts   string
	}{
		"closed":                         {commandsSet{Off: true}, speak.Change{}, false, "bot", `{}`},
		"opened again":                   {commandsSet{On: true}, changed, true, "admin", `{"ru":"Смены","uz":"Navbat"}`},
		"for other roles":                {commandsSet{Role: []string{"manager", "executor"}}, changed, false, "manager executor", `{"ru":"Смены","uz":"Navbat"}`},
		"for whom the bot has it":        {commandsSet{AllRoles: true}, changed, false, "bot", `{"ru":"Смены","uz":"Navbat"}`},
		"described anew in one language": {commandsSet{Describe: map[string]string{"ru": "Дежурства"}}, changed, false, "admin", `{"ru":"Дежурства","uz":"Navbat"}`},
		"a description taken back":       {commandsSet{Describe: map[string]string{"ru": " "}}, changed, false, "admin", `{"uz":"Navbat"}`},
		"left to nobody, and described":  {commandsSet{Describe: map[string]string{"en": "Shifts"}}, speak.Change{Roles: []api.Role{}}, true, "", `{"en":"Shifts"}`},
	} {
		got, err := tc.set.apply("shifts", tc.have)
		roles := strings.Join(got.Roles, " ")
		if got.Roles == nil {
			roles = "bot"
		}
		if err != nil || got.Enabled != tc.enabled || roles != tc.roles || string(got.Descriptions) != tc.texts {
			t.Errorf("%s: apply() = enabled %v, roles %q, %s, %v", name, got.Enabled, roles, got.Descriptions, err)
		}
	}
}

// TestACompanyChangesItsCommands changes them before the bot comes, so that it
// reads them at once, and asks the bot as a stranger.
func TestACompanyChangesItsCommands(t *testing.T) {
	t.Parallel()
	const token = "300:AAcommandsTOKEN"
	sim := simulator.New(simulator.Config{})
	sim.AddBot(token, "annex_bot")
	sim.AddUser(simulator.User{ID: 7, FirstName: "Aziza", LanguageCode: "ru"})
	web := httptest.NewServer(sim.Handler())
	t.Cleanup(func() { sim.Close(); web.Close() })
	telegramAPI := "UKBOT_TELEGRAM_API=" + web.URL
	p := startDev(t, openDir(t), telegramAPI, "TELEGRAM_TOKEN=100:AAunused")
	p.command("company", "add", "annex", "--name", "Annex")

	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"a command nobody has":   {[]string{"set", "fly", "--off"}, "ukbot commands ls"},
		"a role nobody has":      {[]string{"set", "help", "--role", "pilot"}, "no role"},
		"a language nobody has":  {[]string{"set", "help", "--describe", "fr=Aide"}, "no language"},
		"nothing given":          {[]string{"set", "help"}, "nothing to change"},
		"the door":               {[]string{"set", "/start", "--off"}, "stays open"},
		"a tenant nobody made":   {[]string{"set", "help", "--off", "--tenant", "acme"}, "no tenant"},
		"nothing to take back":   {[]string{"reset", "help"}, "nothing of /help is changed"},
		"a list of nobody's bot": {[]string{"ls", "--tenant", "acme"}, "no tenant"},
	} {
		if done := ukbot(t, p.besides(), append([]string{"commands"}, tc.args...)...); done.code != exitFailed || !strings.Contains(done.err, tc.want) {
			t.Errorf("%s: exit %d, %q, want %q", name, done.code, done.err, tc.want)
		}
	}

	annex := func(args ...string) string {
		return p.command(append(append([]string{"commands"}, args...), "--tenant", "annex")...)
	}
	if out := annex("set", "/help", "--off"); !strings.Contains(out, "/help of annex is open to: nobody") {
		t.Errorf("set says %q", out)
	}
	annex("set", "language", "--describe", "ru=Til; язык, 1=1")
	annex("set", "shifts", "--role", "manager", "--role", "admin")
	annex("set", "stats", "--off")
	annex("reset", "stats")
	out := annex("ls")
	for _, line := range []string{"/help|nobody|off", "/language|anybody|ru: Til; язык, 1=1", "/shifts|manager, admin|roles", "/stats|executor, manager, admin|-", "/requests|every role|-"} {
		if !holdsLine(out, strings.Split(line, "|")) {
			t.Errorf("ls has no line %q:\n%s", line, out)
		}
	}

	if err := sim.SetFault(simulator.Fault{Kind: simulator.FaultServer, Method: "setMyCommands", Count: 3}); err != nil { // it tries again
		t.Fatal(err)
	}
	if done := ukbot(t, append(p.besides(), telegramAPI, botTokenEnv+"="+token), "bots", "add", "--tenant", "annex"); done.code != 0 {
		t.Fatalf("bots add: %s", done.err)
	}
	listed := func() string {
		var lines []string
		for _, c := range sim.CommandsOf(token, 7) {
			lines = append(lines, c.Command+" "+c.Description)
		}
		return strings.Join(lines, "\n")
	}
	eventually(t, arriveIn, "the bot to show its commands", func() bool { return strings.Contains(listed(), "language Til") })
	if got := listed(); strings.Contains(got, "help ") || !strings.Contains(got, "language Til; язык, 1=1") {
		t.Errorf("a stranger is shown\n%s", got)
	}
	eventually(t, arriveIn, "the bot to say whose it is", func() bool {
		description, short := sim.DescriptionOf(token, 7)
		return strings.Contains(description, "Бот компании Annex.") && strings.HasSuffix(short, ": Annex")
	})
	if err := sim.Start(token, 7); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.SendText(token, 7, "/help"); err != nil {
		t.Fatal(err)
	}
	eventually(t, arriveIn, "the closed command to be refused", func() bool {
		messages := sim.Messages(7)
		return len(messages) > 1 && messages[len(messages)-1].Text == words.For("ru").Plain("gateway.closed")
	})
}

// holdsLine says whether a line of a table has these cells.
func holdsLine(table string, cells []string) bool {
	for line := range strings.Lines(table) {
		rest, all := line, true
		for _, cell := range cells {
			_, after, found := strings.Cut(rest, cell)
			rest, all = after, all && found
		}
		if all {
			return true
		}
	}
	return false
}
