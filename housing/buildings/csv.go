package buildings

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// sheet is a CSV file whose header has been understood.
type sheet struct {
	csv     *csv.Reader
	skipped int       // lines before what csv reads
	names   []string  // the header as it is written
	columns []*column // of each name
}

// openSheet reads the header. What is wrong with it is wrong with the file.
func openSheet(r io.Reader) (*sheet, []Problem) {
	s := &sheet{}
	buffered := bufio.NewReaderSize(r, firstLineMax)
	comma := s.separator(buffered)
	s.csv = csv.NewReader(buffered)
	s.csv.Comma, s.csv.FieldsPerRecord, s.csv.ReuseRecord = comma, -1, true
	header, err := s.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, []Problem{{Line: 1, Detail: "the file is empty: its first line must name the columns, such as yard,address,entrance,apartment"}}
	}
	if err != nil {
		return nil, []Problem{s.flaw(err)}
	}
	for _, name := range header {
		s.names = append(s.names, clean(name))
	}
	for len(s.names) > 0 && s.names[len(s.names)-1] == "" {
		s.names = s.names[:len(s.names)-1] // Excel leaves empty columns at the end
	}
	return s, s.understand(s.line())
}

// firstLineMax is how much of the first line is looked at to find the separator.
const firstLineMax = 64 << 10

// separator is what separates the first line's names: the separator that
// stands there most often. Excel's own "sep=;" line says it outright.
func (s *sheet) separator(r *bufio.Reader) rune {
	start, _ := r.Peek(firstLineMax) // what there is; errors come again when it is read
	first, _, _ := bytes.Cut(start, []byte("\n"))
	if said, ok := bytes.CutPrefix(bytes.TrimRight(first, "\r"), []byte("sep=")); ok && len(said) == 1 && bytes.Contains([]byte(",;\t"), said) {
		_, _ = r.Discard(min(len(first)+1, len(start)))
		s.skipped = 1
		return rune(said[0])
	}
	best, most := ',', 0
	for _, candidate := range ",;\t" {
		if n := bytes.Count(first, []byte(string(candidate))); n > most {
			best, most = candidate, n
		}
	}
	return best
}

// understand finds the columns of the header's names.
func (s *sheet) understand(at int) (problems []Problem) {
	seen := map[*column]bool{}
	for _, name := range s.names {
		c, ok := known(name)
		switch {
		case !ok:
			problems = append(problems, Problem{at, name, "is no column of an import: " + told()})
		case seen[c]:
			problems = append(problems, Problem{at, name, "stands twice"})
		}
		seen[c] = true
		s.columns = append(s.columns, c)
	}
	for i := range columns {
		if c := &columns[i]; c.needed && !seen[c] {
			problems = append(problems, Problem{at, c.names[0], fmt.Sprintf("the column %s (%s) is missing", c.names[0], c.names[1])})
		}
	}
	return problems
}

// told is all columns by name.
func told() string {
	var names []string
	for _, c := range columns {
		names = append(names, c.names[0]+" ("+c.names[1]+")")
	}
	return "there are " + strings.Join(names, ", ")
}

// line is where the record that was read last begins.
func (s *sheet) line() int {
	number, _ := s.csv.FieldPos(0)
	return number + s.skipped
}

// errBlank is of a line without data.
var errBlank = errors.New("blank line")

// next reads a line, or says what is wrong with it; io.EOF at the end, errBlank
// where nothing stands.
func (s *sheet) next() (line, []Problem, error) {
	record, err := s.csv.Read()
	if _, broken := errors.AsType[*csv.ParseError](err); broken {
		return line{}, []Problem{s.flaw(err)}, nil
	}
	if err != nil {
		return line{}, nil, err
	}
	l := line{number: s.line(), floor: noFloor}
	for len(record) > len(s.names) && clean(record[len(record)-1]) == "" {
		record = record[:len(record)-1]
	}
	if blank(record) {
		return l, nil, errBlank
	}
	if len(record) != len(s.names) {
		return l, []Problem{{l.number, "", fmt.Sprintf("has %d values, the header names %d columns", len(record), len(s.names))}}, nil
	}
	return l, s.read(&l, record), nil
}

func blank(record []string) bool {
	for _, value := range record {
		if strings.TrimSpace(value) != "" {
			return false
		}
	}
	return true
}

// read reads a record's values into a line.
func (s *sheet) read(l *line, record []string) (problems []Problem) {
	said := map[string]string{} // the file's own name of each column that has a value
	for i, value := range record {
		value = clean(value)
		c := s.columns[i]
		if value == "" && !c.needed {
			continue
		}
		said[c.names[0]] = s.names[i]
		if flaw := c.take(l, value); flaw != "" {
			problems = append(problems, Problem{l.number, s.names[i], flaw})
		}
	}
	return append(problems, together(l, said)...)
}

// together finds values that need another one.
func together(l *line, said map[string]string) (problems []Problem) {
	lat, hasLat := said["lat"]
	lon, hasLon := said["lon"]
	switch {
	case hasLat && !hasLon:
		problems = append(problems, Problem{l.number, lat, "needs a longitude beside it"})
	case hasLon && !hasLat:
		problems = append(problems, Problem{l.number, lon, "needs a latitude beside it"})
	}
	l.latlonSaid = hasLat && hasLon
	if floor, ok := said["floor"]; ok && said["apartment"] == "" {
		problems = append(problems, Problem{l.number, floor, "is a floor without an apartment"})
	}
	return problems
}

// flaw is an error of the CSV reader as a person understands it.
func (s *sheet) flaw(err error) Problem {
	broken, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return Problem{Line: 1, Detail: "cannot be read"}
	}
	at := Problem{Line: broken.StartLine + s.skipped}
	switch {
	case errors.Is(err, csv.ErrBareQuote):
		at.Line, at.Detail = broken.Line+s.skipped, `a " stands inside a value: put the whole value into quotes and double those inside`
	case broken.Line == broken.StartLine:
		at.Detail = `a value that begins with " does not end with one: quotes inside are written twice`
	default:
		at.Detail = fmt.Sprintf(`a value that begins with " does not end properly: the lines up to %d are lost in it`, broken.Line+s.skipped)
	}
	return at
}
