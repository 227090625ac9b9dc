package users_test

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"testing"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

func TestAnInvitationIsShownOnceAndKeptAsAHash(t *testing.T) {
	w := start(t)
	made := invite(t, w.boss, body{"role": "executor", "specialisations": []string{"lift"}})
	if !regexp.MustCompile(`^inv_[A-Za-z0-9_-]{43}$`).MatchString(made.Token) || len(made.Token) > 64 {
		t.Errorf("token %q fits into no deep link", made.Token)
	}
	if i := made.Invitation; i.State != "open" || i.CreatedBy.Id != w.boss.ID() || i.CreatedBy.Name == "" || i.ExpiresAt.Sub(i.CreatedAt).Hours() != 24 {
		t.Errorf("invitation: %+v", i)
	}
	var hash []byte
	if err := w.Pool.QueryRow(t.Context(), "SELECT hash FROM invitations WHERE id = $1", made.Invitation.Id).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256([]byte(made.Token)); string(hash) != string(sum[:]) {
		t.Error("the hash is not the token's")
	}
	if answer := w.boss.Do("GET", "/invitations", nil).Want(t, 200); regexp.MustCompile(`inv_`).Match(answer.Raw) {
		t.Errorf("the list shows a token: %s", answer.Raw)
	}
}

func TestWhoInvitesWhom(t *testing.T) {
	w := start(t)
	scoped, able := w.Key(access.InvitationsManage), w.Key(access.InvitationsManage, access.UsersRoles)
	for name, tc := range map[string]struct {
		by     *housingtest.Client
		role   string
		status int
	}{
		"a manager invites a resident":               {w.boss, "applicant", 201},
		"a manager invites an executor":              {w.boss, "executor", 201},
		"a manager invites no manager":               {w.boss, "manager", 403},
		"a manager invites no administrator":         {w.boss, "admin", 403},
		"an administrator invites an administrator":  {w.admin, "admin", 201},
		"a resident invites nobody":                  {w.anna, "applicant", 403},
		"a key invites an executor":                  {scoped, "executor", 201},
		"a key without users.roles makes no manager": {scoped, "manager", 403},
		"a key with users.roles makes a manager":     {able, "manager", 201},
	} {
		t.Run(name, func(t *testing.T) {
			tc.by.Do("POST", "/invitations", body{"role": tc.role}).Want(t, tc.status)
		})
	}
	for name, entry := range map[string]body{
		"an apartment there is not":      {"role": "applicant", "apartment_id": uuid.New()},
		"another tenant's apartment":     {"role": "applicant", "apartment_id": town{Server: w.In(housingtest.Other)}.flat()},
		"specialisations of no executor": {"role": "applicant", "specialisations": []string{"lift"}},
		"too short":                      {"role": "applicant", "expires_in_hours": 0},
		"too long":                       {"role": "applicant", "expires_in_hours": 169},
	} {
		t.Run(name, func(t *testing.T) {
			w.admin.Do("POST", "/invitations", entry).WantProblem(t, 422, "invalid")
		})
	}
}

func TestAResidentBecomesAnExecutorToo(t *testing.T) {
	w := start(t)
	made := invite(t, w.boss, body{"role": "executor", "specialisations": []string{"lift"}, "apartment_id": w.flat()})
	var u api.User
	answer := w.anna.Do("POST", "/invitations/use", body{"token": made.Token}).Want(t, 200, &u)
	if fmt.Sprintln(u.Roles, u.ActiveRole, u.Specialisations) != "[applicant executor] applicant [lift]\n" || answer.Header.Get("ETag") != `"2"` {
		t.Errorf("after the invitation: %+v", u)
	}
	w.anna.Do("POST", "/invitations/use", body{"token": made.Token}).Want(t, 200) // nothing twice
	w.boss.Do("POST", "/invitations/use", body{"token": made.Token}).WantProblem(t, 410, "used")
	w.boss.Do("DELETE", "/invitations/"+made.Invitation.Id.String(), nil).WantProblem(t, 410, "used")
	w.wantChanges(t, w.anna.User, "invited.used")
	w.Key(access.InvitationsUse).Do("POST", "/invitations/use", body{"token": made.Token}).WantProblem(t, 403, "forbidden")
}

