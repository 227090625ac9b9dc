package simulator

import (
	"encoding/json"
	"strings"
)

const (
	dataMax    = 64  // bytes of callback_data (core.telegram.org/bots/api#inlinekeyboardbutton)
	buttonsMax = 100 // buttons below one message; undocumented, found by others
	rowMax     = 8   // buttons in one row of them; likewise
)

// Button is one button below a message.
type Button struct {
	Text string `json:"text"`
	Data string `json:"data,omitempty"` // what a tap sends back
	URL  string `json:"url,omitempty"`
	Kind string `json:"kind,omitempty"` // what else it does: web_app, copy_text, pay …
}

// markup is a message's keyboard: buttons are set for an inline one only.
type markup struct {
	raw      json.RawMessage
	buttons  [][]Button
	keyboard *Keyboard // what becomes of the keyboard in place of the letters; nil: nothing
}

// otherKinds are the things an inline button may do besides data and url.
var otherKinds = []string{
	"web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
	"switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay",
}

// readMarkup checks reply_markup as far as Telegram would.
func readMarkup(a args) (markup, error) {
	raw := strings.TrimSpace(a.str("reply_markup"))
	if raw == "" || raw == "null" {
		return markup{}, nil
	}
	if !json.Valid([]byte(raw)) {
		return markup{}, errMarkupJSON
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(raw), &fields) != nil {
		return markup{}, errMarkupObject
	}
	m := markup{raw: json.RawMessage(raw)}
	var rows [][]json.RawMessage
	inline, ok := fields["inline_keyboard"]
	if !ok || string(inline) == "null" {
		// Another keyboard, or an inline one that says nothing: null changes nothing.
		var err error
		m.keyboard, err = readKeyboard(m.raw, fields)
		return m, err
	}
	if json.Unmarshal(inline, &rows) != nil {
		return markup{}, bad("field \"inline_keyboard\" must be of type Array")
	}
	count := 0
	for _, row := range rows {
		var line []Button
		for _, cell := range row {
			b, err := readButton(cell)
			if err != nil {
				return markup{}, err
			}
			line = append(line, b)
		}
		if count += len(line); count > buttonsMax || len(line) > rowMax {
			return markup{}, errMarkupLong
		}
		if line != nil {
			m.buttons = append(m.buttons, line)
		}
	}
	if m.buttons == nil {
		m.raw = nil // an empty keyboard is none
	}
	return m, nil
}

// readButton checks one inline button.
func readButton(raw json.RawMessage) (Button, error) {
	var cell struct {
		Text string  `json:"text"`
		Data *string `json:"callback_data"`
		URL  string  `json:"url"`
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &cell) != nil || json.Unmarshal(raw, &fields) != nil {
		return Button{}, errButtonObject
	}
	b := Button{Text: strings.TrimSpace(cell.Text), URL: cell.URL}
	for _, kind := range otherKinds {
		if _, ok := fields[kind]; ok {
			b.Kind = kind
		}
	}
	switch {
	case b.Text == "":
		return Button{}, bad("can't parse inline keyboard button: Field \"text\" must be non-empty")
	case cell.URL != "":
		if _, ok := linkAddress(cell.URL); !ok {
			return Button{}, bad("inline keyboard button URL '%s' is invalid: Wrong HTTP URL", cell.URL)
		}
	case cell.Data != nil:
		b.Data = *cell.Data
		if n := len(b.Data); n == 0 || n > dataMax {
			return Button{}, errButtonData
		}
	case b.Kind == "":
		return Button{}, errButtonKind
	}
	return b, nil
}
