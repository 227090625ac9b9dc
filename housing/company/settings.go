// Package company is the tenant itself: its name, its time zone, and how it
// wants to work. Every other part asks here for deadlines and rules.
package company

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // a container may have no zones of its own

	"github.com/jackc/pgx/v5"

	"ukbot/housing/problem"
	"ukbot/sql/db"
)

// Company is a tenant as the rest of the program needs it.
type Company struct {
	Tenant   string
	Name     string
	Zone     *time.Location // days, numbers and reports follow it
	Language string
	Settings Settings
	Version  int64
}

// Settings is how a tenant works. What is zero has its default: see withDefaults.
type Settings struct {
	Deadlines map[string]Deadlines `json:"deadlines,omitempty"` // by urgency
	OffShift  string               `json:"off_shift,omitempty"` // "refuse" (default) or "allow" what executors do off shift
	// AcceptAfterHours is how long a request must wait for its resident before a
	// manager may accept it in their place; default 72.
	AcceptAfterHours int `json:"accept_after_hours,omitempty"`
}

// Deadlines of one urgency, in minutes; at most DeadlineMax.
type Deadlines struct {
	ReactionMinutes   int `json:"reaction_minutes"`   // from made to taken
	CompletionMinutes int `json:"completion_minutes"` // from made to reported done, pauses not counted
}

// DeadlineMax is 90 days in minutes: the schedules' stream keeps nothing longer.
const DeadlineMax = 90 * 24 * 60

// Off-shift rules.
const (
	OffShiftRefuse = "refuse"
	OffShiftAllow  = "allow"
)

// defaults of the settings. Completion: 7 days, 3 days, 1 day, 2 hours, as
// dispatch services in Tashkent promise.
var defaults = Settings{
	Deadlines: map[string]Deadlines{
		"normal":   {24 * 60, 168 * 60},
		"medium":   {8 * 60, 72 * 60},
		"urgent":   {2 * 60, 24 * 60},
		"critical": {30, 2 * 60},
	},
	OffShift: OffShiftRefuse, AcceptAfterHours: 72,
}

// withDefaults fills in what a tenant has not set.
func (s Settings) withDefaults() Settings {
	filled := make(map[string]Deadlines, len(defaults.Deadlines))
	for urgency, standard := range defaults.Deadlines {
		filled[urgency] = standard
		if own, ok := s.Deadlines[urgency]; ok {
			filled[urgency] = own
		}
	}
	s.Deadlines = filled
	if s.OffShift == "" {
		s.OffShift = defaults.OffShift
	}
	if s.AcceptAfterHours == 0 {
		s.AcceptAfterHours = defaults.AcceptAfterHours
	}
	return s
}

// Load reads a tenant. A tenant that does not exist is a NotFound problem.
func Load(ctx context.Context, q *db.Queries, tenant string) (Company, error) {
	row, err := q.Company(ctx, tenant)
	if errors.Is(err, pgx.ErrNoRows) {
		return Company{}, problem.Missing("company")
	}
	if err != nil {
		return Company{}, fmt.Errorf("company %s: %w", tenant, err)
	}
	return fromRow(row)
}

func fromRow(row db.Company) (Company, error) {
	zone, err := time.LoadLocation(row.TimeZone)
	if err != nil {
		return Company{}, fmt.Errorf("company %s: %w", row.TenantID, err)
	}
	c := Company{Tenant: row.TenantID, Name: row.Name, Zone: zone, Language: row.Language, Version: row.Version}
	if err := json.Unmarshal(row.Settings, &c.Settings); err != nil {
		return Company{}, fmt.Errorf("company %s: settings: %w", row.TenantID, err)
	}
	c.Settings = c.Settings.withDefaults()
	return c, nil
}
