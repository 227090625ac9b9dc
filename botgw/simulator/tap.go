package simulator

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// This file is a person's taps on buttons and keys, and the bot's answers.

// Tap presses the button with this callback data below a message and returns
// the query's id; the bot is to answer it.
func (s *Server) Tap(botToken string, userID int64, messageID int, data string) (queryID string, err error) {
	return s.tap(botToken, userID, messageID, func(m *Message) (string, bool) {
		return data, m != nil && hasButton(m.Buttons, data)
	})
}

// TapText is Tap by what the button says.
func (s *Server) TapText(botToken string, userID int64, messageID int, text string) (queryID string, err error) {
	return s.tap(botToken, userID, messageID, func(m *Message) (string, bool) {
		if m == nil {
			return "", false
		}
		return dataOf(m.Buttons, text)
	})
}

// TapLatest presses the button with this text, or with this callback data, below
// the newest message that has one.
func (s *Server) TapLatest(botToken string, userID int64, button string) (queryID string, err error) {
	s.mu.Lock()
	message := 0
	if ph, err := s.phone(botToken, userID); err == nil {
		for _, m := range slices.Backward(ph.d.messages) {
			if _, ok := dataOf(m.Buttons, button); ok || hasButton(m.Buttons, button) {
				message = m.ID
				break
			}
		}
	}
	s.mu.Unlock()
	return s.tap(botToken, userID, message, func(m *Message) (string, bool) {
		if m == nil {
			return button, false
		}
		if data, ok := dataOf(m.Buttons, button); ok {
			return data, true
		}
		return button, hasButton(m.Buttons, button)
	})
}

// TapStale presses a button that was below the message once: before an edit, or
// before the message was deleted. An app that has not caught up does so.
func (s *Server) TapStale(botToken string, userID int64, messageID int, data string) (queryID string, err error) {
	return s.tap(botToken, userID, messageID, func(m *Message) (string, bool) {
		return data, m != nil && (hasButton(m.Buttons, data) ||
			slices.ContainsFunc(m.Edits, func(e Edit) bool { return hasButton(e.Buttons, data) }))
	})
}

// TapForged sends callback data that no button has, as a changed app can.
func (s *Server) TapForged(botToken string, userID int64, messageID int, data string) (queryID string, err error) {
	return s.tap(botToken, userID, messageID, func(m *Message) (string, bool) { return data, m != nil })
}

// tap sends what choose takes from the message, which may be gone already.
func (s *Server) tap(botToken string, userID int64, messageID int, choose func(*Message) (data string, ok bool)) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	if err != nil {
		return "", fmt.Errorf("tap: %w", err)
	}
	if ph.d.blocked {
		return "", fmt.Errorf("tap as %d: %w", userID, errHasBlocked)
	}
	m := ph.d.gone[messageID]
	below := any(wireGone{Chat: s.chat(userID), MessageID: messageID})
	if i, ok := ph.d.find(messageID); ok {
		m = ph.d.messages[i]
		below = s.wire(ph.b, ph.d, m)
	}
	data, ok := choose(m)
	if !ok {
		return "", fmt.Errorf("tap %q below message %d: %w", data, messageID, errNoButton)
	}
	q := s.ask(ph, messageID, data)
	s.push(ph.b, "callback_query", userID, wireCallback{
		ID: q.id, From: ph.p.wire(), Message: below, ChatInstance: strconv.FormatInt(userID, 10), Data: data,
	})
	s.touch(ph.d, nil)
	return q.id, nil
}

// hasButton says whether a tap could send this data.
func hasButton(rows [][]Button, data string) bool {
	for _, row := range rows {
		for _, b := range row {
			if b.Data == data && data != "" {
				return true
			}
		}
	}
	return false
}

// dataOf is the callback data of the first button with this text.
func dataOf(rows [][]Button, text string) (string, bool) {
	for _, row := range rows {
		for _, b := range row {
			if b.Text == text && b.Data != "" {
				return b.Data, true
			}
		}
	}
	return text, false
}

