package speak

import (
	"context"

	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
)

const (
	buttonsMax     = 100 // below one message; undocumented, found by others
	buttonTextMax  = 64  // UTF-16 units; longer ones are not readable on a phone
	placeholderMax = 64  // core.telegram.org/bots/api#replykeyboardmarkup
)

// inlineKeys are buttons below a message, as the Bot API has them.
type inlineKeys struct {
	Rows [][]inlineKey `json:"inline_keyboard"` // never null: null changes nothing where the keys are to go
}

type inlineKey struct {
	Text string `json:"text"`
	Data string `json:"callback_data,omitempty"`
	URL  string `json:"url,omitempty"`
}

// replyKeys are a keyboard in place of the letters. The library's type knows
// neither is_persistent nor the placeholder.
type replyKeys struct {
	Rows        [][]replyKey `json:"keyboard"`
	Persistent  bool         `json:"is_persistent"`
	Resize      bool         `json:"resize_keyboard"`
	Once        bool         `json:"one_time_keyboard"`
	Placeholder string       `json:"input_field_placeholder,omitempty"`
}

type replyKey struct {
	Text  string `json:"text"`
	Phone bool   `json:"request_contact,omitempty"`
	Place bool   `json:"request_location,omitempty"`
}

// noKeys takes a reply keyboard away.
type noKeys struct {
	Remove bool `json:"remove_keyboard"`
}

// markup is the keyboard of a step, nil for none: then a new message has none,
// and an edited one loses its own.
func (d *delivery) markup(ctx context.Context, s step) any {
	if s.menu != nil {
		return menuKeys(*s.menu)
	}
	rows, left := [][]inlineKey{}, buttonsMax
	for _, row := range s.rows {
		if len(row) > left {
			d.log.Error().Str("step", s.name()).Msg("more buttons than Telegram takes, the last are left out")
			row = row[:left]
		}
		left -= len(row)
		keys := make([]inlineKey, len(row))
		for i, b := range row {
			keys[i] = d.key(ctx, b)
		}
		if len(keys) > 0 {
			rows = append(rows, keys)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return inlineKeys{rows}
}

// key is one button.
func (d *delivery) key(ctx context.Context, b talk.Button) inlineKey {
	k := inlineKey{Text: label(b.Text), URL: b.URL}
	if b.URL == "" {
		k.Data = d.data(ctx, d.bot.ID(), d.chat, b.Call)
	}
	return k
}

// menuKeys is a reply keyboard; without keys it takes away the one that is there.
func menuKeys(m talk.Menu) any {
	rows := [][]replyKey{}
	for _, row := range m.Rows {
		keys := make([]replyKey, len(row))
		for i, k := range row {
			keys[i] = replyKey{Text: label(k.Text), Phone: k.AskPhone, Place: k.AskPlace}
		}
		if len(keys) > 0 {
			rows = append(rows, keys)
		}
	}
	if len(rows) == 0 {
		return noKeys{true}
	}
	return replyKeys{
		Rows: rows, Persistent: !m.Once, Resize: true, Once: m.Once,
		Placeholder: telegram.Cut(m.Placeholder, placeholderMax),
	}
}

// label is the text of a button: it must say something, in one line.
func label(text string) string {
	if text = telegram.Line(text, buttonTextMax); text == "" {
		return "…"
	}
	return text
}
