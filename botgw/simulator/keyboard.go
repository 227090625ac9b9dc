package simulator

import (
	"encoding/json"
	"strings"
)

const (
	placeholderMax = 64  // characters in the empty input field (core.telegram.org/bots/api#replykeyboardmarkup)
	keysMax        = 300 // keys of one keyboard; undocumented, found by others
)

// Keyboard is what a person has in place of the letters.
type Keyboard struct {
	Message     int     `json:"message"` // which brought it
	Rows        [][]Key `json:"rows"`
	Placeholder string  `json:"placeholder,omitempty"`
	Once        bool    `json:"once,omitempty"`
	Persistent  bool    `json:"persistent,omitempty"`
	Folded      bool    `json:"folded,omitempty"` // used once: an icon brings it back
}

// Key is one key of a Keyboard.
type Key struct {
	Text string `json:"text"`
	Kind string `json:"kind,omitempty"` // what it does besides writing its text: contact, location, other
}

// keyKinds are the fields of a KeyboardButton that make it do something else.
var keyKinds = []struct{ field, kind string }{
	{"request_contact", "contact"},
	{"request_location", "location"},
	{"request_users", "other"},
	{"request_chat", "other"},
	{"request_poll", "other"},
	{"web_app", "other"},
}

// readKeyboard checks a ReplyKeyboardMarkup, ReplyKeyboardRemove or ForceReply;
// the latter two come out as a keyboard without rows. nil changes nothing.
func readKeyboard(raw json.RawMessage, fields map[string]json.RawMessage) (*Keyboard, error) {
	var m struct {
		Remove      bool   `json:"remove_keyboard"`
		Force       bool   `json:"force_reply"`
		Once        bool   `json:"one_time_keyboard"`
		Persistent  bool   `json:"is_persistent"`
		Placeholder string `json:"input_field_placeholder"`
	}
	if json.Unmarshal(raw, &m) != nil {
		return nil, errMarkupObject
	}
	if units(m.Placeholder) > placeholderMax {
		return nil, errPlaceholder
	}
	cells, ok := fields["keyboard"]
	if !ok {
		if m.Remove || m.Force {
			return &Keyboard{Placeholder: m.Placeholder}, nil
		}
		return nil, nil
	}
	var rows [][]json.RawMessage
	if json.Unmarshal(cells, &rows) != nil {
		return nil, bad("field \"keyboard\" must be of type Array")
	}
	kb := &Keyboard{Placeholder: m.Placeholder, Once: m.Once, Persistent: m.Persistent}
	count := 0
	for _, row := range rows {
		var line []Key
		for _, cell := range row {
			k, err := readKey(cell)
			if err != nil {
				return nil, err
			}
			line = append(line, k)
		}
		if count += len(line); count > keysMax {
			return nil, errMarkupLong
		}
		if line != nil {
			kb.Rows = append(kb.Rows, line)
		}
	}
	return kb, nil
}

// readKey checks one key: a text alone, or an object.
func readKey(raw json.RawMessage) (Key, error) {
	var k Key
	if json.Unmarshal(raw, &k.Text) != nil {
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) != nil {
			return k, bad("can't parse keyboard button: KeyboardButton must be an Object")
		}
		if text, ok := fields["text"]; !ok || json.Unmarshal(text, &k.Text) != nil {
			return k, bad("can't parse keyboard button: Field \"text\" must be of type String")
		}
		for _, does := range keyKinds {
			if v, ok := fields[does.field]; ok && string(v) != "false" && string(v) != "null" {
				k.Kind = does.kind
			}
		}
	}
	if k.Text = strings.TrimSpace(k.Text); k.Text == "" {
		return k, bad("keyboard button text must be non-empty")
	}
	return k, nil
}

// show puts a keyboard into the chat; one without rows takes it away.
func (d *dialog) show(kb *Keyboard, message int) {
	if kb == nil {
		return
	}
	d.keyboard = nil
	if len(kb.Rows) > 0 {
		shown := *kb
		shown.Message = message
		d.keyboard = &shown
	}
}

// key is the key with this text.
func (k *Keyboard) key(text string) (Key, bool) {
	if k == nil {
		return Key{}, false
	}
	for _, row := range k.Rows {
		for _, key := range row {
			if key.Text == text {
				return key, true
			}
		}
	}
	return Key{}, false
}
