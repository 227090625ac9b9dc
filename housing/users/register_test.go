package users_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

func TestAPersonRegistersOnce(t *testing.T) {
	w := start(t)
	first := w.register(t, 201, 77, body{"phone": "+998901112233"})
	again := w.register(t, 200, 77, body{"name": "Somebody Else", "phone": "+998900000000"})
	if again.Id != first.Id || again.Name != first.Name || *again.Phone != "+998901112233" {
		t.Errorf("first %+v, again %+v", first, again)
	}
	w.admin.Do("POST", path(first.Id, "/block"), body{"reason": "x"}).Want(t, 200)
	made := invite(t, w.boss, body{"role": "applicant"})
	if again = w.register(t, 200, 77, body{"invitation": made.Token}); again.Status != "blocked" {
		t.Errorf("who is blocked stays so: %+v", again)
	}
	w.register(t, 201, 78, body{"invitation": made.Token}) // it was not used up
	var other api.User
	w.In(housingtest.Other).Key(access.UsersRegister).
		Do("POST", "/users/register", body{"telegram_id": 77, "name": "A", "language": "ru"}).Want(t, 201, &other)
	if other.Id == first.Id {
		t.Error("another tenant has the same person")
	}
}

func TestRegisteringAtOnceMakesOnePerson(t *testing.T) {
	w := start(t)
	const n = 6
	got, ids := make([]int, n), make([]uuid.UUID, n)
	var all []func()
	for i := range n {
		all = append(all, func() {
			var u api.User
			answer := w.bot.Do("POST", "/users/register", body{"telegram_id": 77, "name": "A", "language": "ru"})
			got[i] = answer.StatusCode
			answer.Want(t, answer.StatusCode, &u)
			ids[i] = u.Id
		})
	}
	atOnce(all...)
	if count(got, 201) != 1 || count(got, 200) != n-1 {
		t.Errorf("answers: %v", got)
	}
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("several people: %v", ids)
		}
	}
	w.wantChanges(t, ids[0], "registered")
}

func TestRegisteringWithAnInvitation(t *testing.T) {
	w := start(t)
	flat := w.flat()
	made := invite(t, w.boss, body{"role": "executor", "specialisations": []string{"lift", "plumbing"}, "apartment_id": flat, "relation": "tenant"})
	u := w.register(t, 201, 77, body{"invitation": made.Token})
	if u.Status != "approved" || fmt.Sprintln(u.Roles, u.ActiveRole, u.Specialisations) != "[executor] executor [lift plumbing]\n" {
		t.Fatalf("registered: %+v", u)
	}
	var links api.ApartmentLinkPage
	w.boss.Do("GET", path(u.Id, "/apartments"), nil).Want(t, 200, &links)
	if len(links.Items) != 1 || links.Items[0].Status != "approved" || links.Items[0].Relation != "tenant" || links.Items[0].ApartmentId != flat {
		t.Errorf("links: %+v", links.Items)
	}
	w.register(t, 200, 77, body{"invitation": made.Token}) // the bot repeats itself
	all := w.wantChanges(t, u.Id, "registered", "invited.used")
	used := all[1]
	if used.Invitation != made.Invitation.Id.String() || used.Apartment.ID != flat.String() || used.Know[0].Person != w.boss.ID() {
		t.Errorf("event: %+v", used.UserChanged)
	}
	w.bot.Do("POST", "/users/register", body{"telegram_id": 78, "name": "B", "language": "ru", "invitation": made.Token}).WantProblem(t, 410, "used")
	w.register(t, 201, 78, nil) // the refused one left nothing
}

func TestRegisteringWithAnApartmentAsksForIt(t *testing.T) {
	w := start(t)
	flat := w.flat()
	u := w.register(t, 201, 77, body{"apartment_id": flat, "relation": "family"})
	var links api.ApartmentLinkPage
	w.boss.Do("GET", "/apartment-links", nil).Want(t, 200, &links)
	if len(links.Items) != 1 || links.Items[0].User.Id != u.Id.String() || links.Items[0].Status != "pending" || links.Items[0].Relation != "family" {
		t.Errorf("links: %+v", links.Items)
	}
	w.wantChanges(t, u.Id, "registered", "apartment.asked")
	w.bot.Do("POST", "/users/register", body{"telegram_id": 79, "name": "B", "language": "ru", "apartment_id": uuid.New()}).WantProblem(t, 422, "invalid")
}

