package simulator

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// This file is what a person does with a phone: start, write, tap, block.

var (
	errNoBot      = errors.New("no bot has this token")
	errNoPerson   = errors.New("no such person")
	errNotBegun   = errors.New("the person must start the bot first")
	errHasBlocked = errors.New("the person has blocked the bot")
	errNoButton   = errors.New("the message has no such button")
)

// phone is a person's side of a private chat.
type phone struct {
	b *bot
	p *person
	d *dialog
}

// phone finds it. The caller holds s.mu.
func (s *Server) phone(token string, userID int64) (phone, error) {
	b := s.bots[token]
	if b == nil {
		return phone{}, errNoBot
	}
	p := s.people[userID]
	if p == nil || p.deactivated {
		return phone{}, fmt.Errorf("person %d: %w", userID, errNoPerson)
	}
	return phone{b: b, p: p, d: s.dialog(b, userID)}, nil
}

// Start presses the bot's Start button: /start goes out, a block is lifted.
func (s *Server) Start(botToken string, userID int64) error {
	return s.StartWith(botToken, userID, "")
}

// StartWith follows a deep link: /start with a payload.
func (s *Server) StartWith(botToken string, userID int64, payload string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	s.setBlocked(ph, false)
	ph.d.started = true
	s.say(ph, strings.TrimSpace("/start "+payload))
	return nil
}

// SendText writes to the bot and returns the message's id.
func (s *Server) SendText(botToken string, userID int64, text string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	switch {
	case err != nil:
	case !ph.d.started:
		err = errNotBegun
	case ph.d.blocked:
		err = errHasBlocked
	case strings.TrimSpace(text) == "" || units(text) > textMax:
		err = fmt.Errorf("a message has 1–%d characters", textMax)
	}
	if err != nil {
		return 0, fmt.Errorf("write as %d: %w", userID, err)
	}
	return s.say(ph, strings.TrimSpace(text)), nil
}

// say puts a person's message into the chat and its update into the bot's inbox.
func (s *Server) say(ph phone, text string) int {
	m := &Message{ChatID: ph.p.ID, Text: text, Entities: commandEntities(text)}
	s.add(ph.b, ph.d, m)
	s.push(ph.b, "message", ph.p.ID, updateLife, s.wire(ph.b, ph.d, m))
	return m.ID
}

// Tap presses the button with this callback data below a message and returns
// the query's id; the bot is to answer it.
func (s *Server) Tap(botToken string, userID int64, messageID int, data string) (queryID string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	if err != nil {
		return "", fmt.Errorf("tap: %w", err)
	}
	if ph.d.blocked {
		return "", fmt.Errorf("tap as %d: %w", userID, errHasBlocked)
	}
	i, ok := ph.d.find(messageID)
	if !ok || !ph.d.messages[i].hasButton(data) {
		return "", fmt.Errorf("tap %q below message %d: %w", data, messageID, errNoButton)
	}
	q := s.ask(ph.b)
	s.push(ph.b, "callback_query", userID+3<<33, callbackLife, wireCallback{
		ID: q.id, From: ph.p.wire(), Message: s.wire(ph.b, ph.d, ph.d.messages[i]),
		ChatInstance: strconv.FormatInt(userID, 10), Data: data,
	})
	return q.id, nil
}

// hasButton says whether a tap could send this data.
func (m *Message) hasButton(data string) bool {
	for _, row := range m.Buttons {
		for _, b := range row {
			if b.Data == data && data != "" {
				return true
			}
		}
	}
	return false
}

// Block makes the person block the bot, which is told by my_chat_member.
func (s *Server) Block(botToken string, userID int64) error { return s.block(botToken, userID, true) }

// Unblock lifts the block; the bot is told and may write again.
func (s *Server) Unblock(botToken string, userID int64) error {
	return s.block(botToken, userID, false)
}

func (s *Server) block(botToken string, userID int64, blocked bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	if err != nil {
		return fmt.Errorf("block: %w", err)
	}
	s.setBlocked(ph, blocked)
	return nil
}

// setBlocked changes the block and tells the bot, unless it was so before.
func (s *Server) setBlocked(ph phone, blocked bool) {
	if ph.d.blocked == blocked {
		return
	}
	ph.d.blocked = blocked
	forever := int64(0)
	member := wireMember{User: ph.b.user(), Status: "member"}
	kicked := wireMember{User: ph.b.user(), Status: "kicked", UntilDate: &forever}
	u := wireMembership{Chat: s.chat(ph.p.ID), From: ph.p.wire(), Date: s.cfg.Now().Unix(), Old: member, New: kicked}
	if !blocked {
		u.Old, u.New = kicked, member
	}
	s.push(ph.b, "my_chat_member", ph.p.ID+5<<33, updateLife, u)
	s.announce()
}

// queriesKept bounds the callback queries remembered.
const queriesKept = 10_000

// query is one tap that waits for its answer.
type query struct {
	id       string
	bot      *bot
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
func (s *Server) ask(b *bot) *query {
	s.seq++
	q := &query{id: strconv.FormatInt(b.id<<20+s.seq, 10), bot: b, asked: s.cfg.Now()}
	s.queries[q.id] = q
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
	s.announce()
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
