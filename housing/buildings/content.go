package buildings

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"ukbot/housing/problem"
)

// content is what the good lines of a file say together.
type content struct {
	yards      []string // each once, as are buildings
	buildings  []*house
	apartments int // of all buildings

	yardSeen map[string]bool
	byPlace  map[string]*house // by address
}

// house is a building of a file.
type house struct {
	line       int // that named it first
	yard       string
	address    string
	place      int // line that gave the coordinates; 0: none
	lat, lon   float64
	entrances  []string
	apartments []*flat

	entranceNamed map[string]string // to itself
	byNumber      map[string]*flat
}

// flat is an apartment of a file.
type flat struct {
	line     int // that named it first
	number   string
	entrance string // empty: not said
	floor    int16  // noFloor: not said
}

// readFile reads a whole file: what its good lines say, and what is wrong with
// the others.
func readFile(source io.Reader, limit int64) (*content, Report, error) {
	var report Report
	raw, err := io.ReadAll(io.LimitReader(source, limit+1))
	if err != nil {
		return nil, report, fmt.Errorf("read the file: %w", err)
	}
	if int64(len(raw)) > limit {
		return nil, report, problem.New(problem.TooLarge, fmt.Sprintf("the file is larger than %d MiB: send it in parts", limit>>20))
	}
	text, flaw := decoded(raw)
	if flaw != nil {
		report.unfit(*flaw)
		return nil, report, nil
	}
	s, problems := openSheet(text)
	if len(problems) > 0 {
		report.unfit(problems...)
		return nil, report, nil
	}
	said, err := readLines(s, &report)
	return said, report, err
}

func readLines(s *sheet, report *Report) (*content, error) {
	said := &content{yardSeen: map[string]bool{}, byPlace: map[string]*house{}}
	for {
		l, problems, err := s.next()
		switch {
		case errors.Is(err, io.EOF):
			return said, nil
		case errors.Is(err, errBlank):
			continue
		case err != nil:
			return nil, fmt.Errorf("read the file: %w", err)
		}
		report.Lines++
		if len(problems) == 0 {
			problems = said.contradictions(l)
			for i := range problems {
				problems[i].Column = s.written(problems[i].Column)
			}
		}
		if len(problems) > 0 {
			report.badLine(problems...)
			continue
		}
		report.Good++
		said.take(l)
	}
}

// written is a column as the file names it.
func (s *sheet) written(name string) string {
	for i, c := range s.columns {
		if c.names[0] == name {
			return s.names[i]
		}
	}
	return name
}

// contradictions is what a line says otherwise than a good line before it.
func (c *content) contradictions(l line) (problems []Problem) {
	h := c.byPlace[l.address]
	if h == nil {
		return nil
	}
	if h.yard != l.yard {
		problems = append(problems, Problem{l.number, "yard", fmt.Sprintf("line %d puts this address into the yard %s", h.line, quoted(h.yard))})
	}
	if l.latlonSaid && h.place != 0 && (h.lat != l.lat || h.lon != l.lon) {
		problems = append(problems, Problem{l.number, "lat", fmt.Sprintf("line %d gives this address other coordinates (%v, %v)", h.place, h.lat, h.lon)})
	}
	f := h.byNumber[l.apartment]
	if l.apartment == "" || f == nil {
		return problems
	}
	if l.entrance != "" && f.entrance != "" && l.entrance != f.entrance {
		problems = append(problems, Problem{l.number, "entrance", fmt.Sprintf("line %d has this apartment in entrance %s", f.line, quoted(f.entrance))})
	}
	if l.floor != noFloor && f.floor != noFloor && l.floor != f.floor {
		problems = append(problems, Problem{l.number, "floor", fmt.Sprintf("line %d has this apartment on floor %d", f.line, f.floor)})
	}
	return problems
}

// take adds what a good line says. It copies what it keeps: a value that csv
// gave holds all of its line in memory.
func (c *content) take(l line) {
	if !c.yardSeen[l.yard] {
		yard := strings.Clone(l.yard)
		c.yardSeen[yard] = true
		c.yards = append(c.yards, yard)
	}
	h := c.byPlace[l.address]
	if h == nil {
		h = &house{
			line: l.number, yard: strings.Clone(l.yard), address: strings.Clone(l.address),
			entranceNamed: map[string]string{}, byNumber: map[string]*flat{},
		}
		c.byPlace[h.address] = h
		c.buildings = append(c.buildings, h)
	}
	if l.latlonSaid && h.place == 0 {
		h.place, h.lat, h.lon = l.number, l.lat, l.lon
	}
	if _, seen := h.entranceNamed[l.entrance]; !seen && l.entrance != "" {
		entrance := strings.Clone(l.entrance)
		h.entranceNamed[entrance] = entrance
		h.entrances = append(h.entrances, entrance)
	}
	if l.apartment != "" {
		c.takeFlat(h, l)
	}
}

func (c *content) takeFlat(h *house, l line) {
	f := h.byNumber[l.apartment]
	if f == nil {
		f = &flat{line: l.number, number: strings.Clone(l.apartment), floor: noFloor}
		h.byNumber[f.number] = f
		h.apartments = append(h.apartments, f)
		c.apartments++
	}
	if f.entrance == "" {
		f.entrance = h.entranceNamed[l.entrance]
	}
	if f.floor == noFloor {
		f.floor = l.floor
	}
}
