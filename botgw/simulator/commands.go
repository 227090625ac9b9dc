package simulator

import (
	"context"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Command is a line of a bot's command menu.
type Command struct {
	Command     string `json:"command"`
	Description string `json:"description"`
}

// commandScope is who sees a list, in which language.
type commandScope struct {
	kind       string
	chat, user int64
	language   string
}

// scopeKinds are the scopes and what each must name.
var scopeKinds = map[string]struct{ chat, user bool }{
	"default": {}, "all_private_chats": {}, "all_group_chats": {}, "all_chat_administrators": {},
	"chat": {chat: true}, "chat_administrators": {chat: true}, "chat_member": {chat: true, user: true},
}

func (s *Server) getMe(_ context.Context, b *bot, _ args) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return wireBot{wireUser: b.user(), CanJoinGroups: true}, nil
}

func (s *Server) setMyCommands(_ context.Context, b *bot, a args) (any, error) {
	var list []Command
	if json.Unmarshal([]byte(a.str("commands")), &list) != nil {
		return nil, bad("can't parse commands JSON object")
	}
	if len(list) > 100 { // core.telegram.org/bots/api#setmycommands
		return nil, bad("BOT_COMMANDS_TOO_MUCH")
	}
	for i := range list {
		if err := list[i].check(); err != nil {
			return nil, err
		}
	}
	return s.withScope(a, func(scope commandScope) any {
		b.commands[scope] = list
		s.touchBot(b)
		return true
	})
}

// check applies Telegram's limits: 1–32 of a–z 0–9 _, and 1–256 characters of description.
func (c *Command) check() error {
	c.Command = strings.TrimPrefix(strings.TrimSpace(c.Command), "/")
	c.Description = strings.TrimSpace(c.Description)
	switch {
	case c.Command == "":
		return bad("command must be non-empty")
	case len(c.Command) > 32:
		return bad("command length must not exceed 32")
	case strings.Trim(c.Command, "abcdefghijklmnopqrstuvwxyz0123456789_") != "":
		return bad("BOT_COMMAND_INVALID")
	case c.Description == "":
		return bad("command description must be non-empty")
	case utf8.RuneCountInString(c.Description) > 256:
		return bad("command description length must not exceed 256")
	}
	return nil
}

func (s *Server) getMyCommands(_ context.Context, b *bot, a args) (any, error) {
	return s.withScope(a, func(scope commandScope) any {
		return append([]Command{}, b.commands[scope]...)
	})
}

func (s *Server) deleteMyCommands(_ context.Context, b *bot, a args) (any, error) {
	return s.withScope(a, func(scope commandScope) any {
		delete(b.commands, scope)
		s.touchBot(b)
		return true
	})
}

// withScope reads scope and language_code and does the work under the lock.
func (s *Server) withScope(a args, work func(commandScope) any) (any, error) {
	var raw struct {
		Type   string `json:"type"`
		ChatID int64  `json:"chat_id"`
		UserID int64  `json:"user_id"`
	}
	if text := a.str("scope"); text != "" && text != "null" {
		if json.Unmarshal([]byte(text), &raw) != nil {
			return nil, bad("can't parse BotCommandScope JSON object")
		}
	} else {
		raw.Type = "default"
	}
	needs, ok := scopeKinds[raw.Type]
	if !ok {
		return nil, bad("can't parse BotCommandScope: Unsupported type specified")
	}
	scope := commandScope{kind: raw.Type, language: a.str("language_code")}
	if !languageCode(scope.language) {
		return nil, errLanguage
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if needs.chat {
		if scope.chat = raw.ChatID; s.chat(raw.ChatID).Type == "" {
			return nil, errChat
		}
	}
	if needs.user {
		if scope.user = raw.UserID; s.people[raw.UserID] == nil {
			return nil, bad("user not found")
		}
	}
	return work(scope), nil
}

// touchBot marks every chat of a bot as changed. The caller holds s.mu.
func (s *Server) touchBot(b *bot) {
	for key, d := range s.dialogs {
		if key.bot == b.id {
			d.rev = s.rev + 1
		}
	}
	s.touch(&dialog{}, nil)
}

// CommandsOf is the command menu that a person sees: the first list there is in
// Telegram's order (core.telegram.org/bots/api#determining-list-of-commands).
func (s *Server) CommandsOf(botToken string, userID int64) []Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	if err != nil {
		return nil
	}
	return ph.commands()
}

func (ph phone) commands() []Command {
	for _, scope := range []commandScope{{kind: "chat", chat: ph.p.ID}, {kind: "all_private_chats"}, {kind: "default"}} {
		for _, language := range []string{ph.p.LanguageCode, ""} {
			scope.language = language
			if list := ph.b.commands[scope]; len(list) > 0 {
				return list
			}
		}
	}
	return nil
}

// menuButton is what the button beside the input field does for a person:
// "commands", "web_app" or "default".
func (ph phone) menuButton() string {
	for _, chat := range []int64{ph.p.ID, 0} {
		if menu, ok := ph.b.menus[chat].(map[string]any); ok {
			kind, _ := menu["type"].(string)
			return kind
		}
	}
	return "commands"
}

// menuKinds are the menu buttons there are.
var menuKinds = map[string]bool{"commands": true, "web_app": true, "default": true}

func (s *Server) setChatMenuButton(_ context.Context, b *bot, a args) (any, error) {
	menu := any(map[string]any{"type": "default"})
	if text := a.str("menu_button"); text != "" {
		var kind struct {
			Type string `json:"type"`
		}
		parsed, ok := rawJSON(text)
		if !ok || json.Unmarshal([]byte(text), &kind) != nil {
			return nil, bad("can't parse menu button JSON object")
		}
		if !menuKinds[kind.Type] {
			return nil, bad("can't parse menu button: MenuButton has unsupported type")
		}
		menu = parsed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	chat := a.int64("chat_id")
	if a.str("chat_id") != "" && s.people[chat] == nil {
		return nil, errChat
	}
	b.menus[chat] = menu
	s.touchBot(b)
	return true, nil
}

func (s *Server) getChatMenuButton(_ context.Context, b *bot, a args) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, chat := range []int64{a.int64("chat_id"), 0} {
		if menu, ok := b.menus[chat]; ok {
			return menu, nil
		}
	}
	return map[string]any{"type": "commands"}, nil
}

// getChat shows a chat the bot has met.
func (s *Server) getChat(_ context.Context, b *bot, a args) (any, error) {
	if a.str("chat_id") == "" {
		return nil, errChatEmpty
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := a.int64("chat_id")
	if g := s.groups[id]; g != nil {
		if _, known := g.bots[b.id]; known {
			return s.chat(id), nil
		}
		return nil, errChat
	}
	if d := s.dialogs[dialogKey{b.id, id}]; s.people[id] == nil || d == nil || !d.started {
		return nil, errChat
	}
	return s.chat(id), nil
}

// rawJSON decodes a parameter that is an object.
func rawJSON(text string) (any, bool) {
	var v map[string]any
	err := json.Unmarshal([]byte(text), &v)
	return v, err == nil
}
