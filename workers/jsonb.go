package workers

import (
	"encoding/json"
	"unicode/utf8"
)

// Limits of jsonb, well inside PostgreSQL's own: numeric takes 131,072 digits
// before the point and 16,383 after it, nesting is bounded by max_stack_depth
// (2 MB: some 6,000 levels).
const (
	jsonbDepth  = 512
	jsonbDigits = 4_000 // an exponent of three digits comes on top
)

// fitsJSONB says whether jsonb can hold a body: JSON without the NUL character
// and lone surrogates, which PostgreSQL's text cannot hold, and within its limits.
func fitsJSONB(body []byte) bool {
	if !json.Valid(body) || !utf8.Valid(body) {
		return false
	}
	depth := 0
	for i := 0; i < len(body); {
		switch c := body[i]; {
		case c == '"':
			n, ok := scanString(body[i:])
			if !ok {
				return false
			}
			i += n
		case c == '-' || c >= '0' && c <= '9':
			n, ok := scanNumber(body[i:])
			if !ok {
				return false
			}
			i += n
		default:
			i++
			switch c {
			case '{', '[':
				if depth++; depth > jsonbDepth {
					return false
				}
			case '}', ']':
				depth--
			}
		}
	}
	return true
}

// scanString is the length of a valid JSON string at the front, and whether
// PostgreSQL's text can hold it.
func scanString(text []byte) (length int, ok bool) {
	for i := 1; ; i++ {
		switch text[i] {
		case '"':
			return i + 1, true
		case '\\':
			if i++; text[i] != 'u' {
				continue
			}
			code := unicodeEscape(text[i+1:])
			i += 4
			switch {
			case code == 0, code >= 0xDC00 && code <= 0xDFFF:
				return 0, false
			case code >= 0xD800 && code <= 0xDBFF:
				if text[i+1] != '\\' || text[i+2] != 'u' {
					return 0, false
				}
				if low := unicodeEscape(text[i+3:]); low < 0xDC00 || low > 0xDFFF {
					return 0, false
				}
				i += 6
			}
		}
	}
}

// unicodeEscape is the number of four hexadecimal digits.
func unicodeEscape(digits []byte) (code rune) {
	for _, c := range digits[:4] {
		switch {
		case c <= '9':
			code = code<<4 | rune(c-'0')
		default:
			code = code<<4 | rune(c|0x20-'a'+10)
		}
	}
	return code
}

// scanNumber is the length of a valid JSON number at the front, and whether
// numeric can hold it.
func scanNumber(text []byte) (length int, ok bool) {
	digits, exponent := 0, -1
	for ; length < len(text); length++ {
		switch c := text[length]; {
		case c >= '0' && c <= '9':
			if exponent >= 0 {
				exponent++
			} else {
				digits++
			}
		case c == 'e' || c == 'E':
			exponent = 0
		case c != '.' && c != '-' && c != '+':
			return length, digits <= jsonbDigits && exponent <= 3
		}
	}
	return length, digits <= jsonbDigits && exponent <= 3
}
