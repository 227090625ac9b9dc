package requests

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/housing/workflow"
	"ukbot/sql/db"
)

// walker acts at random on requests of its own, with a clock of its own.
type walker struct {
	*firm
	h         *Handlers
	random    *rand.Rand
	clock     time.Time
	people    []access.Caller
	executors []access.Caller
	reached   map[workflow.Status]int
	made      []uuid.UUID
}

// TestRandomWalks lets everybody try everything: what was offered succeeds,
// what was not is refused and leaves no trace, and history tells it all.
func TestRandomWalks(t *testing.T) {
	f := newFirm(t)
	requests := 60 // of each of four walkers
	if os.Getenv("UKBOT_E2E_FULL") != "" {
		requests = 600
	}
	var wg sync.WaitGroup
	var walkers []*walker
	for seed := range uint64(4) {
		w := f.walker(seed)
		walkers = append(walkers, w)
		wg.Go(func() {
			for range requests {
				w.walk(t)
			}
		})
	}
	wg.Wait()
	told := f.told()
	for _, info := range workflow.Statuses[1:] {
		reached := 0
		for _, w := range walkers {
			reached += w.reached[info.Status]
		}
		if reached == 0 {
			t.Errorf("no walk came to %s", info.Status)
		}
	}
	for _, w := range walkers {
		for _, id := range w.made {
			checkEvents(t, told[id], w.replay(t, id))
		}
	}
}

func (f *firm) walker(seed uint64) *walker {
	w := &walker{firm: f, random: rand.New(rand.NewPCG(seed, 7)), clock: *f.now.Load(), reached: map[workflow.Status]int{}}
	w.h = New(Deps{Store: unit.Store{Pool: f.pool, Now: func() time.Time { return w.clock }}})
	off := f.person(access.Executor, "plumbing")
	f.exec("UPDATE shifts SET status = 'closed' WHERE user_id = $1", off.User)
	w.executors = []access.Caller{
		f.person(access.Executor, "plumbing", "heating"), f.person(access.Executor, "plumbing"), f.person(access.Executor, "electricity"), off,
	}
	key := access.Caller{Tenant: tenant, Name: "dispatch", Scopes: []access.Action{access.RequestsView, access.RequestsAssign, access.RequestsConfirm, access.RequestsInside, access.RequestsComment}}
	w.people = append(slices.Clone(w.executors),
		f.person(access.Applicant), f.person(access.Applicant), f.person(access.Manager), f.person(access.Admin), key)
	return w
}

// walk is one request's life.
func (w *walker) walk(t *testing.T) {
	resident := w.people[4]
	made, err := w.h.CreateRequest(access.With(context.Background(), resident), api.CreateRequestRequestObject{
		Body: &api.RequestNew{Category: "plumbing", Urgency: "normal", Description: "Течёт кран", BuildingId: w.building, ApartmentId: &w.apartment},
	})
	if err != nil {
		t.Error(err)
		return
	}
	id := made.(api.CreateRequest201JSONResponse).Body.Id
	for range 18 {
		w.clock = w.clock.Add(time.Duration(w.random.IntN(30)) * time.Hour)
		switch caller := w.people[w.random.IntN(len(w.people))]; w.random.IntN(10) {
		case 0:
			w.talk(t, caller, id)
		case 1:
			w.pass(t, id)
		case 2:
			w.correct(caller, id)
		default:
			w.step(t, caller, id)
		}
	}
	w.made = append(w.made, id)
}

// step tries one action and compares what happened with what was offered.
func (w *walker) step(t *testing.T, caller access.Caller, id uuid.UUID) {
	before, offered := w.look(t, caller, id)
	row := workflow.Table[w.random.IntN(len(workflow.Table))]
	if len(offered) > 0 && w.random.IntN(2) == 0 { // often what leads on
		row = workflow.Row{Action: offered[w.random.IntN(len(offered))]}
	}
	g := w.give(row.Action, caller, id)
	_, _, err := w.h.act(access.With(context.Background(), caller), id.String(), nil, row.Action, g)
	after, _ := w.look(t, caller, id)
	switch {
	case err == nil:
		if !slices.Contains(offered, row.Action) {
			t.Errorf("%s by %s in %s was done but not offered", row.Action, caller.RoleName(), before.Status)
		}
		w.checkMove(t, caller, row.Action, before, after)
		w.reached[workflow.Status(after.Status)]++
	case problem.As(err) == nil:
		t.Errorf("%s by %s in %s: %v", row.Action, caller.RoleName(), before.Status, err)
	case after.Version != before.Version || after.Status != before.Status:
		t.Errorf("%s by %s in %s was refused (%v) and still changed it", row.Action, caller.RoleName(), before.Status, err)
	case slices.Contains(offered, row.Action) && !problem.Is(err, problem.Invalid):
		t.Errorf("%s by %s in %s was offered and then refused: %v", row.Action, caller.RoleName(), before.Status, err)
	}
}

