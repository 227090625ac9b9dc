package pglocal

import (
	"slices"
	"strings"
)

// complaints mark the lines in which PostgreSQL's programs say why they ended; what
// follows them is often only clean-up.
var complaints = []string{"PANIC:", "FATAL:", "ERROR:", "error:", "HINT:"}

// reasonLimit, in bytes, keeps an error one readable sentence; the log has the rest.
const reasonLimit = 600

// reason condenses a program's output to one line for an error: its last three
// complaints, else its last three lines.
func reason(output []byte) string {
	lines := strings.FieldsFunc(strings.TrimSpace(string(output)), func(r rune) bool { return r == '\n' || r == '\r' })
	said := slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		return !slices.ContainsFunc(complaints, func(mark string) bool { return strings.Contains(line, mark) })
	})
	if len(said) == 0 {
		said = lines
	}
	text := strings.Join(said[max(0, len(said)-3):], "; ")
	return text[max(0, len(text)-reasonLimit):]
}
