package company_test

import (
	"sync"
	"testing"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/housingtest"
)

func TestMain(m *testing.M) { housingtest.Main(m, (*company.Handlers)(nil)) }

// body is JSON of a request.
type body = map[string]any

func TestEverybodySeesTheCompany(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	for _, by := range []*housingtest.Client{s.Applicant(), s.Executor(), s.Manager(), s.Admin(), s.Key(access.CompanyView)} {
		var c api.Company
		answer := by.Do("GET", "/company", nil).Want(t, 200, &c)
		if c.Id != s.Tenant || c.TimeZone != "Asia/Tashkent" || *c.Settings.OffShift != "refuse" || c.Settings.Deadlines.Critical.ReactionMinutes != 30 {
			t.Errorf("company: %+v", c)
		}
		if answer.Header.Get("ETag") != `"1"` {
			t.Errorf("ETag %s", answer.Header.Get("ETag"))
		}
	}
	var other api.Company
	if s.In(housingtest.Other).Admin().Do("GET", "/company", nil).Want(t, 200, &other); other.Id != housingtest.Other {
		t.Errorf("another tenant's administrator sees %s", other.Id)
	}
}

func TestWhatIsLeftOutStays(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	admin := s.Admin()
	var c api.Company
	admin.Do("PATCH", "/company", body{
		"name": " ООО  «Чиланзар Сервис» ", "language": "uz",
		"settings": body{"off_shift": "allow", "deadlines": body{"urgent": body{"reaction_minutes": 5, "completion_minutes": 60}}},
	}, `If-Match: "1"`).Want(t, 200, &c)
	if c.Name != "ООО «Чиланзар Сервис»" || c.Language != "uz" || c.TimeZone != "Asia/Tashkent" || *c.Settings.OffShift != "allow" {
		t.Errorf("after the first change: %+v", c)
	}
	admin.Do("PATCH", "/company", body{"time_zone": "Asia/Samarkand", "settings": body{
		"accept_after_hours": 24, "deadlines": body{"normal": body{"reaction_minutes": 60, "completion_minutes": 60}},
	}}, `If-Match: "2"`).Want(t, 200, &c)
	d := c.Settings.Deadlines
	if d.Urgent.ReactionMinutes != 5 || d.Normal.CompletionMinutes != 60 || d.Medium.ReactionMinutes != 480 {
		t.Errorf("deadlines: %+v %+v %+v", d.Urgent, d.Normal, d.Medium)
	}
	if *c.Settings.OffShift != "allow" || *c.Settings.AcceptAfterHours != 24 || c.TimeZone != "Asia/Samarkand" || c.Language != "uz" {
		t.Errorf("after the second change: %+v", c)
	}
}

func TestChangesAreRefused(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	admin := s.Admin()
	deadlines := func(reaction, completion int) body {
		return body{"settings": body{"deadlines": body{"normal": body{"reaction_minutes": reaction, "completion_minutes": completion}}}}
	}
	for name, tc := range map[string]struct {
		by      *housingtest.Client
		change  body
		header  string
		status  int
		code    string
		pointer string
	}{
		"by a manager":                         {s.Manager(), body{"name": "A"}, `If-Match: "1"`, 403, "forbidden", ""},
		"without If-Match":                     {admin, body{"name": "A"}, "X-None: 1", 428, "match_required", "header/If-Match"},
		"of an older version":                  {admin, body{"name": "A"}, `If-Match: "0"`, 412, "stale", ""},
		"a blank name":                         {admin, body{"name": " "}, `If-Match: "1"`, 422, "invalid", "/name"},
		"a zone there is not":                  {admin, body{"time_zone": "Asia/Chilanzar"}, `If-Match: "1"`, 422, "invalid", "/time_zone"},
		"this machine's zone":                  {admin, body{"time_zone": "Local"}, `If-Match: "1"`, 422, "invalid", "/time_zone"},
		"a zone outside of the database":       {admin, body{"time_zone": "../etc/passwd"}, `If-Match: "1"`, 422, "invalid", "/time_zone"},
		"a reaction after the completion":      {admin, deadlines(10, 9), `If-Match: "1"`, 422, "invalid", "/settings/deadlines/normal/reaction_minutes"},
		"deadlines beyond what schedules keep": {admin, deadlines(10, company.DeadlineMax+1), `If-Match: "1"`, 422, "invalid", "/settings/deadlines/normal/completion_minutes"},
		"a setting there is not":               {admin, body{"settings": body{"magic": true}}, `If-Match: "1"`, 422, "invalid", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := tc.by.Do("PATCH", "/company", tc.change, tc.header).WantProblem(t, tc.status, tc.code).Problem()
			if tc.pointer != "" && (p.Errors == nil || (*p.Errors)[0].Pointer != tc.pointer) {
				t.Errorf("errors %+v, want one at %s", p.Errors, tc.pointer)
			}
		})
	}
}

func TestOfTwoEditorsOneIsStale(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	admin := s.Admin()
	statuses := make([]int, 4)
	var wg sync.WaitGroup
	for i := range statuses {
		wg.Go(func() {
			statuses[i] = admin.Do("PATCH", "/company", body{"name": "A"}, `If-Match: "1"`).StatusCode
		})
	}
	wg.Wait()
	won := 0
	for _, status := range statuses {
		switch status {
		case 200:
			won++
		case 412:
		default:
			t.Errorf("status %d", status)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d edits of one version won", won, len(statuses))
	}
}
