package forms_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/talk/talktest"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
	"ukbot/housing/housingtest"
)

// phone is somebody's chat with the bot.
type phone struct {
	*town
	t      *testing.T
	book   words.Book
	api    *api.ClientWithResponses
	person *talk.Person // nil: a stranger
	name   string       // as Telegram has it
	chat   int64
	screen talk.Screen // the last with buttons or a keyboard
	shown  int         // the message that shows it
	newest int         // message
	last   *talk.Turn
	story  strings.Builder
}

// phone gives somebody a chat of their own; nil is a stranger.
func (w *town) phone(t *testing.T, c *housingtest.Client, language string) *phone {
	t.Helper()
	w.chats++
	p := &phone{town: w, t: t, book: words.For(language), chat: w.chats, name: "Шахноза"}
	by := w.machine
	if c != nil {
		by = c
		role := api.Role(c.Role)
		p.person = &talk.Person{ID: c.ID(), Name: "X", Language: language, Role: role, Roles: []api.Role{role}}
	}
	client, err := api.NewClientWithResponses(w.URL, api.WithHTTPClient(line{w, by}))
	must(t, err)
	p.api = client
	return p
}

// line is a client's way to the housing services, which can be cut.
type line struct {
	w  *town
	by *housingtest.Client
}

func (l line) Do(r *http.Request) (*http.Response, error) {
	if l.w.away.Load() {
		return nil, company.ErrAway
	}
	r.Header.Set("Authorization", "Bearer "+l.by.Credential())
	return http.DefaultClient.Do(r)
}

// turn is an update that comes now.
func (p *phone) turn(kind talk.Kind, change ...func(*talk.Turn)) *talk.Turn {
	p.updates++
	t := &talk.Turn{
		Update:   talk.Update{Bot: 100, Tenant: p.Tenant, ID: p.updates, Chat: p.chat, From: talk.From{ID: p.chat, Name: p.name}, Kind: kind, Message: int(p.updates)},
		Standing: talk.Approved, Person: p.person, Book: p.book, API: p.api, Bot: p.bot, Zone: time.UTC, Now: p.Clock.Now(),
	}
	if p.person == nil {
		t.Standing = talk.Unknown
	}
	for _, c := range change {
		c(t)
	}
	return t
}

// begin opens a form.
func (p *phone) begin(form string, d flow.Data) *talk.Turn {
	p.t.Helper()
	t := p.turn(talk.Command)
	return p.end(t, "/"+form, p.engine.Begin(p.t.Context(), t, form, d))
}

// send has the form take what somebody sends.
func (p *phone) send(t *talk.Turn, did string) *talk.Turn {
	p.t.Helper()
	handled, err := p.engine.Handle(p.t.Context(), t)
	if err == nil && !handled {
		p.t.Fatalf("no form takes %s", did)
	}
	return p.end(t, did, err)
}

func (p *phone) says(text string) *talk.Turn {
	p.t.Helper()
	return p.send(p.turn(talk.Text, func(t *talk.Turn) { t.Text = text }), text)
}

func (p *phone) shows(i int, change ...func(*talk.Turn)) *talk.Turn {
	p.t.Helper()
	return p.send(p.turn(talk.Photo, append(change, func(t *talk.Turn) { t.File = &p.photos[i] })...), "(photo)")
}

// taps taps the button that has these words.
func (p *phone) taps(text string) *talk.Turn {
	p.t.Helper()
	t := p.turn(talk.Tap, func(t *talk.Turn) { t.Message = p.shown })
	b := p.button(text)
	return p.end(t, "["+b.Text+"]", call(p.engine, p.t, t, b.Call))
}

// word taps the button that has the words of a key.
func (p *phone) word(key string) *talk.Turn {
	p.t.Helper()
	return p.taps(p.book.Plain(key))
}

func (p *phone) button(text string) talk.Button {
	p.t.Helper()
	for _, row := range p.screen.Rows {
		for _, b := range row {
			if strings.Contains(b.Text, text) {
				return b
			}
		}
	}
	p.t.Fatalf("no button %q on:\n%s", text, written(p.screen))
	return talk.Button{}
}

func call(e *flow.Engine, t *testing.T, turn *talk.Turn, c talk.Call) error {
	t.Helper()
	for _, route := range e.Routes() {
		if route.Do == c.Do {
			return route.Handle(t.Context(), turn, c.Args)
		}
	}
	t.Fatalf("nobody answers %q", c.Do)
	return nil
}

// end keeps and checks what a turn has shown.
func (p *phone) end(turn *talk.Turn, did string, err error) *talk.Turn {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("%s: %v", did, err)
	}
	fmt.Fprintf(&p.story, "» %s\n\n", telegram.Cut(did, 200))
	p.book = turn.Book
	p.last = turn
	was := p.shown
	for _, out := range turn.Outs {
		if out.Way == talk.Unkey {
			which := "the message before"
			if out.Message != was {
				which = "an older message"
			}
			p.story.WriteString("(" + which + " loses its buttons)\n\n")
			continue
		}
		at := p.deliver(turn, out)
		if len(out.Screen.Rows) > 0 || out.Screen.Menu != nil {
			p.screen, p.shown = out.Screen, at
		}
		p.story.WriteString(written(out.Screen) + "\n")
	}
	check(p.t, did, turn)
	return turn
}

// deliver gives an answer its message, as the speaker does.
func (p *phone) deliver(turn *talk.Turn, out talk.Out) (message int) {
	switch {
	case out.Way == talk.Edit:
		message = out.Message
	case out.Way == talk.Auto && turn.Kind == talk.Tap && out.Screen.Menu == nil:
		message = turn.Message
	default:
		p.newest++
		message = p.newest
	}
	if out.Shown != nil {
		out.Shown(message)
	}
	return message
}

// check holds an answer against Telegram's limits; there must be one.
func check(t *testing.T, did string, turn *talk.Turn) {
	t.Helper()
	said := 0
	for _, out := range turn.Outs {
		talktest.Check(t, out)
		if out.Way != talk.Unkey {
			said++
		}
	}
	if said == 0 {
		t.Errorf("%s is not answered", did)
	}
	if t.Failed() {
		t.Logf("so it is after %s", telegram.Cut(did, 200))
	}
}

// numbers differ from run to run; all else of a screen does not.
var numbers = regexp.MustCompile(`\d{6}-\d{3}`)

// written is a screen as text.
func written(s talk.Screen) string {
	var b strings.Builder
	b.WriteString(numbers.ReplaceAllString(s.Text, "NNNNNN-NNN") + "\n")
	for _, row := range s.Rows {
		for _, button := range row {
			b.WriteString("[" + button.Text + "] ")
		}
		b.WriteString("\n")
	}
	if s.Menu != nil {
		b.WriteString("keyboard: " + s.Menu.Placeholder + "\n")
		for _, row := range s.Menu.Rows {
			for _, key := range row {
				b.WriteString("{" + key.Text + "} ")
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// data is what the open form holds; nil if none is open.
func (p *phone) data(ctx context.Context) *flow.Filling {
	r, _, err := p.engine.Open(ctx, p.turn(talk.Text))
	must(p.t, err)
	return r.Open
}
