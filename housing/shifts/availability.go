package shifts

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/sql/db"
)

// lookMax is the longest time that availability is asked for.
const lookMax = 31 * 24 * time.Hour

// ListAvailability lists who is there in a time: on shift, absent, planned or
// free. Why somebody is away it does not say: executors read it too.
func (h *Handlers) ListAvailability(ctx context.Context, r api.ListAvailabilityRequestObject) (api.ListAvailabilityResponseObject, error) {
	q, caller, p, limit := h.deps.Store.Read(ctx), access.From(ctx), r.Params, rest.Limit(r.Params.Limit)
	if err := caller.Require(access.ExecutorsView, false); err != nil {
		return nil, err
	}
	switch {
	case !p.To.After(p.From):
		return nil, problem.InvalidField("query/to", "is not after from")
	case p.To.Sub(p.From) > lookMax:
		return nil, problem.InvalidField("query/to", "is more than 31 days after from")
	}
	var after key
	if err := rest.ReadCursor(p.Cursor, &after); err != nil {
		return nil, err
	}
	role := string(access.Executor)
	if p.Role != nil {
		role = string(*p.Role)
	}
	people, err := q.AvailablePeople(ctx, db.AvailablePeopleParams{
		TenantID: caller.Tenant, Role: role, Specialisation: (*string)(p.Specialisation), After: after.ID, Items: int32(limit + 1),
	})
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	people, next := rest.Page(people, limit, func(row db.AvailablePeopleRow) any { return key{ID: row.ID} })
	items, err := h.look(ctx, q, caller.Tenant, people, p.From, p.To)
	return api.ListAvailability200JSONResponse{Items: items, NextCursor: next}, err
}

// look says of some people what they do in a time.
func (h *Handlers) look(ctx context.Context, q *db.Queries, tenant string, people []db.AvailablePeopleRow, from, to time.Time) ([]api.Availability, error) {
	ids, place, items := make([]uuid.UUID, len(people)), map[uuid.UUID]*api.Availability{}, make([]api.Availability, len(people))
	for i, row := range people {
		ids[i], place[row.ID] = row.ID, &items[i]
		items[i] = api.Availability{
			User:  api.PersonRef{Id: row.ID.String(), Name: row.Name},
			Roles: list[api.Role](row.Roles), Specialisations: list[api.Category](row.Specialisations),
			Shifts: []api.AvailabilityShift{}, Absences: []api.AvailabilityAbsence{},
		}
	}
	shifts, err := q.ShiftsOfPeople(ctx, db.ShiftsOfPeopleParams{TenantID: tenant, Users: ids, Since: from, Earliest: from.Add(-shiftMax), Until: to, Now: h.deps.Store.Now()})
	if err != nil {
		return nil, fmt.Errorf("shifts: %w", err)
	}
	for _, s := range shifts {
		item := place[*s.UserID]
		item.Shifts = append(item.Shifts, api.AvailabilityShift{Id: s.ID, Status: api.ShiftStatus(s.Status), StartsAt: s.StartsAt.UTC(), EndsAt: s.EndsAt.UTC()})
	}
	away, err := q.AbsencesOfPeople(ctx, db.AbsencesOfPeopleParams{TenantID: tenant, Users: ids, Since: from, Until: to})
	if err != nil {
		return nil, fmt.Errorf("absences: %w", err)
	}
	for _, a := range away {
		item := place[a.UserID]
		item.Absences = append(item.Absences, api.AvailabilityAbsence{StartsAt: a.StartsAt.UTC(), EndsAt: a.EndsAt.UTC()})
	}
	for i := range items {
		items[i].State = stateOf(items[i])
	}
	return items, nil
}

// stateOf is the first of on shift, absent and planned that holds; else free.
func stateOf(a api.Availability) api.AvailabilityState {
	state := api.AvailabilityState("free")
	for _, s := range a.Shifts {
		switch string(s.Status) {
		case open:
			return "on_shift"
		case planned:
			state = "planned"
		}
	}
	if len(a.Absences) > 0 {
		return "absent"
	}
	return state
}

func list[T ~string](texts []string) []T {
	typed := make([]T, len(texts))
	for i, text := range texts {
		typed[i] = T(text)
	}
	return typed
}
