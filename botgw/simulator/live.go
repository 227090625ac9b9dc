package simulator

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// This file tells the page what changes, as server-sent events:
//
//	event: scene   people and faults
//	event: phone   a screen: what changed on one phone

const (
	phonesMax = 8                     // one page looks at
	heartbeat = 10 * time.Second      // between signs of life: a page that has gone is noticed then
	gather    = 15 * time.Millisecond // changes of one moment go out together
	writeWait = 30 * time.Second      // for a page that does not read
)

// phoneKey names a phone to the page.
func phoneKey(b *bot, person int64) string { return fmt.Sprintf("%s:%d", b.username, person) }

func (p *person) name() string { return strings.TrimSpace(p.FirstName + " " + p.LastName) }

func compareFaces(x, y face) int {
	return cmp.Or(cmp.Compare(len(x.Key), len(y.Key)), cmp.Compare(x.Key, y.Key))
}

// onPhone finds a phone by its key, and its bot's token. The caller holds s.mu.
func (s *Server) onPhone(key string) (ph phone, token string, err error) {
	name, person, _ := strings.Cut(key, ":")
	id, err := strconv.ParseInt(person, 10, 64)
	if err != nil {
		return phone{}, "", errNoPerson
	}
	for token, b := range s.bots {
		if b.username == name {
			ph, err := s.phone(token, id)
			return ph, token, err
		}
	}
	return phone{}, "", errNoBot
}

// viewer is one page that looks on.
type viewer struct {
	keys    []string
	seen    map[string]int64 // revision told, by key
	world   int64
	answers int64 // Server.seq when it began
}

// event is one message to the page.
type event struct {
	name string
	data any
}

// look is what a viewer has not been told yet. The caller holds s.mu.
func (s *Server) look(v *viewer) []event {
	var out []event
	if v.world < s.worldRev {
		out = append(out, event{"scene", s.scene()})
		v.world = s.worldRev
	}
	for _, key := range v.keys {
		ph, _, err := s.onPhone(key)
		since, told := v.seen[key]
		if err != nil || told && ph.d.rev <= since {
			continue
		}
		out = append(out, event{"phone", s.screen(key, ph, since, v.answers)})
		v.seen[key] = s.rev
	}
	if len(out) > 0 {
		v.answers = s.seq
	}
	return out
}

// live tells a page all changes until write fails, or one of these ends.
func (s *Server) live(keys []string, gone <-chan struct{}, write func(text string) error) {
	v := &viewer{keys: keys[:min(len(keys), phonesMax)], seen: map[string]int64{}, world: -1}
	s.mu.Lock()
	v.answers = s.seq
	s.watchers++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.watchers--
		s.mu.Unlock()
	}()
	if write("retry: 300\n\n") != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		s.mu.Lock()
		news, changed := s.look(v), s.changed
		s.mu.Unlock()
		for _, e := range news {
			if write(e.String()) != nil {
				return
			}
		}
		select {
		case <-changed:
			if !wait(gather, gone) {
				return
			}
		case <-beat.C:
			if write(": alive\n\n") != nil {
				return
			}
		case <-gone:
			return
		case <-s.closed:
			return
		}
	}
}

// wait reports whether the time passed before the end came.
func wait(d time.Duration, end <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-end:
		return false
	}
}

// String is the event as it goes over the wire: JSON has no line breaks of its own.
func (e event) String() string {
	data, _ := json.Marshal(e.data) // our own types always marshal
	return "event: " + e.name + "\ndata: " + string(data) + "\n\n"
}

// serveLive serves live. Under Fiber's adaptor, which would keep an answer until
// its end, it hands the connection over to a writer of its own.
func (s *Server) serveLive(w http.ResponseWriter, r *http.Request) {
	for name, value := range liveHeaders {
		w.Header().Set(name, value)
	}
	var keys []string
	for _, key := range r.URL.Query()["phone"] {
		keys = append(keys, strings.Clone(key)) // under Fiber it lies in a buffer that is used again
	}
	if c, ok := r.Context().(*fasthttp.RequestCtx); ok {
		// What follows outlives the handler: nothing of c or r may be used in it.
		gone, conn := c.Done(), c.Conn()
		c.SetBodyStreamWriter(func(w *bufio.Writer) {
			s.live(keys, gone, func(text string) error { return flush(w, conn, text) })
		})
		return
	}
	out := http.NewResponseController(w)
	s.live(keys, r.Context().Done(), func(text string) error {
		_ = out.SetWriteDeadline(time.Now().Add(writeWait)) // not every server has one
		if _, err := w.Write([]byte(text)); err != nil {
			return err
		}
		return out.Flush()
	})
}

var liveHeaders = map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}

func flush(w *bufio.Writer, conn net.Conn, text string) error {
	// The server's deadline is for a whole answer; this one never ends.
	if err := conn.SetWriteDeadline(time.Now().Add(writeWait)); err != nil {
		return err
	}
	if _, err := w.WriteString(text); err != nil {
		return err
	}
	return w.Flush()
}
