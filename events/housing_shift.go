package events

import "time"

// TypeShiftPrefix begins the type of every event about a shift; the change
// follows, as in the subject.
const TypeShiftPrefix = "housing.shift."

// Changes of a shift: the tokens after the tenant in housing.shift.<tenant>.<change>.
const (
	ShiftPlanned           = "planned" // also the usual weeks, shift by shift
	ShiftEdited            = "changed" // time, person, role or note
	ShiftCancelled         = "cancelled"
	ShiftOpened            = "opened" // also the rest of an open shift, by who took it over
	ShiftClosed            = "closed"
	ShiftTaken             = "taken"    // it was free
	ShiftReleased          = "released" // it is free
	ShiftHandoverOffered   = "handover.offered"
	ShiftHandoverAccepted  = "handover.accepted"
	ShiftHandoverDeclined  = "handover.declined"
	ShiftHandoverWithdrawn = "handover.withdrawn" // also when the shift was closed, cancelled or moved meanwhile
)

// ShiftChanged is the data of housing.shift.<tenant>.<change>: one change of one
// shift. Version counts the changes of a shift from 1, without gaps.
type ShiftChanged struct {
	Shift    ShiftBrief     `json:"shift"` // after the change
	Actor    Actor          `json:"actor"`
	Reason   string         `json:"reason,omitempty"` // that came with it
	Handover *HandoverBrief `json:"handover,omitempty"`
	Know     []Knower       `json:"know"` // who must be told; the actor may be among them
}

// ShiftBrief is a shift as a notice shows it.
type ShiftBrief struct {
	ID       string    `json:"id"`
	Person   *Named    `json:"person,omitempty"` // none: free
	Role     string    `json:"role"`
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
	Status   string    `json:"status"`
	Version  int64     `json:"version"`
}

// HandoverBrief is the hand-over that a change is about.
type HandoverBrief struct {
	ID        string `json:"id"`
	From      Named  `json:"from"`
	To        Named  `json:"to"`
	Moved     int    `json:"moved,omitempty"`      // open requests that went along
	NextShift string `json:"next_shift,omitempty"` // of who accepted: this one, or the rest of it when it was open
}
