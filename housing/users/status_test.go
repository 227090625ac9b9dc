package users_test

import (
	"testing"

	"ukbot/api"
	"ukbot/housing/housingtest"
)

func TestLifeOfAPerson(t *testing.T) {
	w := start(t)
	var free api.User
	u := w.register(t, 201, 77, nil)
	if u.Status != "pending" || u.ActiveRole != "applicant" {
		t.Fatalf("registered: %+v", u)
	}
	w.boss.Do("POST", path(u.Id, "/approve"), nil).Want(t, 200, &u)
	if u.Status != "approved" || u.DecidedAt == nil {
		t.Errorf("approved: %+v", u)
	}
	w.boss.Do("POST", path(u.Id, "/approve"), nil).Want(t, 200) // nothing left to do
	w.admin.Do("POST", path(u.Id, "/block"), body{"reason": " Грубит диспетчеру "}).Want(t, 200, &u)
	if u.Status != "blocked" || *u.StatusReason != "Грубит диспетчеру" {
		t.Errorf("blocked: %+v", u)
	}
	w.admin.Do("POST", path(u.Id, "/approve"), nil).WantProblem(t, 409, "conflict")
	w.admin.Do("POST", path(u.Id, "/block"), body{"reason": "again"}).Want(t, 200)
	w.admin.Do("POST", path(u.Id, "/unblock"), nil).Want(t, 200, &free)
	if u := free; u.Status != "approved" || u.StatusReason != nil {
		t.Errorf("unblocked: %+v", u)
	}
	all := w.wantChanges(t, u.Id, "registered", "approved", "blocked", "unblocked")
	if all[0].Know[0].Relation != "manager" || all[0].Know[0].Person != "" || all[0].Actor.Role != "key" {
		t.Errorf("registered: %+v", all[0].UserChanged)
	}
	if all[2].Reason != "Грубит диспетчеру" || all[2].Know[0].Person != u.Id.String() || all[2].Know[0].Relation != "subject" {
		t.Errorf("blocked: %+v", all[2].UserChanged)
	}
}

func TestBlockingEndsSessions(t *testing.T) {
	w := start(t)
	w.anna.Do("GET", "/me", nil).Want(t, 200)
	w.admin.Do("POST", path(w.anna.User, "/block"), body{"reason": "x"}).Want(t, 200)
	w.anna.Do("GET", "/me", nil).WantProblem(t, 401, "unauthorized")
}

func TestDecisionsAreRefused(t *testing.T) {
	w := start(t)
	foreign := w.In(housingtest.Other).Admin()
	waiting := w.Applicant(housingtest.Status("pending"))
	for name, tc := range map[string]struct {
		by     *housingtest.Client
		path   string
		body   any
		status int
		code   string
	}{
		"blocking oneself":                   {w.admin, path(w.admin.User, "/block"), body{"reason": "x"}, 409, "conflict"},
		"blocking without a reason":          {w.admin, path(w.anna.User, "/block"), body{"reason": " "}, 422, "invalid"},
		"blocking by a manager":              {w.boss, path(w.anna.User, "/block"), body{"reason": "x"}, 403, "forbidden"},
		"approving by a resident":            {w.anna, path(waiting.User, "/approve"), nil, 403, "forbidden"},
		"unblocking who waits":               {w.admin, path(waiting.User, "/unblock"), nil, 409, "conflict"},
		"blocking another tenant's person":   {foreign, path(w.anna.User, "/block"), body{"reason": "x"}, 404, "not_found"},
		"approving another tenant's person":  {foreign, path(waiting.User, "/approve"), nil, 404, "not_found"},
		"unblocking another tenant's person": {foreign, path(waiting.User, "/unblock"), nil, 404, "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.by.Do("POST", tc.path, tc.body).WantProblem(t, tc.status, tc.code)
		})
	}
}

func TestTheLastAdministratorStays(t *testing.T) {
	w := start(t)
	key := w.Key("users.block", "users.roles", "users.view")
	_, tag := w.read(t, w.admin.User)
	key.Do("POST", path(w.admin.User, "/block"), body{"reason": "x"}).WantProblem(t, 409, "conflict")
	key.Do("PUT", path(w.admin.User, "/roles"), body{"roles": []string{"manager"}}, tag).WantProblem(t, 409, "conflict")
	key.Do("PUT", path(w.admin.User, "/roles"), body{"roles": []string{"manager", "admin"}}, tag).Want(t, 200)

	w.admin.Renew()
	w.Person("admin", housingtest.Status("blocked")) // counts for nothing
	key.Do("POST", path(w.admin.User, "/block"), body{"reason": "x"}).WantProblem(t, 409, "conflict")
}