func TestWhoWasEnteredByPhoneIsFoundByIt(t *testing.T) {
	w := start(t)
	var entered api.User
	w.boss.Do("POST", "/users", body{"name": "Ольга Ким", "phone": "+998712345678"}).Want(t, 201, &entered)
	if entered.Status != "approved" || entered.TelegramId != nil || entered.Language != "ru" {
		t.Fatalf("entered: %+v", entered)
	}
	stranger := w.register(t, 201, 70, body{"phone": "+998712345678"}) // says so, but Telegram does not
	if stranger.Id == entered.Id {
		t.Fatal("a phone that nobody has verified made one person of two")
	}
	found := w.register(t, 200, 71, body{"phone": "+998712345678", "phone_verified": true})
	if found.Id != entered.Id || *found.TelegramId != 71 || found.Name != "Ольга Ким" || found.Status != "approved" {
		t.Errorf("found: %+v", found)
	}
	w.register(t, 201, 72, body{"phone": "+998712345678", "phone_verified": true}) // taken by now
	w.wantChanges(t, entered.Id, "registered", "edited")
}

func TestEnteringByPhone(t *testing.T) {
	w := start(t)
	flat := w.flat()
	var u api.User
	w.boss.Do("POST", "/users", body{"name": "Ольга Ким", "phone": "+998712345678", "language": "uz", "apartment_id": flat}).Want(t, 201, &u)
	problem := w.boss.Do("POST", "/users", body{"name": "Olga", "phone": "+998712345678"}).WantProblem(t, 409, "exists").Problem()
	if problem.By == nil || problem.By.Id != u.Id.String() {
		t.Errorf("by: %+v", problem.By)
	}
	w.wantChanges(t, u.Id, "registered", "apartment.approved")
	w.boss.Do("POST", "/users", body{"name": " ", "phone": "+998712345679"}).WantProblem(t, 422, "invalid")
	w.anna.Do("POST", "/users", body{"name": "A", "phone": "+998712345679"}).WantProblem(t, 403, "forbidden")
	w.In(housingtest.Other).Manager().Do("POST", "/users", body{"name": "A", "phone": "+998712345678"}).Want(t, 201)

	got := make([]int, 2)
	enter := func(i int) func() {
		return func() {
			got[i] = w.boss.Do("POST", "/users", body{"name": "A", "phone": "+998712345680"}).StatusCode
		}
	}
	atOnce(enter(0), enter(1))
	if count(got, 201) != 1 || count(got, 409) != 1 {
		t.Errorf("one phone entered twice at once: %v", got)
	}
}

func TestInvitationsThatDoNotCount(t *testing.T) {
	w := start(t)
	over := invite(t, w.boss, body{"role": "applicant", "expires_in_hours": 1})
	withdrawn := invite(t, w.boss, body{"role": "applicant"})
	foreign := invite(t, w.In(housingtest.Other).Manager(), body{"role": "applicant"})
	w.boss.Do("DELETE", "/invitations/"+withdrawn.Invitation.Id.String(), nil).Want(t, 204)
	w.boss.Do("DELETE", "/invitations/"+withdrawn.Invitation.Id.String(), nil).Want(t, 204)
	w.Clock.Advance(time.Hour)
	w.anna.Renew()
	for name, tc := range map[string]struct {
		token  string
		status int
		code   string
	}{
		"one that is over":      {over.Token, 410, "expired"},
		"one that is withdrawn": {withdrawn.Token, 410, "expired"},
		"another tenant's":      {foreign.Token, 404, "not_found"},
		"one there is not":      {"inv_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 404, "not_found"},
		"one that is no token":  {"inv_", 422, "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			w.anna.Do("POST", "/invitations/use", body{"token": tc.token}).WantProblem(t, tc.status, tc.code)
			w.bot.Do("POST", "/users/register", body{"telegram_id": 5, "name": "A", "language": "ru", "invitation": tc.token}).WantProblem(t, tc.status, tc.code)
		})
	}
	w.register(t, 201, 5, nil) // no refusal left a person
}
