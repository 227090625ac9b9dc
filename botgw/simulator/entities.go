package simulator

import (
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// close turns a closed tag with text in it into an entity.
func (p *parser) close(tag openTag) {
	e := Entity{Type: tags[tag.name], Offset: tag.units, Length: p.units - tag.units}
	switch tag.name {
	case "a":
		if !link(&e, tag.argument, string(p.out[tag.bytes:])) {
			return
		}
	case "tg-emoji":
		e.CustomEmojiID = tag.argument
	case "blockquote":
		if tag.argument != "" {
			e.Type = "expandable_blockquote"
		}
	case "pre", "code":
		if p.mergeCode(e, tag) {
			return
		}
		if tag.name == "code" {
			e.Language = tag.argument
		}
	}
	p.entities = append(p.entities, e)
}

// mergeCode makes one entity of <pre><code class="language-go">, in either
// nesting; it reports whether it did.
func (p *parser) mergeCode(e Entity, tag openTag) bool {
	if len(p.entities) == 0 {
		return false
	}
	last := &p.entities[len(p.entities)-1]
	if last.Offset != e.Offset || last.Length != e.Length {
		return false
	}
	switch {
	case tag.name == "pre" && last.Type == "code" && last.Language != "":
		last.Type = "pre"
	case tag.name == "code" && last.Type == "pre" && last.Language == "" && tag.argument != "":
		last.Language = tag.argument
	default:
		return false
	}
	return true
}

// link fills a link or a mention; false when the address is none Telegram links
// to: the text then stays plain and nothing is refused.
func link(e *Entity, href, text string) bool {
	if href == "" {
		href = text
	}
	if id, ok := strings.CutPrefix(href, "tg://user?id="); ok {
		n, err := strconv.ParseInt(id, 10, 64)
		e.Type, e.User = "text_mention", &EntityUser{ID: n}
		return err == nil && n > 0
	}
	address, ok := linkAddress(href)
	e.URL = address
	return ok
}

// linkAddress completes an address as Telegram does: http:// before a bare host,
// a slash behind one. A host needs a dot, so localhost is never a link.
func linkAddress(href string) (string, bool) {
	if strings.ContainsAny(href, " \t\n") {
		return "", false
	}
	if !strings.Contains(href, "://") {
		href = "http://" + href
	}
	u, err := url.Parse(href)
	if err != nil {
		return "", false
	}
	switch strings.ToLower(u.Scheme) {
	case "tg", "ton":
		return href, true
	case "http", "https":
	default:
		return "", false
	}
	if !strings.Contains(u.Hostname(), ".") {
		return "", false
	}
	begin := strings.Index(href, "://") + 3
	if end := strings.IndexAny(href[begin:], "/?#"); end < 0 {
		href += "/"
	} else if href[begin+end] != '/' {
		href = href[:begin+end] + "/" + href[begin+end:]
	}
	return href, true
}

// decodeReference reads &lt; &gt; &amp; &quot; and numeric references, with or
// without their semicolon; n is 0 when the text is to be taken as it stands.
func decodeReference(s string) (r rune, n int) {
	if len(s) < 3 || s[0] != '&' {
		return 0, 0
	}
	end := 1
	if s[1] == '#' {
		if r, end = decodeNumber(s); r == 0 {
			return 0, 0
		}
	} else {
		for end < len(s) && isAlpha(s[end]) {
			end++
		}
		switch s[1:end] {
		case "lt":
			r = '<'
		case "gt":
			r = '>'
		case "amp":
			r = '&'
		case "quot":
			r = '"'
		default:
			return 0, 0
		}
	}
	if end < len(s) && s[end] == ';' {
		end++
	}
	return r, end
}

// decodeNumber reads &#123 or &#x7b; 0 when out of range or over-long (Telegram
// stops at ten bytes).
func decodeNumber(s string) (rune, int) {
	base, begin := 10, 2
	if s[2] == 'x' {
		base, begin = 16, 3
	}
	end := begin
	for end < len(s) && isDigit(s[end], base) {
		end++
	}
	n, err := strconv.ParseUint(s[begin:end], base, 32)
	if err != nil || n == 0 || n >= 0x10ffff || end >= 10 {
		return 0, 0
	}
	return rune(n), end
}

// appendRune writes a rune without mending it: half a surrogate pair makes the
// bytes invalid, and the message is refused for that at the end.
func appendRune(b []byte, r rune) []byte {
	if r >= 0xd800 && r <= 0xdfff {
		return append(b, 0xed, 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(b, r)
}

// runeUnits is a rune's length in UTF-16.
func runeUnits(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

// units is a text's length as Telegram counts it, in UTF-16 code units.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += runeUnits(r)
	}
	return n
}

// isSpace counts the end of the text (0) as white space.
func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == 0
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte, base int) bool {
	return c >= '0' && c <= '9' || base == 16 && c|0x20 >= 'a' && c|0x20 <= 'f'
}

func isToken(c byte) bool { return isAlpha(c) || isDigit(c, 10) || c == '.' || c == '-' }
