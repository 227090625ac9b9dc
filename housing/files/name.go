package files

import (
	"mime"
	"mime/multipart"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// nameMax is the longest name that is kept, in bytes.
const nameMax = 200

// sentName is what the sender calls a file. multipart.Part.FileName would cut
// names at a backslash on some systems only.
func sentName(part *multipart.Part) string {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return ""
	}
	return params["filename"]
}

// clean makes a name that is safe anywhere: without folders, control
// characters and what turns the direction of writing, at most nameMax bytes,
// with a suffix that fits.
func clean(name string, k kind) string {
	name = strings.ToValidUTF8(name, "")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '<' || r == '>' || r == '|' || r == ':' || r == '*' || r == '?':
			return '_'
		case unicode.Is(unicode.Zs, r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != zeroWidthJoiner || r == '\u2028' || r == '\u2029':
			return -1
		}
		return r
	}, name)
	name = strings.TrimLeft(strings.TrimSpace(name), ". ")
	suffix := path.Ext(name)
	stem := strings.TrimRight(strings.TrimSuffix(name, suffix), ". ")
	if !fits(suffix, k) {
		stem, suffix = strings.TrimRight(stem+suffix, ". "), k.suffix
	}
	if stem == "" {
		stem = "file"
	}
	return strings.TrimRight(cut(stem, nameMax-len(suffix)), ". ") + suffix
}

// zeroWidthJoiner holds emoji of several parts together.
const zeroWidthJoiner = '\u200D'

func fits(suffix string, k kind) bool {
	suffix = strings.ToLower(suffix)
	return suffix == k.suffix || suffix == ".jpeg" && k.suffix == ".jpg"
}

// cut shortens a text to at most n bytes, between characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// disposition is a Content-Disposition that every browser understands: RFC 6266
// with the name in RFC 5987's form, and an ASCII one for those that do not know it.
func disposition(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, name)
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}
