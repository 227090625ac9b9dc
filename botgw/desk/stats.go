package desk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// The periods that figures are made for, in days.
var periods = []api.GetStatisticsParamsDays{7, 30, 90}

// topSize is how many executors and categories are named.
const topSize = 5

// openStatuses are the statuses of requests that are not closed, in the order of work.
var openStatuses = []api.RequestStatus{"new", "in_progress", "purchase", "clarification", "completed", "confirmed", "returned"}

// stats shows a month.
func (d *Desk) stats(ctx context.Context, t *talk.Turn) error {
	screen, err := statsScreen(ctx, t, 30)
	if err == nil {
		t.Say(screen)
	}
	return err
}

func (d *Desk) tapStats(ctx context.Context, t *talk.Turn, args []string) error {
	days, _ := strconv.Atoi(arg(args, 0))
	period := api.GetStatisticsParamsDays(days)
	if !slices.Contains(periods, period) {
		period = 30
	}
	screen, err := statsScreen(ctx, t, period)
	if err == nil {
		t.Show(screen)
	}
	return err
}

func statsScreen(ctx context.Context, t *talk.Turn, period api.GetStatisticsParamsDays) (talk.Screen, error) {
	t.Step = "stats"
	r, err := t.API.GetStatisticsWithResponse(ctx, &api.GetStatisticsParams{Days: &period})
	if err != nil {
		return talk.Screen{}, err
	}
	if r.JSON200 == nil {
		return talk.Screen{}, company.Refused(r.ApplicationproblemJSONDefault)
	}
	var choices []talk.Button
	for _, days := range periods {
		b := talk.Button{Text: t.Book.CountPlain("stats.days", int(days)), Call: talk.Call{Do: doStats, Args: []string{strconv.Itoa(int(days))}}}
		choices = append(choices, tick(b, days == period))
	}
	return talk.Screen{Text: statsText(t, *r.JSON200), Rows: [][]talk.Button{choices}}, nil
}

func statsText(t *talk.Turn, s api.Statistics) string {
	own := t.Person.Is(api.RoleExecutor)
	title := "stats.title"
	if own {
		title = "stats.title_own"
	}
	parts := []string{
		t.Book.Text(title, words.Args{"From": day(t, midday(t, s.From.Time)), "To": day(t, midday(t, s.To.Time))}),
		totals(t, s.Total, own),
		inWork(t, s.Total),
		quality(t, s.Total),
		medians(t, s.Total),
	}
	if !own {
		parts = append(parts, topCategories(t, s.Categories), topExecutors(t, s.Executors))
	}
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	return strings.Join(parts, "\n\n")
}

// midday is a moment of the day that a date means, wherever the company is.
func midday(t *talk.Turn, date time.Time) time.Time {
	return time.Date(date.Year(), date.Month(), date.Day(), 12, 0, 0, 0, t.Zone)
}

func totals(t *talk.Turn, f api.Figures, own bool) string {
	args := words.Args{"Created": f.Created, "Completed": f.Completed, "Accepted": f.Accepted, "Returned": f.Returned, "Cancelled": f.Cancelled}
	if own {
		return t.Book.Text("stats.total_own", args)
	}
	return t.Book.Text("stats.total", args)
}

// inWork is how many requests are in each status at this moment.
func inWork(t *talk.Turn, f api.Figures) string {
	most := 0
	for _, status := range openStatuses {
		most = max(most, f.Now[string(status)])
	}
	if most == 0 {
		return ""
	}
	lines := []string{t.Book.Text("stats.now")}
	for _, status := range openStatuses {
		if n := f.Now[string(status)]; n > 0 {
			lines = append(lines, barLine(n, most, t.Book.Status(string(status))))
		}
	}
	return strings.Join(lines, "\n")
}

// quality is how much was in time, and what residents think.
func quality(t *talk.Turn, f api.Figures) string {
	var lines []string
	if f.ReactionInTimePercent != nil {
		lines = append(lines, t.Book.Text("stats.reaction", words.Args{"Percent": percent(t, *f.ReactionInTimePercent)}))
	}
	if f.InTimePercent != nil {
		lines = append(lines, t.Book.Text("stats.in_time", words.Args{"Percent": percent(t, *f.InTimePercent), "Bar": bar(int(*f.InTimePercent+0.5), 100)}))
	}
	if f.Rating != nil {
		lines = append(lines, t.Book.Count("stats.rating", f.Rated, words.Args{"Rating": stars(t, *f.Rating)}))
	}
	return strings.Join(lines, "\n")
}

// medians is how long requests stay in a status.
func medians(t *talk.Turn, f api.Figures) string {
	if len(f.Times) == 0 {
		return ""
	}
	lines := []string{t.Book.Text("stats.times")}
	for _, s := range f.Times {
		took := t.Book.Duration(time.Duration(s.MedianSeconds) * time.Second)
		lines = append(lines, t.Book.Text("stats.time", words.Args{"Status": t.Book.Status(string(s.Status)), "Took": took}))
	}
	return strings.Join(lines, "\n")
}

func topCategories(t *talk.Turn, all []api.CategoryFigures) string {
	all = slices.SortedStableFunc(slices.Values(all), func(a, b api.CategoryFigures) int { return cmp.Compare(b.Figures.Created, a.Figures.Created) })
	if len(all) == 0 || all[0].Figures.Created == 0 {
		return ""
	}
	lines := []string{t.Book.Text("stats.categories")}
	for _, c := range all[:min(len(all), topSize)] {
		if c.Figures.Created > 0 {
			lines = append(lines, barLine(c.Figures.Created, all[0].Figures.Created, t.Book.Category(string(c.Category))))
		}
	}
	return strings.Join(lines, "\n")
}

func topExecutors(t *talk.Turn, all []api.ExecutorFigures) string {
	all = slices.SortedStableFunc(slices.Values(all), func(a, b api.ExecutorFigures) int { return cmp.Compare(b.Figures.Completed, a.Figures.Completed) })
	if len(all) == 0 || all[0].Figures.Completed == 0 {
		return ""
	}
	lines := []string{t.Book.Text("stats.executors")}
	for i, e := range all[:min(len(all), topSize)] {
		if e.Figures.Completed == 0 {
			break
		}
		line := t.Book.Count("stats.executor", e.Figures.Completed, words.Args{"Place": i + 1, "Name": e.Executor.Name})
		if e.Figures.InTimePercent != nil {
			line += " · ⏱ " + percent(t, *e.Figures.InTimePercent)
		}
		if e.Figures.Rating != nil {
			line += " · ⭐ " + stars(t, *e.Figures.Rating)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// barWidth is the longest bar, in characters: a line of a narrow phone has room
// for it and for a word.
const barWidth = 10

// bar is n of most as characters; something is at least one.
func bar(n, most int) string {
	full := 0
	if n > 0 && most > 0 {
		full = max(1, n*barWidth/most)
	}
	full = min(full, barWidth)
	return strings.Repeat("▰", full) + strings.Repeat("▱", barWidth-full)
}

// barLine is a bar, the number and what it counts; name is HTML.
func barLine(n, most int, name string) string {
	return fmt.Sprintf("%s <b>%d</b> %s", bar(n, most), n, name)
}

func percent(t *talk.Turn, p float64) string { return t.Book.Percent(p / 100) }

func stars(t *talk.Turn, s float64) string {
	tenths := int(s*10 + 0.5)
	return t.Book.Plain("stats.stars", words.Args{"Whole": tenths / 10, "Tenth": tenths % 10})
}
