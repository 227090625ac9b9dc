package buildings

import (
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Marks at the beginning of a file that say how it is encoded.
var (
	utf8Mark      = []byte{0xEF, 0xBB, 0xBF}
	utf16Marks    = [][]byte{{0xFF, 0xFE}, {0xFE, 0xFF}}
	zipMark       = []byte("PK\x03\x04") // .xlsx is a zip archive
	oldExcelMark  = []byte{0xD0, 0xCF, 0x11, 0xE0}
	saveAsCSVHint = "save it as CSV (UTF-8) and send that"
)

// decoded reads a file as UTF-8, or says why it cannot be. What is neither UTF-8
// nor Windows-1251, which Excel writes in Russian, would become garbage: refused.
func decoded(raw []byte) (io.Reader, *Problem) {
	raw, marked := bytes.CutPrefix(raw, utf8Mark)
	switch {
	case bytes.HasPrefix(raw, utf16Marks[0]), bytes.HasPrefix(raw, utf16Marks[1]):
		return nil, &Problem{Line: 1, Detail: "the file is UTF-16: " + saveAsCSVHint}
	case bytes.HasPrefix(raw, zipMark), bytes.HasPrefix(raw, oldExcelMark):
		return nil, &Problem{Line: 1, Detail: "the file is a workbook, not CSV: " + saveAsCSVHint}
	}
	if at := bytes.IndexByte(raw, 0); at >= 0 {
		return nil, &Problem{Line: lineOf(raw, at), Detail: "the file holds zero bytes: " + saveAsCSVHint}
	}
	broken, sequences := survey(raw)
	switch {
	case broken < 0:
		return bytes.NewReader(raw), nil
	case marked || sequences:
		return nil, &Problem{Line: lineOf(raw, broken), Detail: "the file is damaged UTF-8 here: " + saveAsCSVHint}
	}
	return charmap.Windows1251.NewDecoder().Reader(bytes.NewReader(raw)), nil
}

// survey finds the first byte that is no UTF-8, -1 if there is none, and whether
// the file is UTF-8 for the most part all the same: two letters of Windows-1251
// are a sequence of UTF-8 only by rare chance.
func survey(raw []byte) (broken int, mostlyUTF8 bool) {
	broken = -1
	good, bad := 0, 0
	for at := 0; at < len(raw); {
		if raw[at] < utf8.RuneSelf {
			at++
			continue
		}
		r, size := utf8.DecodeRune(raw[at:])
		if r == utf8.RuneError && size == 1 {
			bad++
			if broken < 0 {
				broken = at
			}
		} else {
			good++
		}
		at += size
	}
	return broken, good > bad
}

func lineOf(raw []byte, at int) int { return 1 + bytes.Count(raw[:at], []byte("\n")) }
