package buildings

import (
	"fmt"
	"strings"

	"ukbot/housing/problem"
)

// Report is what an import did, or would do.
type Report struct {
	DryRun    bool
	Imported  bool // the good lines are in the register
	Lines     int  // with data: without the header and empty ones
	Good, Bad int
	Skipped   int // bad lines that were left out
	Created   Counts
	Updated   Counts
	Unchanged Counts
	Problems  []Problem // the first problemsMax
	More      int       // problems beyond those

	unreadable bool // the file as a whole: nothing of it can be imported
}

// Counts is how many of each kind.
type Counts struct {
	Yards, Buildings, Entrances, Apartments int
}

// Problem is one thing that is wrong with a file.
type Problem struct {
	Line   int    // from 1
	Column string // as the file names it; empty for the whole line
	Detail string
}

func (p Problem) String() string {
	if p.Column == "" {
		return fmt.Sprintf("line %d: %s", p.Line, p.Detail)
	}
	return fmt.Sprintf("line %d, %s: %s", p.Line, p.Column, p.Detail)
}

// problemsMax is how many problems a report lists; the others it counts.
const problemsMax = 1000

// Clean says that nothing is wrong with the file.
func (r Report) Clean() bool { return len(r.Problems) == 0 }

// Refusal is why a file that is not clean was not imported; nil if it was, or
// was not to be.
func (r Report) Refusal() error {
	if r.Imported || r.DryRun || r.Clean() {
		return nil
	}
	detail := fmt.Sprintf("%d of %d lines are bad: nothing was imported; correct them, or import the others with skip_bad", r.Bad, r.Lines)
	if r.unreadable {
		detail = "the file cannot be read: nothing was imported"
	}
	if r.More > 0 {
		detail += fmt.Sprintf("; %d problems more are not listed", r.More)
	}
	refusal := &problem.Problem{Code: problem.Invalid, Detail: detail}
	for _, p := range r.Problems {
		refusal.Errors = append(refusal.Errors, problem.Field{Pointer: p.pointer(), Detail: p.Detail})
	}
	return refusal
}

// pointerEscape is of JSON pointers (RFC 6901).
var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

func (p Problem) pointer() string {
	if p.Column == "" {
		return fmt.Sprintf("line/%d", p.Line)
	}
	return fmt.Sprintf("line/%d/%s", p.Line, pointerEscape.Replace(p.Column))
}

func (r *Report) add(p Problem) {
	if len(r.Problems) == problemsMax {
		r.More++
		return
	}
	r.Problems = append(r.Problems, p)
}

// unfit reports that the file as a whole cannot be imported.
func (r *Report) unfit(problems ...Problem) {
	r.unreadable = true
	for _, p := range problems {
		r.add(p)
	}
}

// badLine reports everything that is wrong with one line.
func (r *Report) badLine(problems ...Problem) {
	r.Bad++
	for _, p := range problems {
		r.add(p)
	}
}
