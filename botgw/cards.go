package botgw

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"ukbot/botgw/telegram"
	"ukbot/events"
	"ukbot/nats"
)

const (
	// together is how far apart changes of one card may be to share a message.
	together = 2 * time.Second
	// leadsMax bounds what is said above a card when changes share its message, in
	// UTF-16 units: what follows must have room below it. More, and it is a new message.
	leadsMax = 2500
)

// Cards knows which message of a chat shows what became of a request or a shift.
type Cards struct {
	bucket

	noting sync.Mutex
	noted  map[string]struct{} // taps that are in the bucket: a form is one message and many taps
}

// notedMax bounds the taps remembered; when full it begins anew.
const notedMax = 20_000

// NewCards prepares it. The bucket is looked for on first use.
func NewCards(conn *nats.Conn) *Cards {
	return &Cards{bucket: bucket{nats.NewBucket(conn, nats.BucketCards)}, noted: map[string]struct{}{}}
}

// card is the messages about one thing in one chat.
type card struct {
	State *page `json:"state,omitempty"` // the one that shows how things stand: what a later change edits
	Last  *page `json:"last,omitempty"`  // the one sent or edited last: what a change a moment later joins
}

// page is a message and what it says.
type page struct {
	Message int             `json:"message"`
	New     time.Time       `json:"new"` // when it was sent; SentAt may be that of an edit
	SentAt  time.Time       `json:"sent_at"`
	EventAt time.Time       `json:"event_at"`
	Version int64           `json:"version"`
	Notices []string        `json:"notices"` // ids of those it tells of, so that none is told in it twice
	Leads   []string        `json:"leads"`   // what happened, the oldest first
	Rest    string          `json:"rest"`    // how things stand
	Markup  json.RawMessage `json:"markup,omitempty"`
}

// newPage is what a notice alone says. What stands above its first empty line is
// what happened; below it, how things stand.
func newPage(n events.Notice) page {
	lead, rest, _ := strings.Cut(n.Text, "\n\n")
	return page{EventAt: n.At, Version: n.Version, Notices: []string{n.ID}, Leads: []string{lead}, Rest: rest, Markup: n.Markup}
}

// text is the page as Telegram's HTML.
func (p page) text() string {
	text := strings.Join(p.Leads, "\n")
	if p.Rest != "" {
		text += "\n\n" + p.Rest
	}
	return telegram.Fit(text, telegram.TextMax)
}

// markup is the page's buttons; nil for none.
func (p page) markup() any {
	if len(p.Markup) == 0 {
		return nil
	}
	return p.Markup
}

// join is the page with what another one tells besides: all that happened, and
// how things stand by the later of the two.
func (p page) join(n page) page {
	joined := p
	joined.Notices = append(slices.Clone(p.Notices), n.Notices...)
	if n.Version < p.Version {
		joined.Leads, joined.Markup = append(slices.Clone(n.Leads), p.Leads...), bothMarkups(p.Markup, n.Markup)
		return joined
	}
	joined.Leads, joined.Markup = append(slices.Clone(p.Leads), n.Leads...), bothMarkups(n.Markup, p.Markup)
	joined.Version, joined.EventAt, joined.Rest = n.Version, n.EventAt, n.Rest
	return joined
}

// holds says whether the page tells of a notice already.
func (p *page) holds(notice string) bool { return p != nil && slices.Contains(p.Notices, notice) }

// joins says whether a notice belongs to the same moment as the page. What is
// worth a message of its own joins only one that was new then: nobody's phone
// rings for an edit.
func (p *page) joins(n events.Notice, now time.Time) bool {
	if p == nil || n.Way != events.NoticeEdit && n.Way != events.NoticeRefresh && p.SentAt.Sub(p.New) > together {
		return false
	}
	if now.Sub(p.SentAt) > together && n.At.Sub(p.EventAt).Abs() > together {
		return false
	}
	size := telegram.Visible(newPage(n).Leads[0])
	for _, lead := range p.Leads {
		size += telegram.Visible(lead)
	}
	return size <= leadsMax
}

