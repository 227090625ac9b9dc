package gate

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"slices"
	"time"

	"ukbot/botgw/talk"
)

// sort is what an update counts as.
type sort byte

const (
	aMessage sort = iota
	aCommand      // is a message, too
	aTap
)

// event is an update that was let through.
type event struct {
	at   int64 // ms since 1970
	id   int64 // update_id: what comes again counts once
	sort sort
}

// window is what is kept about a person: what they did within the last hour, so
// that each span slides exactly. What was refused is not in it: whoever goes on
// hammering is not shut out for longer.
type window struct {
	events []event
	warned [rulesMax]int64 // ms, by rule
	album  uint32          // the last one's hash: its further pictures are the same message
}

// skew is how far another replica's clock, or Telegram's, may be ahead. What is
// further in the future was written by a clock that has been set back since.
const skew = 5 * time.Second

// ruling is what a window says of one more update.
type ruling struct {
	rule    *rule         // that it is against; nil: none
	warn    bool          // for the first time in this span
	wait    time.Duration // until the rule lets something through
	changed bool          // the window is to be stored
}

// decide lets an update through or not, and notes which.
func (w *window) decide(e event, album string, limit Limit, now time.Time) ruling {
	w.forget(now.UnixMilli(), limit)
	if slices.ContainsFunc(w.events, func(known event) bool { return known.id == e.id }) {
		return ruling{}
	}
	hash := hashOf(album)
	if hash != 0 && hash == w.album {
		return ruling{}
	}
	for i := range rules {
		if free := rules[i].freeAt(w.events, e, limit); free > e.at {
			r := ruling{rule: &rules[i], wait: time.Duration(free-e.at) * time.Millisecond}
			if age := now.UnixMilli() - w.warned[i]; age >= rules[i].span.Milliseconds() || age < -skew.Milliseconds() {
				w.warned[i], r.warn, r.changed = now.UnixMilli(), true, true
			}
			return r
		}
	}
	if kept(e.sort, limit) == 0 {
		return ruling{}
	}
	if hash != 0 {
		w.album = hash
	}
	w.events = append(w.events, e)
	return ruling{changed: true}
}

// forget drops what no rule asks for any more, and what a wrong clock wrote.
func (w *window) forget(now int64, limit Limit) {
	w.events = slices.DeleteFunc(w.events, func(e event) bool {
		return e.at <= now-kept(e.sort, limit).Milliseconds() || e.at > now+skew.Milliseconds()
	})
}

// kept is how long a limit asks for events of a sort; 0: never. It bounds the
// window: by the limits, there are no more events within it.
func kept(s sort, limit Limit) time.Duration {
	var longest time.Duration
	for i := range rules {
		if s < sort(len(rules[i].of)) && rules[i].of[s] && rules[i].limit(limit) > 0 {
			longest = max(longest, rules[i].span)
		}
	}
	return longest
}

// hashOf is 0 for nothing only.
func hashOf(text string) uint32 {
	if text == "" {
		return 0
	}
	h := fnv.New32a()
	h.Write([]byte(text)) // never fails (hash.Hash)
	return max(h.Sum32(), 1)
}

// timeOf is when an update counts: when it was sent, so that what waited in the
// stream is not taken for a rush; now where that is not known or not credible.
func timeOf(u talk.Update, now time.Time) int64 {
	if u.Kind == talk.Tap || u.Sent.After(now) || u.Sent.Before(now.Add(-time.Hour)) {
		return now.UnixMilli()
	}
	return u.Sent.UnixMilli()
}

func sortOf(kind talk.Kind) sort {
	switch kind {
	case talk.Tap:
		return aTap
	case talk.Command:
		return aCommand
	}
	return aMessage
}

// windowVersion is of the form below. Another one is read as an empty window.
const windowVersion = 1

// marshal writes a window: version, album, warnings, and the events with times
// and ids as differences: about 5 bytes each.
func (w *window) marshal() []byte {
	b := binary.BigEndian.AppendUint32([]byte{windowVersion}, w.album)
	for _, at := range w.warned {
		b = binary.AppendVarint(b, at)
	}
	before := event{}
	for _, e := range w.events {
		b = append(b, byte(e.sort))
		b = binary.AppendVarint(b, e.at-before.at)
		b = binary.AppendVarint(b, e.id-before.id)
		before = e
	}
	return b
}

var errWindow = errors.New("no window")

func readWindow(b []byte) (*window, error) {
	w := &window{}
	if len(b) < 5 || b[0] != windowVersion {
		return w, errWindow
	}
	w.album, b = binary.BigEndian.Uint32(b[1:]), b[5:]
	r := reader{b}
	for i := range w.warned {
		w.warned[i] = r.varint()
	}
	before := event{}
	for len(r.rest) > 0 {
		e := event{sort: sort(r.rest[0])}
		r.rest = r.rest[1:]
		e.at, e.id = before.at+r.varint(), before.id+r.varint()
		w.events = append(w.events, e)
		before = e
	}
	return w, nil
}

// reader reads numbers; after a broken one there is nothing left.
type reader struct{ rest []byte }

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.rest = nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}
