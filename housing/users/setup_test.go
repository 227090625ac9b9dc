package users_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
	"ukbot/housing/users"
)

func TestMain(m *testing.M) { housingtest.Main(m, (*users.Handlers)(nil)) }

// body is JSON of a request.
type body = map[string]any

// town is a company with an administrator, a manager, a resident and the bot.
// Each test has its own, and they run side by side.
type town struct {
	*housingtest.Server
	admin, boss, anna, bot *housingtest.Client
}

func start(t *testing.T) town {
	t.Helper()
	t.Parallel()
	s := housingtest.Start(t)
	return town{
		s, s.Admin(housingtest.Name("Дилноза Рахимова")), s.Manager(), s.Applicant(housingtest.Name("Anna Kim")),
		s.Key(access.UsersRegister),
	}
}

// flat makes an apartment.
func (w town) flat() uuid.UUID { return w.Apartment(w.Building()) }

// path is a person's, and what is below.
func path(user uuid.UUID, rest ...string) string {
	return "/users/" + user.String() + strings.Join(rest, "")
}

// link is a person's link to an apartment, and what is below.
func link(user, apartment uuid.UUID, rest ...string) string {
	return path(user, "/apartments/", apartment.String(), strings.Join(rest, ""))
}

// read is a person and their ETag.
func (w town) read(t *testing.T, user uuid.UUID) (u api.User, tag string) {
	t.Helper()
	answer := w.admin.Do("GET", path(user), nil).Want(t, 200, &u)
	return u, "If-Match: " + answer.Header.Get("ETag")
}

// invite makes an invitation and gives its token.
func invite(t *testing.T, by *housingtest.Client, entry body) api.NewInvitation {
	t.Helper()
	var made api.NewInvitation
	by.Do("POST", "/invitations", entry).Want(t, 201, &made)
	return made
}

// register makes the bot register a Telegram person.
func (w town) register(t *testing.T, status int, telegram int64, more body) (u api.User) {
	t.Helper()
	entry := body{"telegram_id": telegram, "name": fmt.Sprintf("Person %d", telegram), "language": "uz"}
	for key, value := range more {
		entry[key] = value
	}
	w.bot.Do("POST", "/users/register", entry).Want(t, status, &u)
	return u
}

// change is a person's event, read.
type change struct {
	housingtest.Event
	events.UserChanged
}

// changes are the events of one person so far, in order.
func (w town) changes(t *testing.T, user uuid.UUID) (all []change) {
	t.Helper()
	seen := map[string]bool{}
	for _, e := range w.Outbox(t) {
		if !strings.HasPrefix(e.Subject, "housing.user.") {
			continue
		}
		c := change{Event: e}
		if err := json.Unmarshal(e.Data, &c.UserChanged); err != nil {
			continue // another package's, with another payload
		}
		if seen[e.ID] {
			t.Errorf("two events with the id %s", e.ID)
		}
		seen[e.ID] = true
		if strings.Contains(string(e.Data), "+998") {
			t.Errorf("%s holds a phone: %s", e.Subject, e.Data)
		}
		if c.User.ID == user.String() {
			all = append(all, c)
		}
	}
	return all
}

// wantChanges compares the names of a person's changes.
func (w town) wantChanges(t *testing.T, user uuid.UUID, want ...string) []change {
	t.Helper()
	all := w.changes(t, user)
	got := []string{}
	for _, c := range all {
		got = append(got, strings.TrimPrefix(c.Type, events.TypeUserPrefix))
		if c.Subject != "housing.user."+c.Tenant+"."+strings.TrimPrefix(c.Type, events.TypeUserPrefix) {
			t.Errorf("type %s is not subject %s", c.Type, c.Subject)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("changes %v, want %v", got, want)
	}
	return all
}

// at once runs all and waits for them.
func atOnce(all ...func()) {
	var wg sync.WaitGroup
	for _, do := range all {
		wg.Go(do)
	}
	wg.Wait()
}

// one is how often n stands in all.
func count(all []int, n int) (times int) {
	for _, have := range all {
		if have == n {
			times++
		}
	}
	return times
}
