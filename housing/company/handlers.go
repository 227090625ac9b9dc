package company

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/problem"
	"ukbot/housing/rest"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

// Deps is what the operations need.
type Deps struct{ Store unit.Store }

// Handlers answers the operations of the tag "company".
type Handlers struct{ deps Deps }

// New makes the handlers.
func New(deps Deps) *Handlers { return &Handlers{deps: deps} }

// GetCompany is the caller's company.
func (h *Handlers) GetCompany(ctx context.Context, _ api.GetCompanyRequestObject) (api.GetCompanyResponseObject, error) {
	c, err := Load(ctx, h.deps.Store.Read(ctx), access.From(ctx).Tenant)
	if err != nil {
		return nil, err
	}
	return api.GetCompany200JSONResponse{Body: tell(c), Headers: api.GetCompany200ResponseHeaders{ETag: rest.ETag(c.Version)}}, nil
}

// UpdateCompany changes what is given and leaves the rest.
func (h *Handlers) UpdateCompany(ctx context.Context, r api.UpdateCompanyRequestObject) (api.UpdateCompanyResponseObject, error) {
	tenant := access.From(ctx).Tenant
	var c Company
	err := h.deps.Store.Do(ctx, func(w *unit.Work) error {
		row, err := w.Company(ctx, tenant)
		if errors.Is(err, pgx.ErrNoRows) {
			return problem.Missing("company")
		}
		if err != nil {
			return fmt.Errorf("company %s: %w", tenant, err)
		}
		if err := rest.MustMatch(r.Params.IfMatch, row.Version); err != nil {
			return err
		}
		if err := apply(&row, *r.Body); err != nil {
			return err
		}
		c, err = write(ctx, w, row)
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.UpdateCompany200JSONResponse{Body: tell(c), Headers: api.UpdateCompany200ResponseHeaders{ETag: rest.ETag(c.Version)}}, nil
}

// write stores the row as the next version; somebody may have been faster since it was read.
func write(ctx context.Context, w *unit.Work, row db.Company) (Company, error) {
	saved, err := w.UpdateCompany(ctx, db.UpdateCompanyParams{
		TenantID: row.TenantID, Name: row.Name, TimeZone: row.TimeZone, Language: row.Language, Settings: row.Settings,
		Version: row.Version, Now: w.Now,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Company{}, problem.New(problem.Stale, "somebody changed this since you read it: read it again")
	}
	if err != nil {
		return Company{}, fmt.Errorf("update company %s: %w", row.TenantID, err)
	}
	return fromRow(saved)
}

// apply puts a change into the row, checking what the document cannot say.
func apply(row *db.Company, change api.CompanyChange) error {
	if change.Name != nil {
		row.Name = strings.Join(strings.Fields(*change.Name), " ")
		if row.Name == "" {
			return problem.InvalidField("/name", "is blank")
		}
	}
	if change.TimeZone != nil {
		if err := checkZone(*change.TimeZone); err != nil {
			return err
		}
		row.TimeZone = *change.TimeZone
	}
	if change.Language != nil {
		row.Language = string(*change.Language)
	}
	if change.Settings == nil {
		return nil
	}
	var own Settings // without defaults: a new default reaches who has set nothing
	if err := json.Unmarshal(row.Settings, &own); err != nil {
		return fmt.Errorf("company %s: settings: %w", row.TenantID, err)
	}
	own, err := own.merge(*change.Settings)
	if err != nil {
		return err
	}
	row.Settings, err = json.Marshal(own)
	return err
}

// checkZone takes IANA names alone: "Local" would be this machine's zone.
func checkZone(name string) error {
	if _, err := time.LoadLocation(name); err != nil || name == "Local" || strings.TrimSpace(name) != name {
		return problem.InvalidField("/time_zone", "is no IANA time zone, such as Asia/Tashkent")
	}
	return nil
}

// merge is the settings with what is given in the place of what was.
func (s Settings) merge(given api.CompanySettings) (Settings, error) {
	if given.OffShift != nil {
		s.OffShift = string(*given.OffShift)
	}
	if given.AcceptAfterHours != nil {
		s.AcceptAfterHours = *given.AcceptAfterHours
	}
	if given.Deadlines == nil {
		return s, nil
	}
	deadlines := maps.Clone(s.Deadlines)
	if deadlines == nil {
		deadlines = map[string]Deadlines{}
	}
	for urgency, d := range map[string]*api.Deadlines{
		"normal": given.Deadlines.Normal, "medium": given.Deadlines.Medium, "urgent": given.Deadlines.Urgent, "critical": given.Deadlines.Critical,
	} {
		if d == nil {
			continue
		}
		if d.ReactionMinutes > d.CompletionMinutes {
			return s, problem.InvalidField("/settings/deadlines/"+urgency+"/reaction_minutes", "is later than the completion")
		}
		deadlines[urgency] = Deadlines{d.ReactionMinutes, d.CompletionMinutes}
	}
	s.Deadlines = deadlines
	return s, nil
}

func tell(c Company) api.Company {
	offShift := api.CompanySettingsOffShift(c.Settings.OffShift)
	return api.Company{
		Id: c.Tenant, Name: c.Name, TimeZone: c.Zone.String(), Language: api.Language(c.Language),
		Settings: api.CompanySettings{
			OffShift: &offShift, AcceptAfterHours: &c.Settings.AcceptAfterHours,
			Deadlines: &api.DeadlineTable{
				Normal: tellDeadlines(c, "normal"), Medium: tellDeadlines(c, "medium"),
				Urgent: tellDeadlines(c, "urgent"), Critical: tellDeadlines(c, "critical"),
			},
		},
	}
}

func tellDeadlines(c Company, urgency string) *api.Deadlines {
	d := c.Settings.Deadlines[urgency]
	return &api.Deadlines{ReactionMinutes: d.ReactionMinutes, CompletionMinutes: d.CompletionMinutes}
}
