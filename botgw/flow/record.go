package flow

import (
	"slices"
	"time"

	"ukbot/api"
	"ukbot/botgw/talk"
)

// schema is the version of Record and Data. Raise it when an older record would
// be misread; its owner is then told that the draft is lost.
const schema = 1

const (
	openFor     = time.Hour      // after the last answer a form is a draft
	draftFor    = 24 * time.Hour // a draft can be taken up again; the bucket forgets an hour later
	draftsMax   = 3              // forms set aside at a time, the newest
	doneMax     = 3              // forms done whose answer is remembered
	appliedMax  = 8              // updates remembered: more than a lane has on its way for one chat
	attemptsMax = 32             // to write a record that others write too
)

// Record is all that is kept of somebody's forms in a chat.
type Record struct {
	Schema  int      `json:"schema"`
	Open    *Filling `json:"open,omitempty"`   // nil: no form is open
	Drafts  []Draft  `json:"drafts,omitempty"` // newest first
	Done    []Done   `json:"done,omitempty"`   // newest first
	Applied []int64  `json:"applied,omitempty"`

	Keyboard bool   `json:"keyboard,omitempty"` // a form's keyboard stands in place of the letters
	Cleared  int64  `json:"cleared,omitempty"`  // the update that took it away
	Language string `json:"language,omitempty"` // chosen at registration, while nobody else knows it

	revision   uint64
	unreadable bool
	recalled   bool // from memory: somebody else may have written since
}

// Filling is a form that somebody fills.
type Filling struct {
	Flow    string    `json:"flow"`
	Step    string    `json:"step"`
	Role    api.Role  `json:"role,omitempty"` // of who began it; "" without a session
	Data    Data      `json:"data"`
	Seed    Data      `json:"seed"` // what it began with, to begin anew
	Opened  time.Time `json:"opened"`
	Touched time.Time `json:"touched"`
	Screen  int       `json:"screen,omitempty"` // the message whose buttons are the step's; 0 if not known, or none are
	Album   string    `json:"album,omitempty"`  // the pictures that are counted in it
}

// Draft is a form that was set aside.
type Draft struct {
	Filling
	Why Why   `json:"why"`
	By  int64 `json:"by"` // the update that set it aside
}

// Why says what made a form a draft.
type Why string

// The reasons.
const (
	Late     Why = "late"     // time ran out
	Left     Why = "left"     // another form was begun
	Canceled Why = "canceled" // by its owner
)

// Done is a form that was carried out, and what its owner was told.
type Done struct {
	Nonce   string    `json:"nonce"`
	By      int64     `json:"by"`
	At      time.Time `json:"at"`
	Screen  int       `json:"screen,omitempty"` // of the filling
	Answers []answer  `json:"answers"`
}

// answer is a talk.Out without what cannot be kept.
type answer struct {
	Way     talk.Way    `json:"way"`
	Screen  talk.Screen `json:"screen"`
	Message int         `json:"message,omitempty"`
}

// applied says whether an update has had its effect.
func (r *Record) applied(update int64) bool { return slices.Contains(r.Applied, update) }

// apply remembers that it has.
func (r *Record) apply(update int64) {
	if !r.applied(update) {
		r.Applied = append(r.Applied, update)
	}
	r.Applied = r.Applied[max(0, len(r.Applied)-appliedMax):]
}

// shelve makes the open form a draft. What is not worth keeping goes.
func (r *Record) shelve(why Why, update int64) {
	if r.Open != nil && (why == Late || r.Open.Data.substantial()) {
		r.Drafts = append([]Draft{{*r.Open, why, update}}, r.Drafts...)
		r.Drafts = r.Drafts[:min(len(r.Drafts), draftsMax)]
	}
	r.Open = nil
}

// forget drops drafts and answers whose time is over.
func (r *Record) forget(now time.Time) {
	r.Drafts = slices.DeleteFunc(r.Drafts, func(d Draft) bool { return now.Sub(d.Touched) > draftFor })
	r.Done = slices.DeleteFunc(r.Done, func(d Done) bool { return now.Sub(d.At) > draftFor })
}

// draft finds a form that was set aside; nil if there is none.
func (r *Record) draft(nonce string) *Draft {
	for i := range r.Drafts {
		if r.Drafts[i].Data.Nonce == nonce {
			return &r.Drafts[i]
		}
	}
	return nil
}

func (r *Record) drop(nonce string) {
	r.Drafts = slices.DeleteFunc(r.Drafts, func(d Draft) bool { return d.Data.Nonce == nonce })
}

// done finds a form that was carried out; nil if there is none.
func (r *Record) done(is func(Done) bool) *Done {
	if i := slices.IndexFunc(r.Done, is); i >= 0 {
		return &r.Done[i]
	}
	return nil
}

// carriedOut closes the open form with what its owner was told.
func (r *Record) carriedOut(update int64, now time.Time, outs []talk.Out) {
	d := Done{Nonce: r.Open.Data.Nonce, By: update, At: now, Screen: r.Open.Screen}
	for _, out := range outs {
		d.Answers = append(d.Answers, answer{out.Way, out.Screen, out.Message})
	}
	r.Done = append([]Done{d}, r.Done...)
	r.Done = r.Done[:min(len(r.Done), doneMax)]
	r.Open = nil
}

// late says whether an open form's time is over.
func (f *Filling) late(now time.Time) bool { return now.Sub(f.Touched) > openFor }

// substantial says whether somebody would miss it.
func (d *Data) substantial() bool { return d.Text != "" || len(d.Photos) > 0 || d.Phone != "" }