func TestInvitationsOfWhoMayNotInviteAnyMoreDoNotCount(t *testing.T) {
	w := start(t)
	other := w.Admin()
	ofBlocked, ofDemoted := invite(t, other, body{"role": "admin"}), invite(t, w.boss, body{"role": "executor"})
	demoted := w.Admin()
	ofManager, still := invite(t, demoted, body{"role": "admin"}), invite(t, demoted, body{"role": "executor"})
	w.admin.Do("POST", path(other.User, "/block"), body{"reason": "left"}).Want(t, 200)
	for user, roles := range map[uuid.UUID][]string{w.boss.User: {"executor"}, demoted.User: {"manager"}} {
		_, tag := w.read(t, user)
		w.admin.Do("PUT", path(user, "/roles"), body{"roles": roles}, tag).Want(t, 200)
	}
	for name, made := range map[string]api.NewInvitation{"blocked": ofBlocked, "no manager": ofDemoted, "no administrator": ofManager} {
		w.anna.Do("POST", "/invitations/use", body{"token": made.Token}).WantProblem(t, 410, "expired")
		w.bot.Do("POST", "/users/register", body{
			"telegram_id": 7_000_001, "name": "Again", "language": "ru", "invitation": made.Token,
		}).WantProblem(t, 410, "expired")
		if t.Failed() {
			t.Fatalf("who made it is %s", name)
		}
	}
	w.anna.Do("POST", "/invitations/use", body{"token": still.Token}).Want(t, 200)
}

func TestOfManyWhoComeWithAnInvitationOneGetsIt(t *testing.T) {
	w := start(t)
	made := invite(t, w.boss, body{"role": "executor"})
	const n = 6
	got := make([]int, n)
	var all []func()
	for i := range n {
		person := w.Applicant()
		all = append(all, func() {
			got[i] = person.Do("POST", "/invitations/use", body{"token": made.Token}).StatusCode
		})
	}
	atOnce(all...)
	if count(got, 200) != 1 || count(got, 410) != n-1 {
		t.Errorf("answers: %v", got)
	}
}

func TestListOfInvitations(t *testing.T) {
	w := start(t)
	for range 5 {
		invite(t, w.boss, body{"role": "applicant"})
	}
	last := invite(t, w.Key(access.InvitationsManage), body{"role": "applicant"})
	w.anna.Do("POST", "/invitations/use", body{"token": last.Token}).Want(t, 200)
	invite(t, w.In(housingtest.Other).Manager(), body{"role": "applicant"})
	seen, at := map[uuid.UUID]bool{}, "/invitations?limit=4"
	for pages := 1; ; pages++ {
		var page api.InvitationPage
		w.boss.Do("GET", at, nil).Want(t, 200, &page)
		if pages == 1 {
			if i := page.Items[0]; i.State != "used" || i.UsedBy == nil || i.UsedBy.Name != "Anna Kim" || i.CreatedBy.Name != i.CreatedBy.Id {
				t.Errorf("the last one: %+v", i)
			}
		}
		for _, i := range page.Items {
			seen[i.Id] = true
		}
		if page.NextCursor == nil {
			break
		}
		at = "/invitations?limit=4&cursor=" + *page.NextCursor
	}
	if len(seen) != 6 {
		t.Errorf("%d invitations on all pages, want 6", len(seen))
	}
	w.boss.Do("GET", "/invitations?cursor=nonsense", nil).WantProblem(t, 422, "invalid")
	made := invite(t, w.admin, body{"role": "admin"})
	w.boss.Do("DELETE", "/invitations/"+made.Invitation.Id.String(), nil).WantProblem(t, 403, "forbidden")
	w.In(housingtest.Other).Admin().Do("DELETE", "/invitations/"+made.Invitation.Id.String(), nil).WantProblem(t, 404, "not_found")
}
