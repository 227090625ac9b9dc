package seed

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/google/uuid"

	"ukbot/events"
	"ukbot/housing/company"
	"ukbot/sql/db"
)

// world is a company's people and places as its requests need them.
type world struct {
	company  company.Company
	homes    []home // of residents who may ask
	managers []uuid.UUID
	skilled  map[string][]uuid.UUID // executors by category
	rng      *rand.Rand
}

// home is a resident in their flat.
type home struct {
	resident            uuid.UUID
	building, apartment uuid.UUID
	address, flat       string
	uzbek               bool
}

// id is what a thing of a tenant is called in every run.
func id(tenant, kind string, n int) uuid.UUID {
	return uuid.MustParse(events.DeriveID("seed/"+tenant, kind+"-"+strconv.Itoa(n)))
}

// plot is a request to be told.
type plot struct {
	n     int // of the request, for its id
	life  life
	made  time.Time
	limit time.Time // its life ends before
	home  home
	chat  bool // people write below it
}

// tell lets a request live.
func (w *world) tell(p plot) (*story, error) {
	category, urgency := w.drawCategory(), w.drawUrgency()
	s := &story{rng: w.rng, cast: w.castFor(category, p.home)}
	s.r = db.Request{
		TenantID: w.company.Tenant, ID: uuid.MustParse(events.RowID(w.company.Tenant, "seed", strconv.Itoa(p.n), p.made)),
		Category: category, Urgency: urgency, Description: w.describe(category, p.home.uzbek),
		BuildingID: p.home.building, Address: p.home.address, ApplicantID: p.home.resident,
	}
	if !shared(category) {
		s.r.ApartmentID, s.r.Address = &p.home.apartment, p.home.address+", кв. "+p.home.flat
	}
	s.begin(w.company.Settings.Deadlines[urgency], p.made)
	times := w.times(p, urgency)
	if p.chat && len(times) > 1 {
		return s, s.chat(p.life.steps, times)
	}
	if err := s.live(p.life.steps, times); err != nil {
		return nil, fmt.Errorf("request %d: %w", p.n, err)
	}
	return s, nil
}

// shared says whether a category is about the building's common parts.
func shared(category string) bool {
	return category == "lift" || category == "grounds" || category == "cleaning" || category == "security"
}

// castFor is who takes part in a resident's request.
func (w *world) castFor(category string, h home) cast {
	able := w.skilled[category]
	first := w.rng.IntN(len(able))
	return cast{
		applicant: h.resident, manager: pick(w.rng, w.managers), uzbek: h.uzbek,
		executors: []uuid.UUID{able[first], able[(first+1)%len(able)]},
	}
}

// times are when the steps of a life are taken: as long as people take, but
// before the limit.
func (w *world) times(p plot, urgency string) []time.Time {
	total, waited := time.Duration(0), make([]time.Duration, len(p.life.steps))
	for i, step := range p.life.steps {
		wait := waits[step.action]
		minutes := float64(wait.min+w.rng.IntN(wait.max-wait.min)) * pace[urgency]
		waited[i] = time.Duration(minutes * float64(time.Minute)).Truncate(time.Second)
		if step == giveUp {
			waited[i] = forcedAfter + waited[i]
		}
		total += waited[i]
	}
	squeeze := min(1, 0.9*float64(p.limit.Sub(p.made))/float64(total+1))
	times, at := make([]time.Time, len(waited)), p.made
	for i, wait := range waited {
		at = at.Add(time.Duration(float64(wait) * squeeze).Truncate(time.Second))
		times[i] = at
	}
	return times
}

// chat is live with people writing below the request once somebody has it.
func (s *story) chat(steps []step, times []time.Time) error {
	if err := s.live(steps[:1], times[:1]); err != nil {
		return err
	}
	gap := times[1].Sub(times[0]) / time.Duration(len(talk)+1)
	first, n := s.rng.IntN(len(talk)), 1+s.rng.IntN(3)
	if s.r.ExecutorID == nil {
		n = 0 // cancelled
	}
	for i := range n {
		at := times[0].Add(gap * time.Duration(i+1)).Truncate(time.Second)
		s.clock(at)
		s.say((first+i)%len(talk), at)
	}
	return s.live(steps[1:], times[1:])
}

func (w *world) drawCategory() string {
	n := w.rng.IntN(100)
	for _, weight := range weights {
		if n -= weight.n; n < 0 {
			return weight.category
		}
	}
	return "other"
}

func (w *world) drawUrgency() string {
	n := w.rng.IntN(100)
	for _, urgency := range urgencies {
		if n -= urgency.n; n < 0 {
			return urgency.urgency
		}
	}
	return "normal"
}

func (w *world) describe(category string, uzbek bool) string {
	if uzbek {
		return pick(w.rng, texts[category].uz)
	}
	return pick(w.rng, texts[category].ru)
}
