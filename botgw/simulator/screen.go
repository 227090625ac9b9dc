package simulator

import (
	"slices"
	"time"
)

// shownMessages is how far back a phone on the page goes.
const shownMessages = 150

// screen is what changed on a person's phone since the page was last told.
type screen struct {
	Key        string    `json:"key"` // of the phone: bot:person
	Bot        title     `json:"bot"`
	Started    bool      `json:"started"`
	Blocked    bool      `json:"blocked"`
	IDs        []int     `json:"ids"`      // all messages there are, oldest first
	Messages   []bubble  `json:"messages"` // those that changed
	Keyboard   *Keyboard `json:"keyboard"`
	Commands   []Command `json:"commands"`
	MenuButton string    `json:"menu_button"`
	Action     string    `json:"action"`
	ActionLeft int64     `json:"action_ms"`
	Waiting    []waiting `json:"waiting"` // taps without an answer
	Answers    []told    `json:"answers"` // new ones
	Calls      []Call    `json:"calls"`   // new ones
}

// title is what the bot calls itself.
type title struct {
	Name        string `json:"name"`
	Description string `json:"description"` // before Start
}

// bubble is a message as the page draws it.
type bubble struct {
	ID       int        `json:"id"`
	Rev      int64      `json:"rev"`
	FromBot  bool       `json:"from_bot"`
	Date     time.Time  `json:"date"`
	Text     string     `json:"text"`
	Entities []Entity   `json:"entities,omitempty"`
	Buttons  [][]Button `json:"buttons,omitempty"`
	Reply    *quote     `json:"reply,omitempty"`
	Kind     string     `json:"kind,omitempty"` // of the file
	File     string     `json:"file,omitempty"`
	Name     string     `json:"name,omitempty"`
	Size     int        `json:"size,omitempty"` // bytes
	Width    int        `json:"width,omitempty"`
	Height   int        `json:"height,omitempty"`
	Contact  *Contact   `json:"contact,omitempty"`
	Location *Location  `json:"location,omitempty"`
	Album    string     `json:"album,omitempty"`
	Edits    []Edit     `json:"edits,omitempty"`
}

// quote is the message that another answers.
type quote struct {
	FromBot bool   `json:"from_bot"`
	Text    string `json:"text"`
}

// waiting is a tap whose button turns until the bot answers.
type waiting struct {
	Message int    `json:"message"`
	Data    string `json:"data"`
}

// told is what the bot answered to a tap.
type told struct {
	Text  string `json:"text,omitempty"`
	Alert bool   `json:"alert,omitempty"`
	URL   string `json:"url,omitempty"`
}

// screen is what a phone shows beyond a revision; of answers only what came
// after the page looked first. The caller holds s.mu.
func (s *Server) screen(key string, ph phone, since, answers int64) screen {
	d := ph.d
	v := screen{
		Key: key, Started: d.started, Blocked: d.blocked, IDs: []int{}, Messages: []bubble{},
		Keyboard: d.keyboard, Commands: ph.commands(), MenuButton: ph.menuButton(),
		Waiting: []waiting{}, Answers: []told{}, Calls: d.callsAfter(since),
	}
	about := ph.b.aboutFor(ph.p)
	v.Bot = title{about.name, about.description}
	now := s.cfg.Now()
	if left := actionLife - now.Sub(d.acted); d.action != "" && left > 0 {
		v.Action, v.ActionLeft = d.action, left.Milliseconds()
	}
	for _, m := range d.messages[max(0, len(d.messages)-shownMessages):] {
		v.IDs = append(v.IDs, m.ID)
		if m.rev > since {
			v.Messages = append(v.Messages, s.bubble(d, m))
		}
	}
	for _, q := range d.taps {
		switch {
		case !q.answered && now.Sub(q.asked) < s.cfg.CallbackTTL:
			v.Waiting = append(v.Waiting, waiting{q.message, q.data})
		case q.answered && q.seq > answers:
			v.Answers = append(v.Answers, told(q.answer))
		}
	}
	return v
}

// fileKind is what kind of file a message shows.
func (m *Message) fileKind() string {
	switch {
	case m.Photo != "":
		return "photo"
	case m.Document != "":
		return "document"
	case m.Video != "":
		return "video"
	case m.Voice != "":
		return "voice"
	case m.Sticker != "":
		return "sticker"
	}
	return ""
}

func (s *Server) bubble(d *dialog, m *Message) bubble {
	f := s.files[m.file()]
	v := bubble{
		ID: m.ID, Rev: m.rev, FromBot: m.FromBot, Date: m.Date, Text: m.Text, Entities: m.Entities, Buttons: m.Buttons,
		Kind: m.fileKind(), File: m.file(), Name: f.Name, Size: len(f.Data), Width: f.width, Height: f.height,
		Contact: m.Contact, Location: m.Location, Album: m.Album, Edits: m.Edits,
	}
	if i, ok := d.find(m.ReplyTo); ok {
		original := d.messages[i]
		v.Reply = &quote{FromBot: original.FromBot, Text: cut(original.Text, paramMax)}
	}
	return v
}

// scene is what the page knows besides the phones.
type scene struct {
	People []face  `json:"people"`
	Faults []Fault `json:"faults"`
}

// face is a person whom a phone may be given to.
type face struct {
	Key      string `json:"key"` // bot:person
	Bot      string `json:"bot"`
	Name     string `json:"name"`
	Role     string `json:"role,omitempty"`
	Language string `json:"language,omitempty"`
	Started  bool   `json:"started"`
	Blocked  bool   `json:"blocked"`
}

// facesMax bounds the list of people; a benchmark has thousands.
const facesMax = 300

// scene lists people and faults. The caller holds s.mu.
func (s *Server) scene() scene {
	v := scene{People: []face{}, Faults: s.faultsSet()}
	for _, b := range s.bots {
		for id, p := range s.people {
			if p.deactivated {
				continue
			}
			f := face{Key: phoneKey(b, id), Bot: b.username, Name: p.name(), Role: p.Role, Language: p.LanguageCode}
			if d := s.dialogs[dialogKey{b.id, id}]; d != nil {
				f.Started, f.Blocked = d.started, d.blocked
			}
			v.People = append(v.People, f)
		}
	}
	slices.SortFunc(v.People, compareFaces)
	v.People = v.People[:min(len(v.People), facesMax)]
	return v
}