// PressKey presses the key with this text on the keyboard that the person has
// now: it writes the text, or shares the person's telephone number or place.
func (s *Server) PressKey(botToken string, userID int64, text string) (messageID int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	if err == nil {
		err = ph.able()
	}
	if err != nil {
		return 0, fmt.Errorf("press %q: %w", text, err)
	}
	key, ok := ph.d.keyboard.key(text)
	if !ok {
		return 0, fmt.Errorf("press %q: %w", text, errNoKey)
	}
	m := &Message{Text: key.Text}
	switch key.Kind {
	case "":
	case "contact":
		m = &Message{Contact: ph.p.contact()}
	case "location":
		m = &Message{Location: &tashkent}
	default:
		return 0, fmt.Errorf("press %q: %w", text, errKeyKind)
	}
	if ph.d.keyboard.Once {
		folded := *ph.d.keyboard
		folded.Folded = true
		ph.d.keyboard = &folded
	}
	return s.utter(ph, m), nil
}

// tashkent is where everybody is who presses a key that shares their place.
var tashkent = Location{Latitude: 41.311081, Longitude: 69.240562}

// KeyboardOf is what the person has in place of the letters; ok is false when
// that is letters.
func (s *Server) KeyboardOf(botToken string, userID int64) (kb Keyboard, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	if err != nil || ph.d.keyboard == nil {
		return Keyboard{}, false
	}
	return *ph.d.keyboard, true
}

// Bounds of the callback queries remembered, in all and of one chat.
const (
	queriesKept = 10_000
	tapsKept    = 10
)

// query is one tap that waits for its answer.
type query struct {
	id       string
	bot      *bot
	chat     int64
	message  int
	data     string
	seq      int64 // of the answer, among all answers
	asked    time.Time
	answered bool
	answer   Answer
}

// Answer is what a bot answered to a tap.
type Answer struct {
	Text  string // shown for a moment; may be empty
	Alert bool   // shown as a box to close
	URL   string
}

// ask makes a query, forgetting the oldest. The caller holds s.mu.
func (s *Server) ask(ph phone, message int, data string) *query {
	s.seq++
	q := &query{
		id: strconv.FormatInt(ph.b.id<<20+s.seq, 10), bot: ph.b, asked: s.cfg.Now(),
		chat: ph.p.ID, message: message, data: data,
	}
	s.queries[q.id] = q
	ph.d.taps = append(ph.d.taps[max(0, len(ph.d.taps)-tapsKept+1):len(ph.d.taps):len(ph.d.taps)], q)
	if s.asked = append(s.asked, q.id); len(s.asked) > queriesKept {
		delete(s.queries, s.asked[0])
		s.asked = s.asked[1:]
	}
	return q
}

func (s *Server) answerCallbackQuery(_ context.Context, b *bot, a args) (any, error) {
	if units(a.str("text")) > 200 { // core.telegram.org/bots/api#answercallbackquery
		return nil, errAlertLong
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queries[a.str("callback_query_id")]
	if q == nil || q.bot != b || q.answered || s.cfg.Now().Sub(q.asked) > s.cfg.CallbackTTL {
		return nil, errQuery
	}
	q.answered = true
	q.answer = Answer{Text: a.str("text"), Alert: a.bool("show_alert"), URL: a.str("url")}
	s.seq++
	q.seq = s.seq
	s.touch(s.dialog(b, q.chat), nil)
	return true, nil
}

// WaitAnswer waits until the bot has answered a tap.
func (s *Server) WaitAnswer(ctx context.Context, queryID string) (Answer, error) {
	var got Answer
	err := s.until(ctx, func() func() bool {
		q := s.queries[queryID]
		answered := q != nil && q.answered
		if answered {
			got = q.answer
		}
		return func() bool { return answered }
	})
	if err != nil {
		return Answer{}, fmt.Errorf("wait for the answer to query %s: %w", queryID, err)
	}
	return got, nil
}
