package simulator

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"
)

// How long Telegram keeps an update nobody fetches (from its server's source).
const (
	updateLife   = 24 * time.Hour
	callbackLife = 150 * time.Second
)

// silent are the kinds a bot gets only when it asks for them by name.
var silent = map[string]bool{"chat_member": true, "message_reaction": true, "message_reaction_count": true}

// update is one thing a bot is to be told.
type update struct {
	id      int64
	queue   int64 // webhooks deliver one queue in order, different ones in parallel
	expires time.Time
	body    json.RawMessage
	twice   bool // it is to be delivered once more
}

// inbox is what a bot has not fetched yet, and how it fetches.
type inbox struct {
	lastUpdate int64
	pending    []*update       // ascending by id
	allowed    map[string]bool // nil: all but the silent ones; kept until told otherwise
	arrived    chan struct{}   // closed and replaced when an update comes
	poll       *poll           // the long poll that waits now
	held       []*heldUpdate   // kept back by a fault, oldest first
	hook       *hook
}

// poll is one getUpdates call; another one, or a webhook, ends it.
type poll struct{ ended chan error }

// newInbox begins at an id of Telegram's size, so that nothing relies on 1.
func newInbox(first int64) inbox {
	if first == 0 {
		first = 300_000_000
	}
	return inbox{lastUpdate: first, arrived: make(chan struct{})}
}

// classes number Telegram's webhook queues of one chat: a message and a tap may
// overtake each other (from its server's source).
var classes = map[string]int64{"message": 0, "edited_message": 0, "callback_query": 3, "my_chat_member": 5}

// lives are how long an update of a kind is kept, where that is not updateLife.
var lives = map[string]time.Duration{"callback_query": callbackLife}

// push tells a bot something about a chat, or holds it back where a fault says
// so. The caller holds s.mu.
func (s *Server) push(b *bot, kind string, chat int64, what any) {
	if b.allowed != nil && !b.allowed[kind] || b.allowed == nil && silent[kind] {
		return
	}
	f := s.updateFault(b, kind, chat)
	if f != nil && f.Kind != FaultDuplicate {
		s.hold(b, *f, func() { s.tell(b, kind, chat, what, false) })
		return
	}
	s.tell(b, kind, chat, what, f != nil)
	s.release(b)
}

// tell numbers an update and puts it into the inbox.
func (s *Server) tell(b *bot, kind string, chat int64, what any, twice bool) {
	life, ok := lives[kind]
	if !ok {
		life = updateLife
	}
	queue := chat + classes[kind]<<33
	b.lastUpdate++
	body, err := json.Marshal(map[string]any{"update_id": b.lastUpdate, kind: what})
	if err != nil {
		panic(err) // our own types always marshal
	}
	u := &update{id: b.lastUpdate, queue: queue, expires: s.cfg.Now().Add(life), body: body, twice: twice}
	b.pending = append(b.pending, u)
	if over := len(b.pending) - s.cfg.KeepUpdates; over > 0 {
		b.pending = slices.Clone(b.pending[over:])
	}
	if b.hook != nil {
		s.enqueue(b.hook, u)
	}
	close(b.arrived)
	b.arrived = make(chan struct{})
}

// again says once that the update is to be delivered again.
func (u *update) again() bool {
	twice := u.twice
	u.twice = false
	return twice
}

// forget drops a delivered update.
func (in *inbox) forget(id int64) {
	i, ok := slices.BinarySearchFunc(in.pending, id, func(u *update, id int64) int { return cmp.Compare(u.id, id) })
	if ok {
		in.pending = slices.Delete(in.pending, i, i+1)
	}
}

// confirm applies an offset: a positive one forgets all updates before it, a
// negative one all but the last -offset.
func (in *inbox) confirm(offset int64) {
	switch {
	case offset > 0:
		in.pending = slices.DeleteFunc(in.pending, func(u *update) bool { return u.id < offset && !u.again() })
	case offset < 0 && int64(len(in.pending)) > -offset:
		in.pending = slices.Clone(in.pending[int64(len(in.pending))+offset:])
	}
}

// fetch is the next updates that have not expired.
func (in *inbox) fetch(limit int, now time.Time) []json.RawMessage {
	in.pending = slices.DeleteFunc(in.pending, func(u *update) bool { return !now.Before(u.expires) })
	batch := []json.RawMessage{}
	for _, u := range in.pending[:min(limit, len(in.pending))] {
		batch = append(batch, u.body)
	}
	return batch
}

// setAllowed keeps allowed_updates; an empty list means the default set, and an
// absent or unreadable one changes nothing.
func (in *inbox) setAllowed(a args) {
	var kinds []string
	if json.Unmarshal([]byte(a.str("allowed_updates")), &kinds) != nil || kinds == nil {
		return
	}
	if len(kinds) == 0 {
		in.allowed = nil
		return
	}
	in.allowed = map[string]bool{}
	for _, k := range kinds {
		in.allowed[k] = true
	}
}

// end makes the waiting long poll answer err.
func (in *inbox) end(err error) {
	if in.poll != nil {
		in.poll.ended <- err // holds one; nobody else ends this poll
		in.poll = nil
	}
}

func (s *Server) getUpdates(ctx context.Context, b *bot, a args) (any, error) {
	limit := a.int("limit")
	if limit <= 0 || limit > 100 {
		limit = 100
	}
	timeout := time.NewTimer(time.Duration(min(max(a.int("timeout"), 0), 50)) * time.Second)
	defer timeout.Stop()

	s.mu.Lock()
	if b.hook != nil {
		s.mu.Unlock()
		return nil, errHookActive
	}
	b.end(errOtherPoll)
	mine := &poll{ended: make(chan error, 1)}
	b.poll = mine
	b.setAllowed(a)
	b.confirm(a.int64("offset"))
	wait := a.int("timeout") > 0
	for {
		batch, arrived := b.fetch(limit, s.cfg.Now()), b.arrived
		if b.poll != mine { // ended while an update arrived: the other one takes it
			s.mu.Unlock()
			return nil, <-mine.ended
		}
		if len(batch) > 0 || !wait {
			b.poll = nil
			s.mu.Unlock()
			return batch, nil
		}
		s.mu.Unlock()
		select {
		case <-arrived:
		case <-timeout.C:
			wait = false
		case <-s.closed:
			wait = false
		case <-ctx.Done():
			s.mu.Lock()
			if b.poll == mine {
				b.poll = nil
			}
			s.mu.Unlock()
			return nil, ctx.Err()
		case err := <-mine.ended:
			return nil, err
		}
		s.mu.Lock()
	}
}
