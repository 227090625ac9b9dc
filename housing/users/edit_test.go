package users_test

import (
	"testing"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

func TestEverybodySeesAndChangesThemselves(t *testing.T) {
	w := start(t)
	var me api.User
	answer := w.anna.Do("GET", "/me", nil).Want(t, 200, &me)
	if me.Id != w.anna.User || me.Name != "Anna Kim" || answer.Header.Get("ETag") != `"1"` {
		t.Fatalf("me: %+v, %s", me, answer.Header.Get("ETag"))
	}
	w.anna.Do("PATCH", "/me", body{"name": "  Анна \n  Ким ", "phone": "+998935554433", "language": "uz"}, `If-Match: "1"`).Want(t, 200, &me)
	if me.Name != "Анна Ким" || *me.Phone != "+998935554433" || me.Language != "uz" {
		t.Errorf("after the change: %+v", me)
	}
	w.anna.Do("GET", path(w.anna.User), nil).Want(t, 200, &me)
	if me.Name != "Анна Ким" {
		t.Errorf("read again: %+v", me)
	}
	w.anna.Do("PATCH", path(w.anna.User), body{"language": "en"}, `If-Match: "2"`).Want(t, 200)
	changes := w.wantChanges(t, w.anna.User, "edited", "edited")
	if len(changes[0].Know) != 0 || changes[0].Actor.ID != w.anna.ID() || changes[1].User.Version != 3 {
		t.Errorf("events: %+v", changes)
	}
}

func TestEditsAreRefused(t *testing.T) {
	w := start(t)
	foreign := w.In(housingtest.Other).Admin()
	other := w.Applicant()
	for name, tc := range map[string]struct {
		by     *housingtest.Client
		path   string
		change body
		header string
		status int
		code   string
	}{
		"without If-Match":             {w.anna, "/me", body{"name": "A"}, "X-None: 1", 428, "match_required"},
		"of an older version":          {w.anna, "/me", body{"name": "A"}, `If-Match: "0"`, 412, "stale"},
		"a blank name":                 {w.anna, "/me", body{"name": " \t "}, `If-Match: "1"`, 422, "invalid"},
		"a name of nothing visible":    {w.anna, "/me", body{"name": "\u202e\u200b \u0007"}, `If-Match: "1"`, 422, "invalid"},
		"a phone with letters":         {w.anna, "/me", body{"phone": "+99890abc1234"}, `If-Match: "1"`, 422, "invalid"},
		"a language there is not":      {w.anna, "/me", body{"language": "de"}, `If-Match: "1"`, 422, "invalid"},
		"roles by the back door":       {w.anna, "/me", body{"roles": []string{"admin"}}, `If-Match: "1"`, 422, "invalid"},
		"nothing":                      {w.anna, "/me", body{}, `If-Match: "1"`, 422, "invalid"},
		"somebody else's":              {w.anna, path(other.User), body{"name": "A"}, `If-Match: "1"`, 403, "forbidden"},
		"a resident's by the manager":  {w.boss, path(w.anna.User), body{"name": "A"}, `If-Match: "1"`, 403, "forbidden"},
		"of another tenant's person":   {foreign, path(w.anna.User), body{"name": "A"}, `If-Match: "1"`, 404, "not_found"},
		"of nobody":                    {w.admin, "/users/0198c5f2-7a10-7c3e-9b1d-2f4a6c8e0b12", body{"name": "A"}, `If-Match: "1"`, 404, "not_found"},
		"of oneself by what is no one": {w.Key(access.UsersEdit), "/me", body{"name": "A"}, `If-Match: "1"`, 403, "forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.by.Do("PATCH", tc.path, tc.change, tc.header).WantProblem(t, tc.status, tc.code)
		})
	}
	if len(w.Outbox(t)) != 0 {
		t.Errorf("refused edits were announced: %+v", w.Outbox(t))
	}
}

func TestWhoSeesWhom(t *testing.T) {
	w := start(t)
	foreign := w.In(housingtest.Other).Admin()
	w.boss.Do("GET", path(w.anna.User), nil).Want(t, 200)
	w.Key(access.UsersView).Do("GET", path(w.anna.User), nil).Want(t, 200)
	w.anna.Do("GET", path(w.boss.User), nil).WantProblem(t, 403, "forbidden")
	foreign.Do("GET", path(w.anna.User), nil).WantProblem(t, 404, "not_found")
	w.Key(access.UsersView).Do("GET", "/me", nil).WantProblem(t, 403, "forbidden")
}

func TestAnAdministratorChangesAnybody(t *testing.T) {
	w := start(t)
	var u api.User
	w.admin.Do("PATCH", path(w.anna.User), body{"phone": "+998935554433"}, `If-Match: "1"`).Want(t, 200, &u)
	if u.Name != "Anna Kim" || *u.Phone != "+998935554433" {
		t.Errorf("after the change: %+v", u)
	}
}

func TestOfTwoEditorsOneIsStale(t *testing.T) {
	w := start(t)
	got := make([]int, 2)
	edit := func(i int) func() {
		return func() {
			got[i] = w.admin.Do("PATCH", path(w.anna.User), body{"name": "Anna"}, `If-Match: "1"`).StatusCode
		}
	}
	atOnce(edit(0), edit(1))
	if count(got, 200) != 1 || count(got, 412) != 1 {
		t.Errorf("two edits of one version: %v", got)
	}
}
