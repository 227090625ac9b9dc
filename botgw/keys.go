package botgw

import (
	"encoding/json"
	"fmt"
	"strconv"

	"ukbot/botgw/speak"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// noticeKey is a button, or a row of them, below a notice.
type noticeKey int

// The buttons.
const (
	keyRequest     noticeKey = iota // opens the request's card
	keyStars                        // accepts the work with one to five stars
	keyAnswer                       // answers a question about the request
	keyShift                        // opens the shift's card
	keyTakeShift                    // takes a free shift
	keyMyShifts                     // lists one's own shifts
	keyFreeShifts                   // lists those that anybody may take
	keyPerson                       // opens the person's card
	keyApprove                      // lets the person in
	keyApproveLink                  // confirms where the person lives
)

// What the buttons ask for: see packages requests and desk.
const (
	doRequest = "rv"
	doStars   = "rs"
	doAct     = "ra"
	doShift   = "sh"
	doShifts  = "shl"
	doPerson  = "usr"
	doLink    = "apt"
)

// starsMax is the best rating.
const starsMax = 5

// row is a key's buttons for an event; none where the event does not tell what
// they would need.
func (k noticeKey) row(b words.Book, f fact) []talk.Button {
	one := func(label, do string, args ...string) []talk.Button {
		return []talk.Button{{Text: b.Plain("notices." + label), Call: talk.Call{Do: do, Args: args}}}
	}
	switch {
	case f.request != nil:
		number := f.request.Request.Number
		switch k {
		case keyRequest:
			return one("open_request", doRequest, number)
		case keyAnswer:
			return one("answer", doAct, number, "answer", strconv.FormatInt(f.version, 10))
		case keyStars:
			return starKeys(number)
		}
	case f.shift != nil:
		switch k {
		case keyShift:
			return one("open_shift", doShift, "view", f.shift.Shift.ID)
		case keyTakeShift:
			return one("take_shift", doShift, "take", f.shift.Shift.ID)
		case keyMyShifts:
			return one("my_shifts", doShifts, "mine")
		case keyFreeShifts:
			return one("free_shifts", doShifts, "free")
		}
	case f.user != nil:
		switch {
		case k == keyPerson:
			return one("open_person", doPerson, "view", f.user.User.ID)
		case k == keyApprove && f.user.User.Status == "pending":
			return one("approve_person", doPerson, "approve", f.user.User.ID)
		case k == keyApproveLink && f.user.Apartment != nil:
			return one("approve_link", doLink, "approve", f.user.User.ID, f.user.Apartment.ID)
		}
	}
	return nil
}

// starKeys are one to five stars.
func starKeys(number string) []talk.Button {
	var row []talk.Button
	for stars := 1; stars <= starsMax; stars++ {
		given := strconv.Itoa(stars)
		row = append(row, talk.Button{Text: given + " ⭐", Call: talk.Call{Do: doStars, Args: []string{number, given}}})
	}
	return row
}

// inline is buttons below a message, as the Bot API has them.
type inline struct {
	Rows [][]json.RawMessage `json:"inline_keyboard"`
}

type inlineKey struct {
	Text string `json:"text"`
	Data string `json:"callback_data"`
}

// noticeMarkup is the buttons of a row for an event; nil for none.
func noticeMarkup(keys []noticeKey, language string, f fact) (json.RawMessage, error) {
	var all inline
	for _, key := range keys {
		var row []json.RawMessage
		for _, b := range key.row(words.For(language), f) {
			data, fits := speak.Short(b.Call)
			if !fits {
				return nil, fmt.Errorf("button %s asks for too much: %d bytes", b.Call.Do, len(data))
			}
			raw, err := json.Marshal(inlineKey{b.Text, data})
			if err != nil {
				return nil, fmt.Errorf("button %s: %w", b.Call.Do, err)
			}
			row = append(row, raw)
		}
		if len(row) > 0 {
			all.Rows = append(all.Rows, row)
		}
	}
	if len(all.Rows) == 0 {
		return nil, nil
	}
	return json.Marshal(all)
}

// bothMarkups is the buttons of two notices that share a message: those of the
// later one, and of the earlier one what it does not have.
func bothMarkups(later, earlier json.RawMessage) json.RawMessage {
	var now, before inline
	if json.Unmarshal(earlier, &before) != nil || len(before.Rows) == 0 {
		return later
	}
	_ = json.Unmarshal(later, &now) // none at all is none
	shown := map[string]bool{}
	for _, row := range now.Rows {
		shown[rowText(row)] = true
	}
	for _, row := range before.Rows {
		if !shown[rowText(row)] {
			now.Rows = append([][]json.RawMessage{row}, now.Rows...)
		}
	}
	both, err := json.Marshal(now)
	if err != nil {
		return later
	}
	return both
}

func rowText(row []json.RawMessage) (text string) {
	for _, key := range row {
		text += string(key)
	}
	return text
}
