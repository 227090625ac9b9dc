package buildings

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// line is what one line of a file says.
type line struct {
	number     int
	yard       string
	address    string
	entrance   string
	apartment  string
	floor      int16 // noFloor: not said
	lat, lon   float64
	latlonSaid bool
}

// noFloor stands for a floor that a line does not give; ImportApartments knows it.
const noFloor = math.MinInt16

// column is a column that a file may have.
type column struct {
	names  []string // in lower case; the first is the one that is told
	needed bool     // of the file, and of every line
	read   func(l *line, value string) (flaw string)
}

// columns is all that a file may say. Other columns are refused: a misspelt
// name would lose what is below it without a word.
var columns = []column{
	{[]string{"yard", "двор", "hovli"}, true, func(l *line, v string) string { l.yard = v; return longer(v, 200) }},
	{[]string{"address", "адрес", "manzil"}, true, func(l *line, v string) string { l.address = v; return longer(v, 300) }},
	{[]string{"entrance", "подъезд", "kirish"}, false, func(l *line, v string) string {
		l.entrance = strings.ToUpper(v)
		return longer(v, 20)
	}},
	{[]string{"apartment", "квартира", "xonadon"}, false, func(l *line, v string) string {
		l.apartment = strings.ToUpper(v)
		return longer(v, 20)
	}},
	{[]string{"floor", "этаж", "qavat"}, false, readFloor},
	{[]string{"lat", "широта", "latitude"}, false, func(l *line, v string) string { return degrees(&l.lat, v, 90) }},
	{[]string{"lon", "долгота", "longitude"}, false, func(l *line, v string) string { return degrees(&l.lon, v, 180) }},
}

// known is the column of a name.
func known(name string) (*column, bool) {
	name = strings.ToLower(clean(name))
	at := slices.IndexFunc(columns, func(c column) bool { return slices.Contains(c.names, name) })
	if at < 0 {
		return nil, false
	}
	return &columns[at], true
}

// take reads a value into a line, or says what is wrong with it.
func (c *column) take(l *line, value string) (flaw string) {
	if value == "" {
		return "is empty"
	}
	if flaw := unprintable(value); flaw != "" {
		return flaw
	}
	return c.read(l, value)
}

// Bounds of a floor; the document has the same.
const (
	floorMin = -9
	floorMax = 200
)

func readFloor(l *line, value string) string {
	floor, err := strconv.ParseInt(value, 10, 16)
	if err != nil || floor < floorMin || floor > floorMax {
		return fmt.Sprintf("%s is not a whole number from %d to %d", quoted(value), floorMin, floorMax)
	}
	l.floor = int16(floor)
	return ""
}

// degrees reads a coordinate; Excel in Russian writes it with a comma.
func degrees(into *float64, value string, limit float64) string {
	number, err := strconv.ParseFloat(strings.Replace(value, ",", ".", 1), 64)
	if err != nil || math.IsNaN(number) || math.Abs(number) > limit {
		return fmt.Sprintf("%s is not a number of degrees from -%v to %v", quoted(value), limit, limit)
	}
	*into = number
	return ""
}

func longer(value string, limit int) string {
	if utf8.RuneCountInString(value) > limit {
		return fmt.Sprintf("is longer than %d characters", limit)
	}
	return ""
}

// unprintable says what no name or number may hold.
func unprintable(value string) string {
	for _, r := range value {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return fmt.Sprintf("holds a character that cannot be printed (%U)", r)
		}
	}
	return ""
}

// quoted is a value as a report shows it: not all of a swallowed file.
func quoted(value string) string {
	const shown = 40
	if runes := []rune(value); len(runes) > shown {
		value = string(runes[:shown]) + "…"
	}
	return "'" + value + "'"
}