// plan is what is to be done about a notice.
type plan struct {
	notice   events.Notice
	card     card
	page     page   // what the message is to say
	edit     int    // the message that is to say it; 0: a new one
	needless string // the outcome when nothing is to be done
}

// plan decides how a notice reaches its chat. A crash between a message and its
// record makes no harm here: what a page holds already is not told again.
func (s *Sender) plan(ctx context.Context, n events.Notice) (plan, error) {
	p := plan{notice: n, page: newPage(n)}
	if n.Card == "" {
		return p, nil
	}
	var err error
	if p.card, err = s.cards.find(ctx, n); err != nil {
		return p, err
	}
	switch state, last := p.card.State, p.card.Last; {
	case last.holds(n.ID):
		p.needless, p.edit = outcomeSent, last.Message
	case state.holds(n.ID):
		p.needless, p.edit = outcomeEdited, state.Message
	case last.joins(n, time.Now()):
		p.page, p.edit = last.join(p.page), last.Message
	case n.Way == events.NoticeEdit || n.Way == events.NoticeRefresh:
		switch {
		case state != nil && state.Version > n.Version: // shows something later
			p.needless, p.edit = outcomeNeedless, state.Message
		case state != nil:
			p.edit, p.page.New = state.Message, state.New
		case n.Way == events.NoticeRefresh:
			p.needless = outcomeNeedless
		}
	}
	return s.untapped(ctx, p)
}

// untapped leaves a message alone that the person uses for something else by now.
func (s *Sender) untapped(ctx context.Context, p plan) (plan, error) {
	if p.needless != "" || p.edit == 0 {
		return p, nil
	}
	_, tapped, err := s.cards.get(ctx, tappedKey(p.notice.Tenant, p.notice.ChatID, p.edit))
	if err != nil {
		return p, fmt.Errorf("look whether a message is in use: %w", err)
	}
	if !tapped {
		return p, nil
	}
	p.page, p.edit = newPage(p.notice), 0
	if p.notice.Way == events.NoticeRefresh {
		p.needless = outcomeNeedless
	}
	return p, nil
}

// with is the card after a page was shown.
func (c card) with(shown page, way events.NoticeWay) card {
	if way != events.NoticeTalk || c.State != nil && c.State.Message == shown.Message {
		c.State = &shown
	}
	if way == events.NoticeNew || way == events.NoticeTalk || c.Last == nil || c.Last.Message == shown.Message {
		c.Last = &shown
	}
	return c
}

// Tapped notes that a button below a message was tapped: from then on the message
// shows what was asked for, and no notice may change it.
func (c *Cards) Tapped(ctx context.Context, tenant string, chatID int64, message int) error {
	key := tappedKey(tenant, chatID, message)
	c.noting.Lock()
	_, noted := c.noted[key]
	c.noting.Unlock()
	if noted {
		return nil
	}
	if err := c.set(ctx, key, nil); err != nil {
		return fmt.Errorf("note a tap: %w", err)
	}
	c.noting.Lock()
	defer c.noting.Unlock()
	if len(c.noted) >= notedMax {
		clear(c.noted)
	}
	c.noted[key] = struct{}{}
	return nil
}

func (c *Cards) find(ctx context.Context, n events.Notice) (found card, err error) {
	value, there, err := c.get(ctx, cardKey(n, n.ChatID))
	if err != nil {
		return found, fmt.Errorf("look up a card: %w", err)
	}
	if !there {
		return found, nil
	}
	if err := json.Unmarshal(value, &found); err != nil {
		found = card{} // of another version of the program: begun anew
	}
	return found, nil
}

func (c *Cards) put(ctx context.Context, n events.Notice, chatID int64, is card) error {
	value, err := json.Marshal(is)
	if err != nil {
		return err
	}
	return c.set(ctx, cardKey(n, chatID), value)
}

// cardKey is where a chat's messages about one thing are noted.
func cardKey(n events.Notice, chatID int64) string {
	return events.Token(n.Tenant) + "." + strconv.FormatInt(chatID, 10) + "." + events.Token(n.Card)
}

func tappedKey(tenant string, chatID int64, message int) string {
	return events.Token(tenant) + "." + strconv.FormatInt(chatID, 10) + ".tapped." + strconv.Itoa(message)
}
