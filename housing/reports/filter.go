package reports

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/workflow"
	"ukbot/sql/db"
)

// filter is what lists and exports may be asked for.
type filter struct {
	group                                    string
	status                                   *api.RequestStatus
	category                                 *api.Category
	urgency                                  *api.Urgency
	building, apartment, executor, applicant *uuid.UUID
	mine, free, overdue                      bool
	from, to                                 *time.Time
	q                                        string
}

func ofList(p api.ListRequestsParams) filter {
	return filter{
		group: string(or(p.StatusGroup, "all")), status: p.Status, category: p.Category, urgency: p.Urgency, building: p.Building,
		apartment: p.Apartment, executor: p.Executor, applicant: p.Applicant, mine: or(p.Mine, false), free: or(p.Free, false),
		overdue: or(p.Overdue, false), from: p.From, to: p.To, q: or(p.Q, ""),
	}
}

func ofExport(p api.ExportRequestsParams) filter {
	return filter{
		group: string(or(p.StatusGroup, "all")), status: p.Status, category: p.Category, urgency: p.Urgency, building: p.Building,
		apartment: p.Apartment, executor: p.Executor, applicant: p.Applicant, mine: or(p.Mine, false), free: or(p.Free, false),
		overdue: or(p.Overdue, false), from: p.From, to: p.To, q: or(p.Q, ""),
	}
}

func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// search is one question to the database. A caller's list may take several.
type search struct {
	db.FindRequestsParams
	words string // to look for in the text
	empty bool   // it can find nothing
}

// searches is the filter for each way in which the caller may see a request.
func (f filter) searches(ctx context.Context, q *db.Queries, caller access.Caller, now time.Time) ([]search, error) {
	base, err := f.search(caller, now)
	if err != nil {
		return nil, err
	}
	all := []search{base}
	if caller.May(access.RequestsView) != access.Any {
		if all, err = seen(ctx, q, caller, base); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(all, func(s search) bool { return s.empty }), nil
}

// seen narrows a search to what a caller may see of the company's requests, as
// requests.Find does for one of them: their own as a resident, and for an
// executor what is given to them or is free for their trade.
func seen(ctx context.Context, q *db.Queries, caller access.Caller, base search) ([]search, error) {
	own := base
	own.person(&own.Applicant, caller.User)
	if caller.Role != access.Executor {
		return []search{own}, nil
	}
	person, err := q.RequestPerson(ctx, caller.Tenant, caller.User)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("specialisations of %s: %w", caller.ID(), err)
	}
	given, free := base, base
	given.person(&given.Executor, caller.User)
	free.only(&free.Statuses, string(workflow.New))
	free.only(&free.Categories, person.Specialisations...)
	return []search{given, free, own}, nil
}

// search is the filter for a caller who may see everything.
func (f filter) search(caller access.Caller, now time.Time) (search, error) {
	s := search{FindRequestsParams: db.FindRequestsParams{
		TenantID: caller.Tenant, Building: f.building, Apartment: f.apartment, Applicant: f.applicant, Executor: f.executor,
		Free: f.free, Since: f.from, Until: f.to,
	}}
	if f.urgency != nil {
		s.Urgency = new(string(*f.urgency))
	}
	if f.category != nil {
		s.only(&s.Categories, string(*f.category))
	}
	if f.status != nil {
		s.only(&s.Statuses, string(*f.status))
	}
	if f.group != "all" {
		var of []string
		for _, status := range workflow.In(workflow.Group(f.group)) {
			of = append(of, string(status))
		}
		s.only(&s.Statuses, of...)
	}
	if f.free {
		s.only(&s.Statuses, string(workflow.New))
	}
	if f.overdue {
		s.OverdueAt, s.OpenOnly = &now, true
	}
	s.text(f.q)
	return s, f.mineOf(&s, caller)
}

func (f filter) mineOf(s *search, caller access.Caller) error {
	switch {
	case !f.mine:
	case caller.IsMachine():
		return problem.InvalidField("query/mine", "a key has no requests of its own: name an executor or an applicant")
	case caller.Role == access.Executor:
		s.person(&s.Executor, caller.User)
	default:
		s.person(&s.Applicant, caller.User)
	}
	return nil
}

// person narrows the search to one person.
func (s *search) person(to **uuid.UUID, user uuid.UUID) {
	if *to != nil && **to != user {
		s.empty = true
	}
	*to = &user
}

// only narrows the search to what is in both lists; nil is everything.
func (s *search) only(list *[]string, values ...string) {
	kept := []string{}
	for _, value := range values {
		if *list == nil || slices.Contains(*list, value) {
			kept = append(kept, value)
		}
	}
	*list, s.empty = kept, s.empty || len(kept) == 0
}

// numberForm is the beginning of a request's number, from its day on.
var numberForm = regexp.MustCompile(`^\d{6}(-\d{0,9})?$`)

// dropped is what the column requests.search leaves out of words, or writes in
// one way; keep them equal.
var dropped = strings.NewReplacer("Ё", "Е", "ё", "е", "'", "", "`", "", "´", "", "‘", "", "’", "", "ʻ", "", "ʼ", "")

func (s *search) text(q string) {
	q = strings.TrimSpace(q)
	if numberForm.MatchString(q) {
		s.NumberPrefix = &q
		return
	}
	s.words = dropped.Replace(q)
}
