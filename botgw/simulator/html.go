package simulator

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Entity is a marked stretch of a message's text; offset and length count
// UTF-16 code units.
type Entity struct {
	Type          string      `json:"type"`
	Offset        int         `json:"offset"`
	Length        int         `json:"length"`
	URL           string      `json:"url,omitempty"`
	Language      string      `json:"language,omitempty"`
	CustomEmojiID string      `json:"custom_emoji_id,omitempty"`
	User          *EntityUser `json:"user,omitempty"`
}

// EntityUser is the person a text_mention names.
type EntityUser struct {
	ID int64 `json:"id"`
}

// tags is every tag of Telegram's HTML and the entity it makes.
// https://core.telegram.org/bots/api#html-style
var tags = map[string]string{
	"b": "bold", "strong": "bold",
	"i": "italic", "em": "italic",
	"u": "underline", "ins": "underline",
	"s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
	"span": "spoiler", "tg-spoiler": "spoiler",
	"a": "text_link", "code": "code", "pre": "pre",
	"blockquote": "blockquote", "tg-emoji": "custom_emoji",
}

// order breaks ties between entities of one stretch, as Telegram sorts them.
var order = map[string]int{
	"blockquote": 0, "expandable_blockquote": 0, "pre": 11, "code": 20, "text_link": 49, "text_mention": 49,
	"bold": 90, "italic": 91, "underline": 92, "strikethrough": 93, "spoiler": 94, "custom_emoji": 99,
}

// parser reads Telegram's HTML as Telegram's server does, byte by byte, so that
// the offsets in its complaints agree.
type parser struct {
	in       string
	i        int
	out      []byte
	units    int // UTF-16 code units in out
	open     []openTag
	entities []Entity
}

// openTag is a start tag that waits for its end.
type openTag struct {
	name, argument string
	units, bytes   int // where its text begins, in out
}

// parseHTML splits markup into text and entities.
func parseHTML(markup string) (string, []Entity, error) {
	p := &parser{in: strings.ReplaceAll(markup, "\x00", " ")}
	for p.i < len(p.in) {
		if err := p.step(); err != nil {
			return "", nil, err
		}
	}
	if n := len(p.open); n > 0 {
		return "", nil, unparsable("Can't find end tag corresponding to start tag \"%s\"", p.open[n-1].name)
	}
	if !utf8.Valid(p.out) {
		return "", nil, unparsable("Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code units")
	}
	return string(p.out), p.sorted(), nil
}

// at is the byte at i, 0 behind the end.
func (p *parser) at() byte {
	if p.i < len(p.in) {
		return p.in[p.i]
	}
	return 0
}

// step takes one character, character reference or tag.
func (p *parser) step() error {
	switch c := p.at(); c {
	case '&':
		if r, n := decodeReference(p.in[p.i:]); n > 0 {
			p.out = appendRune(p.out, r)
			p.units += runeUnits(r)
			p.i += n
			return nil
		}
	case '<':
		begin := p.i
		p.i++
		if p.at() == '/' {
			return p.endTag(begin)
		}
		return p.startTag(begin)
	}
	r, n := utf8.DecodeRuneInString(p.in[p.i:])
	p.out = append(p.out, p.in[p.i:p.i+n]...)
	p.units += runeUnits(r)
	p.i += n
	return nil
}

// startTag reads a tag's name and attributes and opens it.
func (p *parser) startTag(begin int) error {
	for !isSpace(p.at()) && p.at() != '>' {
		p.i++
	}
	if p.at() == 0 {
		return unparsable("Unclosed start tag at byte offset %d", begin)
	}
	name := strings.ToLower(p.in[begin+1 : p.i])
	if tags[name] == "" {
		return unparsable("Unsupported start tag \"%s\" at byte offset %d", name, begin)
	}
	tag := openTag{name: name, units: p.units, bytes: len(p.out)}
	for p.at() != '>' {
		p.skipSpace()
		if p.at() == '>' {
			break
		}
		if err := p.attribute(&tag, begin); err != nil {
			return err
		}
	}
	p.i++
	if name == "span" && tag.argument != "tg-spoiler" {
		return unparsable("Tag \"span\" must have class \"tg-spoiler\" at byte offset %d", begin)
	}
	if name == "tg-emoji" {
		if id, err := strconv.ParseUint(tag.argument, 10, 63); err != nil || id == 0 {
			return unparsable("Invalid custom emoji identifier specified")
		}
	}
	p.open = append(p.open, tag)
	return nil
}

