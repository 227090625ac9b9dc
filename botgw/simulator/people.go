package simulator

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// User is a person with Telegram.
type User struct {
	ID           int64  `json:"id"` // also the id of the private chat
	FirstName    string `json:"first_name"`
	LastName     string `json:"last_name,omitempty"`
	Username     string `json:"username,omitempty"`
	LanguageCode string `json:"language_code,omitempty"` // what the phone is set to; may be empty
	Phone        string `json:"phone,omitempty"`         // told when the person shares it; made from the id when empty
	Role         string `json:"role,omitempty"`          // for the page only: which of its phones they belong to
}

type person struct {
	User
	deactivated bool
}

func (p *person) wire() wireUser {
	return wireUser{
		ID: p.ID, FirstName: p.FirstName, LastName: p.LastName, Username: p.Username, LanguageCode: p.LanguageCode,
	}
}

// contact is what the person shares as their own.
func (p *person) contact() *Contact {
	phone := p.Phone
	if phone == "" {
		phone = fmt.Sprintf("998%09d", p.ID%1_000_000_000)
	}
	return &Contact{Phone: phone, FirstName: p.FirstName, LastName: p.LastName, UserID: p.ID}
}

// group is a chat of several people, with the bots in it.
type group struct {
	title   string
	super   bool
	movedTo int64          // the supergroup it became
	bots    map[int64]bool // true: member, false: kicked
}

// bot is one registered token.
type bot struct {
	id          int64
	username    string
	lastMessage int
	pace        bucket
	commands    map[commandScope][]Command
	about       map[string]about // by language code
	menus       map[int64]any    // menu button by chat, 0: the default
	inbox
}

func (b *bot) user() wireUser {
	return wireUser{ID: b.id, IsBot: true, FirstName: b.username, Username: b.username}
}

// AddBot registers a token; the digits before its colon are the bot's id.
// Adding it again changes the user name.
func (s *Server) AddBot(token, username string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.bots[token]; b != nil {
		b.username = username
		s.touchWorld()
		return
	}
	id, _, _ := strings.Cut(token, ":")
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		h := fnv.New32a()
		h.Write([]byte(token))
		n = int64(h.Sum32())
	}
	s.bots[token] = &bot{
		id: n, username: username,
		commands: map[commandScope][]Command{}, about: map[string]about{}, menus: map[int64]any{}, inbox: newInbox(s.cfg.FirstID),
		lastMessage: int(s.cfg.FirstID),
	}
	s.touchWorld()
}

// AddUser adds a person, or changes the one with this id. A bot may not write to
// a person who has not started it.
func (s *Server) AddUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[u.ID]
	if p == nil {
		p = &person{}
		s.people[u.ID] = p
	}
	p.User = u
	s.touchWorld()
}

// Deactivate deletes a person's account: bots are told so when they write.
func (s *Server) Deactivate(userID int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.people[userID]; p != nil {
		p.deactivated = true
		s.touchWorld()
	}
}

// AddGroup makes a group (a negative id) with the bot in it, or adds the bot to it.
func (s *Server) AddGroup(token string, id int64, title string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.bots[token]
	if b == nil {
		return errNoBot
	}
	g := s.groups[id]
	if g == nil {
		g = &group{bots: map[int64]bool{}}
		s.groups[id] = g
	}
	g.title, g.bots[b.id] = title, true
	return nil
}

// Kick throws the bot out of a group.
func (s *Server) Kick(token string, groupID int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, g := s.bots[token], s.groups[groupID]
	if b == nil || g == nil {
		return fmt.Errorf("kick from group %d: no such bot or group", groupID)
	}
	g.bots[b.id] = false
	return nil
}

// Migrate turns a group into a supergroup with a new id; the old id then only
// says where it went.
func (s *Server) Migrate(groupID, superID int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[groupID]
	if g == nil {
		return fmt.Errorf("migrate group %d: no such group", groupID)
	}
	s.groups[superID] = &group{title: g.title, super: true, bots: g.bots}
	g.movedTo = superID
	return nil
}

// writable is the chat a call names, if the bot may write there now. The caller
// holds s.mu.
func (s *Server) writable(b *bot, a args) (*dialog, int64, error) {
	if a.str("chat_id") == "" {
		return nil, 0, errChatEmpty
	}
	chat := a.int64("chat_id")
	if p := s.people[chat]; p != nil {
		d := s.dialog(b, chat)
		switch {
		case p.deactivated:
			return nil, 0, errDeactivated
		case !d.started:
			return nil, 0, errNotStarted
		case d.blocked:
			return nil, 0, errBlocked
		}
		return d, chat, nil
	}
	g := s.groups[chat]
	if g == nil {
		return nil, 0, errChat
	}
	member, known := g.bots[b.id]
	switch {
	case !known:
		return nil, 0, errChat
	case g.movedTo != 0:
		return nil, 0, migrated(g.movedTo)
	case !member:
		return nil, 0, errKicked
	}
	return s.dialog(b, chat), chat, nil
}

// Chat is a line of the list of chats.
type Chat struct {
	ID       int64  `json:"id"`
	Type     string `json:"type"`
	Name     string `json:"name"`
	Language string `json:"language_code,omitempty"`
	Bot      string `json:"bot"`
	Started  bool   `json:"started"`
	Blocked  bool   `json:"blocked"`
	Messages int    `json:"messages"` // kept now
	LastID   int    `json:"last_message_id"`
}

// Chats lists every chat of every bot, by id.
func (s *Server) Chats() []Chat {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Chat{}
	for _, b := range s.bots {
		for id, p := range s.people {
			c := s.describe(b, id, p.FirstName)
			c.Language = p.LanguageCode
			all = append(all, c)
		}
		for id, g := range s.groups {
			c := s.describe(b, id, g.title)
			c.Started = g.bots[b.id]
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(x, y Chat) int {
		return cmp.Or(cmp.Compare(x.ID, y.ID), cmp.Compare(x.Bot, y.Bot))
	})
	return all
}

func (s *Server) describe(b *bot, id int64, name string) Chat {
	c := Chat{ID: id, Type: s.chat(id).Type, Name: name, Bot: b.username}
	if d := s.dialogs[dialogKey{b.id, id}]; d != nil {
		c.Started, c.Blocked = d.started, d.blocked
		c.Messages = min(len(d.messages), s.cfg.KeepPerChat)
		if n := len(d.messages); n > 0 {
			c.LastID = d.messages[n-1].ID
		}
	}
	return c
}

// commandEntities marks a leading /command, as Telegram does in what people write.
func commandEntities(text string) []Entity {
	if !strings.HasPrefix(text, "/") || len(text) == 1 {
		return nil
	}
	word, _, _ := strings.Cut(text, " ")
	return []Entity{{Type: "bot_command", Length: len(utf16.Encode([]rune(word)))}}
}
