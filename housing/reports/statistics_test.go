package reports_test

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
	"ukbot/housing/reports"
)

// tally counts by hand what getStatistics should say.
type tally struct {
	now                                               map[string]int
	created, completed, accepted, cancelled, returned int
	inTime, reacted, reactedInTime, rated, stars      int
	spent                                             map[string][]int64
}

func newTally() *tally { return &tally{now: map[string]int{}, spent: map[string][]int64{}} }

func (c *tally) add(r request, line change) {
	switch line.to {
	case "new":
		c.created++
	case "completed":
		c.completed++
		c.inTime += count(!line.at.After(r.completionDue))
	case "accepted":
		c.accepted++
		if r.stars != nil {
			c.rated++
			c.stars += *r.stars
		}
	case "cancelled":
		c.cancelled++
	case "returned":
		c.returned++
	}
	if line.from == "new" && line.to != "cancelled" {
		c.reacted++
		c.reactedInTime += count(!line.at.After(r.reactionDue))
	}
	if line.from != "" {
		c.spent[line.from] = append(c.spent[line.from], line.seconds)
	}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// check compares figures with the tally.
func (c *tally) check(t *testing.T, what string, f api.Figures) {
	t.Helper()
	got := []int{f.Created, f.Completed, f.Accepted, f.Cancelled, f.Returned, f.Rated}
	want := []int{c.created, c.completed, c.accepted, c.cancelled, c.returned, c.rated}
	if !slices.Equal(got, want) {
		t.Errorf("%s: created, completed, accepted, cancelled, returned, rated %v, want %v", what, got, want)
	}
	for name, x := range map[string]struct {
		got        *float64
		part, full int
		factor     float64
	}{
		"in time": {f.InTimePercent, c.inTime, c.completed, 100}, "reaction in time": {f.ReactionInTimePercent, c.reactedInTime, c.reacted, 100},
		"rating": {f.Rating, c.stars, c.rated, 1},
	} {
		if (x.got == nil) != (x.full == 0) || x.got != nil && math.Abs(*x.got-x.factor*float64(x.part)/float64(x.full)) > 0.06 {
			t.Errorf("%s: %s %v, want %d of %d", what, name, x.got, x.part, x.full)
		}
	}
	for status, n := range c.now {
		if f.Now[status] != n {
			t.Errorf("%s: %d are %s now, want %d", what, f.Now[status], status, n)
		}
	}
	if len(f.Now) != len(c.now) || len(f.Times) != len(c.spent) {
		t.Errorf("%s: now %v, want %v; %d times, want %d", what, f.Now, c.now, len(f.Times), len(c.spent))
	}
	for _, of := range f.Times {
		spent := slices.Sorted(slices.Values(c.spent[string(of.Status)]))
		if of.Count != len(spent) {
			t.Fatalf("%s: %d times %s, want %d", what, of.Count, of.Status, len(spent))
		}
		median := float64(spent[(len(spent)-1)/2])
		if math.Abs(float64(of.MedianSeconds)-median) > max(median*0.05, 1) {
			t.Errorf("%s: %s for %d s, want %v within 5 %%", what, of.Status, of.MedianSeconds, median)
		}
	}
}

// tallies counts a period by hand, in a time zone.
func (w *town) tallies(days int, zone string, category string, executor *uuid.UUID) (total *tally, by map[string]*tally) {
	w.t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		w.t.Fatal(err)
	}
	now := w.Clock.Now().In(location)
	first := time.Date(now.Year(), now.Month(), now.Day()-days+1, 0, 0, 0, 0, location)
	total, by = newTally(), map[string]*tally{}
	each := func(keys []string, do func(*tally)) {
		do(total)
		for _, key := range keys {
			if by[key] == nil {
				by[key] = newTally()
			}
			do(by[key])
		}
	}
	for _, line := range w.changes {
		r := w.requests[line.request]
		if line.at.Before(first) || category != "" && r.category != category || executor != nil && (line.executor == nil || *line.executor != *executor) {
			continue
		}
		keys := []string{r.category, line.at.In(location).Format(time.DateOnly)}
		if line.executor != nil {
			keys = append(keys, line.executor.String())
		}
		each(keys, func(c *tally) { c.add(r, line) })
	}
	for _, r := range w.requests {
		if slices.Contains(groups["closed"], r.status) || category != "" && r.category != category || executor != nil && (r.executor == nil || *r.executor != *executor) {
			continue
		}
		keys := []string{r.category}
		if r.executor != nil {
			keys = append(keys, r.executor.String())
		}
		each(keys, func(c *tally) { c.now[r.status]++ })
	}
	return total, by
}