// checkMove holds a move against the table.
func (w *walker) checkMove(t *testing.T, caller access.Caller, action workflow.Action, before, after db.Request) {
	role := viewer{Caller: caller}.role()
	allowed := slices.ContainsFunc(workflow.Table, func(r workflow.Row) bool {
		return r.Action == action && string(r.To) == after.Status && slices.Contains(r.From, workflow.Status(before.Status)) && slices.Contains(r.By, role)
	})
	if !allowed || after.Version != before.Version+1 {
		t.Errorf("%s by %s led from %s (version %d) to %s (version %d), which the table does not allow",
			action, role, before.Status, before.Version, after.Status, after.Version)
	}
}

// look is a request, and what it offers somebody.
func (w *walker) look(t *testing.T, caller access.Caller, id uuid.UUID) (db.Request, []workflow.Action) {
	q := db.New(w.pool)
	row, err := q.RequestByID(context.Background(), tenant, id)
	if err != nil {
		t.Error(err)
	}
	v, err := w.h.viewer(access.With(context.Background(), caller), q)
	if err != nil {
		t.Error(err)
	}
	return row, v.actions(row)
}

// give is what comes with an action, now and then with something missing.
func (w *walker) give(action workflow.Action, caller access.Caller, id uuid.UUID) given {
	text := "сделаем как следует"
	g := given{reason: &text, comment: &text}
	if action == workflow.Assign {
		g.executor = &w.executors[w.random.IntN(len(w.executors))].User
	}
	if stars := 1 + w.random.IntN(5); action == workflow.Accept && caller.Role == access.Applicant {
		g.stars = &stars
	}
	if action == workflow.Done || action == workflow.Return {
		g.files = []uuid.UUID{w.photo(id, caller)}
	}
	switch w.random.IntN(12) {
	case 0:
		g.reason, g.comment = nil, nil
	case 1:
		g.files, g.stars = nil, nil
	}
	return g
}

// talk says something, inside or for all.
func (w *walker) talk(t *testing.T, caller access.Caller, id uuid.UUID) {
	visibility := []api.CommentVisibility{public, internal}[w.random.IntN(2)]
	_, err := w.h.AddComment(access.With(context.Background(), caller), api.AddCommentRequestObject{
		Ref: id.String(), Body: &api.RequestCommentNew{Body: "Буду через час", Visibility: &visibility},
	})
	if caller.Role == access.Applicant && visibility == internal && err == nil {
		t.Error("a resident wrote an internal comment")
	}
	if err != nil && problem.As(err) == nil {
		t.Errorf("comment: %v", err)
	}
}

// pass lets the clock or a shift's end change the request.
func (w *walker) pass(t *testing.T, id uuid.UUID) {
	ctx := context.Background()
	err := w.h.store.Do(ctx, func(u *unit.Work) error {
		row, err := u.LockRequest(ctx, tenant, id)
		if err != nil {
			return err
		}
		if row.ExecutorID != nil && w.random.IntN(2) == 0 {
			from, to := *row.ExecutorID, w.executors[w.random.IntN(len(w.executors))]
			_, err := HandOver(ctx, u, company.Company{Tenant: tenant}, to, from, to.User, "конец смены")
			return err
		}
		return Change(ctx, u, &row, Entry{
			Actor: ByClock(), Action: ActionSLA, Event: events.RequestWarned, Clock: "completion",
			Set: func(r *db.Request) { r.CompletionWarnedAt = &u.Now },
		})
	})
	if err != nil {
		t.Errorf("hand over, or a deadline: %v", err)
	}
}

// correct edits the request, if it may.
func (w *walker) correct(caller access.Caller, id uuid.UUID) {
	urgency, description := []api.Urgency{"normal", "urgent"}[w.random.IntN(2)], fmt.Sprintf("Течёт кран %d", w.random.IntN(9))
	newest := "*"
	_, err := w.h.UpdateRequest(access.With(context.Background(), caller), api.UpdateRequestRequestObject{
		Ref: id.String(), Params: api.UpdateRequestParams{IfMatch: &newest}, Body: &api.RequestChange{Urgency: &urgency, Description: &description},
	})
	if err != nil && problem.As(err) == nil {
		w.t.Errorf("edit: %v", err)
	}
}