// attribute reads one name, or name=value, and keeps the ones that mean something.
func (p *parser) attribute(tag *openTag, begin int) error {
	from := p.i
	for c := p.at(); !isSpace(c) && c != '=' && c != '>'; c = p.at() {
		p.i++
	}
	name := p.in[from:p.i]
	if name == "" {
		return unparsable("Empty attribute name in the tag \"%s\" at byte offset %d", tag.name, begin)
	}
	p.skipSpace()
	value := ""
	if p.at() == '=' {
		p.i++
		p.skipSpace()
		if p.at() == 0 {
			return unparsable("Unclosed start tag \"%s\" at byte offset %d", tag.name, begin)
		}
		var err error
		if value, err = p.attributeValue(begin); err != nil {
			return err
		}
	} else if p.at() == 0 {
		return unparsable("Unclosed start tag \"%s\" at byte offset %d", tag.name, begin)
	}
	switch tag.name + " " + name {
	case "a href", "span class", "tg-emoji emoji-id":
		tag.argument = value
	case "code class":
		tag.argument, _ = strings.CutPrefix(value, "language-")
		if tag.argument == value {
			tag.argument = ""
		}
	case "blockquote expandable":
		tag.argument = "expandable"
	}
	return nil
}

// attributeValue reads a quoted value or a bare name token.
func (p *parser) attributeValue(begin int) (string, error) {
	quote := p.at()
	if quote != '\'' && quote != '"' {
		from := p.i
		for isToken(p.at()) {
			p.i++
		}
		if !isSpace(p.at()) && p.at() != '>' {
			return "", unparsable("Unexpected end of name token at byte offset %d", from)
		}
		if p.at() == 0 {
			return "", unparsable("Unclosed start tag at byte offset %d", begin)
		}
		return strings.ToLower(p.in[from:p.i]), nil
	}
	p.i++
	var value []byte
	for p.at() != quote && p.at() != 0 {
		if r, n := decodeReference(p.in[p.i:]); n > 0 {
			value = appendRune(value, r)
			p.i += n
			continue
		}
		value = append(value, p.at())
		p.i++
	}
	if p.at() == quote {
		p.i++
	}
	if p.at() == 0 {
		return "", unparsable("Unclosed start tag at byte offset %d", begin)
	}
	return string(value), nil
}

// endTag closes the innermost tag; </> closes any.
func (p *parser) endTag(begin int) error {
	if len(p.open) == 0 {
		return unparsable("Unexpected end tag at byte offset %d", begin)
	}
	for !isSpace(p.at()) && p.at() != '>' {
		p.i++
	}
	name := strings.ToLower(p.in[begin+2 : p.i])
	p.skipSpace()
	if p.at() != '>' {
		return unparsable("Unclosed end tag at byte offset %d", begin)
	}
	p.i++
	tag := p.open[len(p.open)-1]
	if name != "" && name != tag.name {
		return unparsable("Unmatched end tag at byte offset %d, expected \"</%s>\", found \"</%s>\"", begin, tag.name, name)
	}
	p.open = p.open[:len(p.open)-1]
	if p.units > tag.units {
		p.close(tag)
	}
	return nil
}

// skipSpace moves to the next character that is not white space.
func (p *parser) skipSpace() {
	for p.i < len(p.in) && isSpace(p.at()) {
		p.i++
	}
}

// sorted puts entities in Telegram's order: by start, longer first.
func (p *parser) sorted() []Entity {
	for i := range p.entities {
		if p.entities[i].Type == "code" {
			p.entities[i].Language = "" // kept until a surrounding pre could take it
		}
	}
	slices.SortStableFunc(p.entities, func(a, b Entity) int {
		if a.Offset != b.Offset {
			return a.Offset - b.Offset
		}
		if a.Length != b.Length {
			return b.Length - a.Length
		}
		return order[a.Type] - order[b.Type]
	})
	return p.entities
}
