package simulator

import (
	"encoding/json"
	"strings"
)

const (
	// textMax and captionMax are in UTF-16 code units after markup is parsed
	// (core.telegram.org/bots/api#sendmessage, #sendphoto). Longer is refused.
	textMax    = 4096
	captionMax = 1024
)

// formatted is a text after its markup was read.
type formatted struct {
	text     string
	entities []Entity
	source   string // as sent
}

// messageText reads the text of a message: it must say something and fit.
func messageText(a args) (formatted, error) {
	if a.str("text") == "" {
		return formatted{}, errTextEmpty
	}
	f, err := format(a, "text", "entities")
	switch {
	case err != nil:
		return formatted{}, err
	case f.text == "":
		return formatted{}, errTextBlank
	case units(f.text) > textMax:
		return formatted{}, errTooLong
	}
	return f, nil
}

// caption reads the words under a file, which may be none.
func caption(a args) (formatted, error) {
	f, err := format(a, "caption", "caption_entities")
	if err == nil && units(f.text) > captionMax {
		err = errCaption
	}
	return f, err
}

// format parses one text parameter by parse_mode, or takes ready entities.
func format(a args, key, entitiesKey string) (formatted, error) {
	f := formatted{source: a.str(key)}
	var err error
	switch strings.ToLower(a.str("parse_mode")) {
	case "html":
		f.text, f.entities, err = parseHTML(f.source)
	case "":
		f.text = f.source
		if raw := a.str(entitiesKey); raw != "" && raw != "null" {
			if json.Unmarshal([]byte(raw), &f.entities) != nil {
				err = unparsable("Can't parse entities JSON object")
			}
		}
	default:
		err = errParseMode
	}
	if err != nil {
		return formatted{}, err
	}
	f.trim()
	return f, nil
}

// trim drops white space around the text and moves the entities along.
func (f *formatted) trim() {
	const space = " \t\r\n"
	left := strings.TrimLeft(f.text, space)
	cut := len(f.text) - len(left) // ASCII: bytes are code units
	f.text = strings.TrimRight(left, space)
	length := units(f.text)
	kept := f.entities[:0:0]
	for _, e := range f.entities {
		begin, end := max(e.Offset-cut, 0), min(e.Offset-cut+e.Length, length)
		if end > begin {
			e.Offset, e.Length = begin, end-begin
			kept = append(kept, e)
		}
	}
	f.entities = kept
}