// compare asks for statistics and counts by hand.
func (w *town) compare(t *testing.T, who *housingtest.Client, days int, zone, category string, executor *uuid.UUID) {
	t.Helper()
	path := fmt.Sprintf("/reports/requests?days=%d", days)
	if category != "" {
		path += "&category=" + category
	}
	if executor != nil && !who.Is(*executor) {
		path += "&executor=" + executor.String()
	}
	var got api.Statistics
	who.Do("GET", path, nil).Want(t, 200, &got)
	total, by := w.tallies(days, zone, category, executor)
	total.check(t, path+" total", got.Total)
	for _, of := range got.Categories {
		by[string(of.Category)].check(t, path+" "+string(of.Category), of.Figures)
	}
	for _, of := range got.Executors {
		if of.Executor.Name == "" {
			t.Error("an executor without a name")
		}
		by[of.Executor.Id].check(t, path+" executor", of.Figures)
	}
	for _, day := range got.Daily {
		of := by[day.Day.Format(time.DateOnly)]
		if of == nil {
			of = newTally()
		}
		if day.Created != of.created || day.Completed != of.completed || day.Accepted != of.accepted || day.Cancelled != of.cancelled || day.Returned != of.returned {
			t.Errorf("%s %s: %+v, want %+v", path, day.Day, day, of)
		}
	}
	if len(got.Daily) != days || len(got.Categories) == 0 || got.TimeZone != zone {
		t.Errorf("%s: %d days, %d categories, %s", path, len(got.Daily), len(got.Categories), got.TimeZone)
	}
}

func TestStatisticsAreWhatCountingByHandGives(t *testing.T) {
	w := build(t, 500, 100)
	const tashkent = "Asia/Tashkent"
	ask := func() {
		t.Helper()
		executor := w.executors[1].User
		w.compare(t, w.manager, 7, tashkent, "", nil)
		w.compare(t, w.manager, 30, tashkent, "plumbing", nil)
		w.compare(t, w.manager, 90, tashkent, "", nil)
		w.compare(t, w.manager, 90, tashkent, "heating", &executor)
		w.compare(t, w.executors[1], 30, tashkent, "", &executor)
	}
	ask()
	ask() // from what was counted
	// Time goes on: more of today has settled, days end, nothing is counted twice.
	for _, by := range []time.Duration{time.Hour, 5 * time.Hour, 11 * time.Hour, 26 * time.Hour, 24 * 3 * time.Hour} {
		w.Clock.Advance(by)
		for _, who := range []*housingtest.Client{w.manager, w.executors[1]} {
			who.Renew()
		}
		ask()
	}
}

func TestStatisticsFollowTheCompanysTimeZone(t *testing.T) {
	w := build(t, 300, 40)
	w.compare(t, w.manager, 30, "Asia/Tashkent", "", nil)
	for _, zone := range []string{"America/New_York", "Pacific/Kiritimati", "Asia/Tashkent"} {
		w.exec("UPDATE companies SET time_zone = $1", zone)
		w.compare(t, w.manager, 30, zone, "", nil)
	}
}

func TestDaysAreCountedOnceByManyAtOnce(t *testing.T) {
	w := build(t, 300, 40)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() { w.compare(t, w.manager, 30, "Asia/Tashkent", "", nil) })
	}
	wg.Go(func() {
		if err := reports.New(reports.Deps{Store: w.Store}).RollUpAll(t.Context()); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	if err := reports.RollUp(t.Context(), w.Store, w.Tenant, w.Clock.Now().AddDate(0, 0, -3)); err != nil {
		t.Error(err)
	}
	w.compare(t, w.manager, 30, "Asia/Tashkent", "", nil)
}

func TestForgottenDaysAreCountedAgain(t *testing.T) {
	w := build(t, 100, 30)
	w.compare(t, w.manager, 30, "Asia/Tashkent", "", nil)
	requests, lines := len(w.requests), len(w.changes)
	for i := range 50 {
		w.live(requests+i, 30)
	}
	w.store(requests, lines)
	if err := reports.Forget(t.Context(), w.Store, w.Tenant); err != nil {
		t.Fatal(err)
	}
	w.compare(t, w.manager, 30, "Asia/Tashkent", "", nil)
}

func TestFiguresAreForThoseWhoMaySeeThem(t *testing.T) {
	w := build(t, 40, 10)
	const path = "/reports/requests"
	w.residents[0].Do("GET", path, nil).WantProblem(t, 403, "forbidden")
	w.executors[0].Do("GET", path+"?executor="+w.executors[1].ID(), nil).WantProblem(t, 403, "forbidden")
	w.executors[0].Do("GET", path+"?executor="+w.executors[0].ID(), nil).Want(t, 200)
	w.Key(access.ReportsView).Do("GET", path, nil).Want(t, 200)
	w.Key(access.RequestsView).Do("GET", path, nil).WantProblem(t, 403, "forbidden")
	w.manager.Do("GET", path+"?days=14", nil).WantProblem(t, 422, "invalid")
	var none api.Statistics
	w.stranger().Do("GET", path+"?days=90", nil).Want(t, 200, &none)
	if none.Total.Created != 0 || len(none.Total.Now) != 0 || len(none.Executors) != 0 || len(none.Categories) != 0 {
		t.Errorf("another company's manager sees %+v", none.Total)
	}
}
