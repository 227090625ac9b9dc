package speak

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/botgw/simulator"
	"ukbot/botgw/talk"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

// orders are some of the bot's, with texts that stand in the catalogues anyway.
var orders = []talk.Order{
	{Name: "start", Anybody: true, Describe: "button.done"},
	{Name: "help", Anybody: true, Describe: "button.refresh"},
	{Name: "new", Roles: []api.Role{api.RoleApplicant, api.RoleManager}, Describe: "status.new"},
	{Name: "admin", Roles: []api.Role{api.RoleAdmin}, Describe: "role.admin"},
	{Name: "cancel", Describe: "button.cancel"},
	{Name: "quiet"}, // without a description: works, and is in no list
}

func TestWhoMayGiveWhichOrder(t *testing.T) {
	nobody, start := api.Role(""), orders[0]
	help, fresh, admin, cancel := orders[1], orders[2], orders[3], orders[4]
	for name, tc := range map[string]struct {
		order  talk.Order
		change Change
		role   api.Role
		want   bool
	}{
		"anybody, without a session":               {help, Change{}, nobody, true},
		"anybody, with one":                        {help, Change{}, api.RoleAdmin, true},
		"everybody with a session":                 {cancel, Change{}, api.RoleExecutor, true},
		"everybody with a session, without":        {cancel, Change{}, nobody, false},
		"one of the roles":                         {fresh, Change{}, api.RoleManager, true},
		"none of the roles":                        {fresh, Change{}, api.RoleExecutor, false},
		"the company closed it":                    {fresh, Change{Off: true}, api.RoleManager, false},
		"the company closed it to all":             {help, Change{Off: true}, nobody, false},
		"the company opened it to others":          {admin, Change{Roles: []api.Role{api.RoleManager}}, api.RoleManager, true},
		"… and took it from who had it":            {admin, Change{Roles: []api.Role{api.RoleManager}}, api.RoleAdmin, false},
		"the company left it to nobody":            {cancel, Change{Roles: []api.Role{}}, api.RoleAdmin, false},
		"what roles are named for wants a session": {help, Change{Roles: []api.Role{api.RoleAdmin}}, nobody, false},
		"the door stays open":                      {start, Change{Off: true, Roles: []api.Role{}}, nobody, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Allowed(tc.order, tc.change, tc.role); got != tc.want {
				t.Errorf("Allowed(%s, %+v, %q) = %v", tc.order.Name, tc.change, tc.role, got)
			}
		})
	}
}

// listed is the command list that Aziza's phone shows.
func (s *scene) listed() string {
	var lines []string
	for _, c := range s.sim.CommandsOf(token, aziza) {
		lines = append(lines, "/"+c.Command+" "+c.Description)
	}
	return strings.Join(lines, ", ")
}

func TestPeopleSeeTheCommandsOfTheirRoleInTheirLanguage(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := NewCommands(CommandsConfig{Orders: orders, Log: zerolog.Nop()})
	s.must(c.Announce(t.Context(), s.bot, tenant))
	if got, want := s.listed(), "/start ✅ Tayyor, /help 🔄 Yangilash"; got != want {
		t.Errorf("a stranger with an Uzbek phone sees %q, want %q", got, want)
	}
	s.must(c.Show(t.Context(), s.bot, tenant, aziza, "ru", api.RoleApplicant))
	if got, want := s.listed(), "/start ✅ Готово, /help 🔄 Обновить, /new Новая, /cancel ❌ Отмена"; got != want {
		t.Errorf("a resident sees %q, want %q", got, want)
	}
	s.must(c.Show(t.Context(), s.bot, tenant, aziza, "en", api.RoleAdmin))
	if got, want := s.listed(), "/start ✅ Done, /help 🔄 Refresh, /admin Administrator, /cancel ❌ Cancel"; got != want {
		t.Errorf("an admin sees %q, want %q", got, want)
	}
}

func TestAListIsSetOnceForAllReplicas(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	conn := natstest.Start(t).Connect("bot")
	replica := func() *Commands { return NewCommands(CommandsConfig{Orders: orders, Conn: conn, Log: zerolog.Nop()}) }
	one, other := replica(), replica()
	show := func(c *Commands, role api.Role, calls int) {
		t.Helper()
		s.must(c.Show(t.Context(), s.bot, tenant, aziza, "ru", role))
		if got := s.tape.count("setMyCommands"); got != calls {
			t.Errorf("as %s the list has been set %d times, want %d", role, got, calls)
		}
	}
	show(one, api.RoleApplicant, 1)
	show(one, api.RoleApplicant, 1)
	show(other, api.RoleApplicant, 1)
	show(other, api.RoleAdmin, 2)
	show(replica(), api.RoleAdmin, 2) // after a restart
	one.shown.sums = nil              // its memory is older than a minute
	show(one, api.RoleApplicant, 3)
}

func TestAListThatWasNotSetIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := NewCommands(CommandsConfig{Orders: orders, Log: zerolog.Nop()})
	s.fault(simulator.Fault{Kind: simulator.FaultServer, Method: "setMyCommands", Count: 1})
	if err := c.Show(t.Context(), s.bot, tenant, aziza, "ru", api.RoleAdmin); err == nil {
		t.Error("an outage is no error")
	}
	s.must(c.Show(t.Context(), s.bot, tenant, aziza, "ru", api.RoleAdmin))
	if s.tape.count("setMyCommands") != 1 {
		t.Error("the list was not set")
	}
}

func TestCompaniesChangeTheirCommands(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	s := newScene(t, Config{})
	q := db.New(pool)
	for _, change := range []db.SetBotCommandParams{
		{TenantID: tenant, Command: "new", Enabled: false, Descriptions: []byte(`{}`)},
		{TenantID: tenant, Command: "admin", Enabled: true, Roles: []string{"manager"}, Descriptions: []byte(`{"ru": "Мой пульт\n<b>"}`)},
		{TenantID: tenant, Command: "cancel", Enabled: true, Descriptions: []byte(`["no object"]`)},
		{TenantID: "other", Command: "help", Enabled: false, Descriptions: []byte(`{}`)},
	} {
		s.must(q.SetBotCommand(t.Context(), change))
	}
	c := NewCommands(CommandsConfig{Orders: orders, Pool: pool, Log: zerolog.New(s.log)})
	s.must(c.Show(t.Context(), s.bot, tenant, aziza, "ru", api.RoleManager))
	if got, want := s.listed(), "/start ✅ Готово, /help 🔄 Обновить, /admin Мой пульт <b>, /cancel ❌ Отмена"; got != want {
		t.Errorf("a manager sees %q, want %q", got, want)
	}
	if c.Allowed(t.Context(), tenant, orders[3], api.RoleAdmin) || !c.Allowed(t.Context(), "other", orders[3], api.RoleAdmin) {
		t.Error("one company's change is another's")
	}
	if !strings.Contains(s.log.String(), "no object") || strings.Contains(s.log.String(), "пульт") {
		t.Errorf("the log says %s", s.log)
	}

	// A change is seen after half a minute; without PostgreSQL what was known goes on.
	if _, err := q.ResetBotCommand(t.Context(), tenant, "new"); err != nil {
		t.Fatal(err)
	}
	stale := func() {
		c.changes.mu.Lock()
		defer c.changes.mu.Unlock()
		known := c.changes.byTenant[tenant]
		known.until = time.Now()
		c.changes.byTenant[tenant] = known
	}
	if c.Allowed(t.Context(), tenant, orders[2], api.RoleManager) {
		t.Error("the change was seen at once: it is read with every update")
	}
	stale()
	if !c.Allowed(t.Context(), tenant, orders[2], api.RoleManager) {
		t.Error("the change was not seen")
	}
	pool.Close()
	stale()
	if c.Allowed(t.Context(), tenant, orders[3], api.RoleAdmin) || !c.Allowed(t.Context(), tenant, orders[3], api.RoleManager) {
		t.Error("without PostgreSQL the company's word is forgotten")
	}
}

// A list is made once for all who have it, and anew when what the company changed
// was read anew.
func TestAListIsMadeAnewWithItsChanges(t *testing.T) {
	c := NewCommands(CommandsConfig{Orders: orders, Log: zerolog.Nop()})
	for i, changed := range []map[string]Change{nil, {}, {"new": {Off: true}}, {"help": {Off: true}}} {
		first, again := c.listed("acme", changed, api.RoleManager, "en"), c.listed("acme", changed, api.RoleManager, "en")
		want := fingerprint(c.list(changed, api.RoleManager, "en"))
		if first.sum != want || again.sum != want || &first.list[0] != &again.list[0] {
			t.Errorf("changes %d: list %v, then %v", i, first.list, again.list)
		}
	}
}

func TestManyChatsAreRememberedWithinBounds(t *testing.T) {
	s := shown{bucket: nats.NewBucket(nil, nats.BucketCards)}
	for i := range 2 * shownMax {
		s.remember(chatKey{1, int64(i)}, fmt.Sprint(i))
	}
	if len(s.sums) != shownMax {
		t.Errorf("%d chats are remembered", len(s.sums))
	}
	var p progress
	for i := range 2 * progressMax {
		p.put(updateKey{1, int64(i)}, reached{steps: 1})
	}
	if len(p.reached) != progressMax || len(p.order) != progressMax {
		t.Errorf("%d updates are remembered", len(p.reached))
	}
}
