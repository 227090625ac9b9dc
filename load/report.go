package load

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Goal is what a figure should be.
type Goal struct {
	Name   string  `json:"name"` // stable
	What   string  `json:"what"`
	Unit   string  `json:"unit"`
	Least  float64 `json:"least,omitempty"`  // at least this; 0: no such bound
	Most   float64 `json:"most,omitempty"`   // at most this; 0: no such bound
	Zero   bool    `json:"zero,omitempty"`   // must be 0
	Report bool    `json:"report,omitempty"` // no goal: told for comparison
}

// Figure is what was measured for a goal, once per round.
type Figure struct {
	Goal
	Rounds []float64 `json:"rounds"`
	Value  float64   `json:"value"` // of the rounds: see NewFigure
}

// Met says whether the goal is met; a figure that is only reported always is.
func (f Figure) Met() bool {
	switch {
	case f.Report:
		return true
	case len(f.Rounds) == 0:
		return false
	case f.Zero:
		return f.Value == 0
	case f.Most > 0:
		return f.Value <= f.Most
	}
	return f.Value >= f.Least
}

// NewFigure is the figure of some rounds: their median, or where there must be
// none at all, the most of them.
func NewFigure(goal Goal, rounds []float64) Figure {
	if goal.Zero && len(rounds) > 0 {
		return Figure{Goal: goal, Rounds: rounds, Value: slices.Max(rounds)}
	}
	return Figure{Goal: goal, Rounds: rounds, Value: Median(rounds)}
}

// Median is the middle value, or the mean of the two; 0 of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Report is a run of the bench.
type Report struct {
	At      time.Time     `json:"at"`
	Took    time.Duration `json:"took_ns"`
	Command string        `json:"command"`
	Note    string        `json:"note,omitempty"`
	Method  []string      `json:"-"` // how it was measured, a line each
	Machine Machine       `json:"machine"`
	Figures []Figure      `json:"figures"`
	Raw     []string      `json:"raw"` // one line per measurement, as it came
}

// Unmet is how many figures miss their goal.
func (r Report) Unmet() int {
	n := 0
	for _, f := range r.Figures {
		if !f.Met() {
			n++
		}
	}
	return n
}

// Write writes the report as Markdown.
func (r Report) Write(out io.Writer) error {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "# What ukbot does on one machine\n\nMade by ukbot bench; loader, server, database and Telegram simulator share the machine.\n\n")
	for _, line := range []struct{ name, value string }{
		{"date", r.At.UTC().Format(time.RFC3339) + ", took " + r.Took.Round(time.Second).String()},
		{"command", r.Command},
		{"CPU", fmt.Sprintf("%d cores, %s", m.Cores, m.CPU)},
		{"memory", m.Memory},
		{"kernel", m.Kernel},
		{"disk", m.Filesystem},
		{"Go", m.Go},
		{"PostgreSQL", m.PostgreSQL},
		{"note", r.Note},
	} {
		if line.value != "" {
			fmt.Fprintf(&b, "* %s: %s\n", line.name, line.value)
		}
	}
	b.WriteString("\n| figure | goal | measured | rounds | verdict |\n| --- | --- | ---: | --- | --- |\n")
	for _, f := range r.Figures {
		fmt.Fprintf(&b, "| %s | %s | %s %s | %s | %s |\n", f.What, f.bound(), number(f.Value), f.Unit, f.rounds(), f.verdict())
	}
	b.WriteString("\nMeasured is the median of the rounds.\n\n")
	for _, line := range r.Method {
		b.WriteString("* " + line + "\n")
	}
	b.WriteString("\nRaw lines, in order:\n\n```\n")
	for _, line := range r.Raw {
		b.WriteString(line + "\n")
	}
	b.WriteString("```\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// bound is the goal in words.
func (g Goal) bound() string {
	switch {
	case g.Report:
		return "—"
	case g.Zero:
		return "0"
	case g.Most > 0:
		return "≤ " + number(g.Most) + " " + g.Unit
	}
	return "≥ " + number(g.Least) + " " + g.Unit
}

func (f Figure) rounds() string {
	if len(f.Rounds) < 2 {
		return ""
	}
	texts := make([]string, len(f.Rounds))
	for i, value := range f.Rounds {
		texts[i] = number(value)
	}
	return strings.Join(texts, ", ")
}

func (f Figure) verdict() string {
	switch {
	case f.Report:
		return ""
	case len(f.Rounds) == 0:
		return "not measured"
	case f.Met():
		return "met"
	}
	return "**missed**"
}

// number tells a value to about three digits.
func number(v float64) string {
	switch {
	case v >= 100 || v == float64(int64(v)):
		return grouped(int64(v + 0.5))
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// grouped writes 12,345.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
