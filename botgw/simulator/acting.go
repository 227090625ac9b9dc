package simulator

import (
	"errors"
	"fmt"
	"strings"
)

// This file is what a person does with a phone: start, write, tap, block.

var (
	errNoBot      = errors.New("no bot has this token")
	errNoPerson   = errors.New("no such person")
	errNotBegun   = errors.New("the person must start the bot first")
	errHasBlocked = errors.New("the person has blocked the bot")
	errNoButton   = errors.New("the message has no such button")
	errNoKey      = errors.New("the keyboard has no such key")
	errNoMessage  = errors.New("there is no such message")
	errNotTheirs  = errors.New("the message is not the person's own")
	errKeyKind    = errors.New("this kind of key is not simulated")
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

// able says whether the person can write now.
func (ph phone) able() error {
	switch {
	case !ph.d.started:
		return errNotBegun
	case ph.d.blocked:
		return errHasBlocked
	}
	return nil
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
	s.touchWorld()
	s.say(ph, strings.TrimSpace("/start "+payload))
	return nil
}

// SendText writes to the bot and returns the message's id.
func (s *Server) SendText(botToken string, userID int64, text string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	if err == nil {
		err = ph.able()
	}
	if err == nil && (strings.TrimSpace(text) == "" || units(text) > textMax) {
		err = fmt.Errorf("a message has 1–%d characters", textMax)
	}
	if err != nil {
		return 0, fmt.Errorf("write as %d: %w", userID, err)
	}
	return s.say(ph, strings.TrimSpace(text)), nil
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
	s.push(ph.b, "my_chat_member", ph.p.ID, u)
	s.touch(ph.d, nil)
	s.touchWorld()
}
