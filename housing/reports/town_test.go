package reports_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/housing/access"
	"ukbot/housing/housingtest"
	"ukbot/housing/reports"
)

func TestMain(m *testing.M) { housingtest.Main(m, (*reports.Handlers)(nil)) }

// town is a company with many requests, made by chance but always the same.
type town struct {
	*housingtest.Server
	t                     testing.TB
	random                *rand.Rand
	residents, executors  []*housingtest.Client
	manager               *housingtest.Client
	buildings, apartments []uuid.UUID
	requests              []request
	changes               []change
}

// request is what the tests ask of a row.
type request struct {
	id, building, apartment, applicant           uuid.UUID
	executor                                     *uuid.UUID
	number, status, category, urgency, text, adr string
	created, reactionDue, completionDue          time.Time
	paused                                       *time.Time
	stars                                        *int
}

// change is a line of history.
type change struct {
	request  int
	at       time.Time
	from, to string
	executor *uuid.UUID
	seconds  int64
}

var (
	categories = []string{"electricity", "plumbing", "heating", "lift"}
	urgencies  = []string{"normal", "medium", "urgent", "critical"}
	texts      = []string{
		"Течёт кран на кухне", "Не работает лифт", "Лифты стоят с утра", "Joʻmrak oqmoqda, suv koʻp", "Jo'mrak buzilgan",
		"Нет света в подъезде", "Ёлка упала во дворе", "=HYPERLINK(\"http://x\")", "-1+1", "@risk", "💧 протечка 🚿", "редкость",
	}
)

// build makes a town with n requests over some days before its clock.
func build(t testing.TB, n, days int) *town {
	t.Helper()
	w := &town{Server: housingtest.Start(t), t: t, random: rand.New(rand.NewPCG(7, 7))}
	w.manager = w.Manager()
	for i := range 6 {
		resident := w.Applicant()
		building, apartment := w.Home(resident.User)
		w.residents, w.buildings, w.apartments = append(w.residents, resident), append(w.buildings, building), append(w.apartments, apartment)
		if i < 3 {
			w.executors = append(w.executors, w.Executor(categories[i], categories[i+1]))
		}
	}
	for i := range n {
		w.live(i, days)
	}
	w.store(0, 0)
	return w
}

// life is the statuses that follow each other, at most.
var life = []string{"new", "in_progress", "purchase", "in_progress", "completed", "confirmed", "returned", "in_progress", "completed", "confirmed", "accepted"}

// live makes one request and its history.
func (w *town) live(i, days int) {
	home := w.random.IntN(len(w.residents))
	r := request{
		id: uuid.Must(uuid.NewV7()), building: w.buildings[home], apartment: w.apartments[home], applicant: w.residents[home].User,
		number: fmt.Sprintf("2602%02d-%03d", 1+i%28, i), category: pick(w, categories), urgency: pick(w, urgencies), text: pick(w, texts),
		adr: fmt.Sprintf("Чиланзар, дом %d", home), created: w.Clock.Now().Add(-time.Duration(w.random.Int64N(int64(days) * int64(24*time.Hour)))).Truncate(time.Millisecond),
	}
	r.reactionDue, r.completionDue = r.created.Add(2*time.Hour), r.created.Add(time.Duration(1+w.random.IntN(100))*time.Hour)
	executor := &w.executors[w.random.IntN(len(w.executors))].Caller.User
	at, status := r.created, ""
	for step, steps := 0, 1+w.random.IntN(len(life)); step < steps; step++ {
		next := life[step]
		if step == 1 && w.random.IntN(10) == 0 {
			next = "cancelled"
		}
		spent := time.Duration(w.random.ExpFloat64() * float64(5*time.Hour)).Truncate(time.Second)
		if step > 0 {
			at = at.Add(spent)
		}
		if at.After(w.Clock.Now()) {
			break
		}
		if step == 1 && next != "cancelled" {
			r.executor = executor
		}
		line := change{request: i, at: at, from: status, to: next, executor: r.executor}
		if step > 0 {
			line.seconds = int64(spent / time.Second)
		}
		w.changes = append(w.changes, line)
		status = next
		if status == "cancelled" {
			break
		}
	}
	r.status = status
	if slices.Contains([]string{"purchase", "completed", "confirmed"}, status) {
		r.paused = &at
	}
	if status == "accepted" && w.random.IntN(3) > 0 {
		r.stars = new(1 + w.random.IntN(5))
	}
	w.requests = append(w.requests, r)
}

func pick(w *town, of []string) string { return of[w.random.IntN(len(of))] }

// store writes the requests and changes from these on, with two copies.
func (w *town) store(request, line int) {
	w.t.Helper()
	var rows, lines [][]any
	for _, r := range w.requests[request:] {
		rows = append(rows, []any{
			w.Tenant, r.id, r.number, r.status, r.category, r.urgency, r.text, r.building, r.apartment, r.adr, r.applicant, r.applicant.String(), r.executor,
			r.created, 7200, 86400, r.reactionDue, r.completionDue, r.paused, r.stars, 1, r.created, r.created,
		})
	}
	w.copy("requests", rows, "tenant_id id number status category urgency description building_id apartment_id address applicant_id created_by executor_id "+
		"status_since reaction_seconds completion_seconds reaction_due completion_due paused_at stars version created_at updated_at")
	for i, c := range w.changes[line:] {
		lines = append(lines, []any{w.Tenant, w.requests[c.request].id, i, c.at, "x", "manager", "x", c.from, c.to, c.executor, c.seconds})
	}
	w.copy("request_history", lines, "tenant_id request_id seq at actor_id actor_role action from_status to_status executor_id seconds")
}

func (w *town) copy(table string, rows [][]any, columns string) {
	w.t.Helper()
	if _, err := w.Pool.CopyFrom(context.Background(), pgx.Identifier{table}, strings.Fields(columns), pgx.CopyFromRows(rows)); err != nil {
		w.t.Fatalf("%s: %v", table, err)
	}
}

func (w *town) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.Pool.Exec(context.Background(), sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// stranger is a manager of another company.
func (w *town) stranger() *housingtest.Client { return w.In(housingtest.Other).Manager() }

// sees says whether somebody may see a request, as requests.Find has it.
func sees(c access.Caller, skills []string, r request) bool {
	switch c.Role {
	case access.Manager, access.Admin:
		return true
	case access.Executor:
		return r.executor != nil && *r.executor == c.User || r.status == "new" && slices.Contains(skills, r.category) || r.applicant == c.User
	}
	return r.applicant == c.User
}

func parse(t testing.TB, query string) url.Values {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return values
}