func TestTwoAdministratorsDoNotRemoveEachOther(t *testing.T) {
	w := start(t)
	second := w.Admin()
	got := make([]int, 2)
	atOnce(
		func() { got[0] = w.admin.Do("POST", path(second.User, "/block"), body{"reason": "x"}).StatusCode },
		func() {
			got[1] = second.Do("PUT", path(w.admin.User, "/roles"), body{"roles": []string{"applicant"}}, `If-Match: "1"`).StatusCode
		},
	)
	var left int
	err := w.Pool.QueryRow(t.Context(), "SELECT count(*) FROM users WHERE tenant_id = $1 AND status = 'approved' AND 'admin' = ANY (roles)", w.Tenant).Scan(&left)
	if err != nil || left != 1 || count(got, 200) != 1 {
		t.Errorf("%d administrators are left, answers %v, %v", left, got, err)
	}
}

func TestRolesChange(t *testing.T) {
	w := start(t)
	roles := path(w.anna.User, "/roles")
	var u api.User
	w.admin.Do("PUT", roles, body{"roles": []string{"executor", "applicant"}, "specialisations": []string{"plumbing"}}, `If-Match: "1"`).Want(t, 200, &u)
	if u.ActiveRole != "applicant" || len(u.Roles) != 2 || u.Specialisations[0] != "plumbing" {
		t.Errorf("the active role stays where it is held: %+v", u)
	}
	w.anna.Do("GET", "/me", nil).WantProblem(t, 401, "unauthorized") // the token said other roles
	w.admin.Do("PUT", roles, body{"roles": []string{"executor"}}, `If-Match: "2"`).Want(t, 200, &u)
	if u.ActiveRole != "executor" || len(u.Specialisations) != 0 {
		t.Errorf("the first role becomes active: %+v", u)
	}
	w.admin.Do("PUT", roles, body{"roles": []string{"executor", "manager"}, "active_role": "manager"}, `If-Match: "3"`).Want(t, 200, &u)
	if u.ActiveRole != "manager" {
		t.Errorf("the active role asked for: %+v", u)
	}
	all := w.wantChanges(t, w.anna.User, "roles", "roles", "roles")
	if all[2].Know[0].Person != w.anna.ID() || len(all[2].User.Roles) != 2 {
		t.Errorf("event: %+v", all[2].UserChanged)
	}
}

func TestRolesAreRefused(t *testing.T) {
	w := start(t)
	foreign := w.In(housingtest.Other).Admin()
	for name, tc := range map[string]struct {
		by     *housingtest.Client
		roles  body
		header string
		status int
		code   string
	}{
		"none":                              {w.admin, body{"roles": []string{}}, `If-Match: "1"`, 422, "invalid"},
		"one twice":                         {w.admin, body{"roles": []string{"manager", "manager"}}, `If-Match: "1"`, 422, "invalid"},
		"one there is not":                  {w.admin, body{"roles": []string{"king"}}, `If-Match: "1"`, 422, "invalid"},
		"acting in a role not held":         {w.admin, body{"roles": []string{"manager"}, "active_role": "admin"}, `If-Match: "1"`, 422, "invalid"},
		"specialisations of no executor":    {w.admin, body{"roles": []string{"manager"}, "specialisations": []string{"lift"}}, `If-Match: "1"`, 422, "invalid"},
		"without If-Match":                  {w.admin, body{"roles": []string{"manager"}}, "X-None: 1", 428, "match_required"},
		"of an older version":               {w.admin, body{"roles": []string{"manager"}}, `If-Match: "7"`, 412, "stale"},
		"by a manager":                      {w.boss, body{"roles": []string{"manager"}}, `If-Match: "1"`, 403, "forbidden"},
		"by another tenant's administrator": {foreign, body{"roles": []string{"manager"}}, `If-Match: "1"`, 404, "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.by.Do("PUT", path(w.anna.User, "/roles"), tc.roles, tc.header).WantProblem(t, tc.status, tc.code)
		})
	}
}
