package simulator

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// callsKept bounds the calls remembered of one chat.
const callsKept = 100

// Call is one call of a bot about a chat.
type Call struct {
	Seq    int64     `json:"seq"`
	At     time.Time `json:"at"`
	Method string    `json:"method"`
	Params string    `json:"params"`          // short
	Error  string    `json:"error,omitempty"` // Telegram's words; empty: done
	Fault  FaultKind `json:"fault,omitempty"` // that met it
	Millis float64   `json:"ms"`              // inside this server
}

// call is one as it is remembered: its parameters are made short for who asks.
type call struct {
	Call
	chat   int64
	values map[string]string
	files  []string
}

// begin notes a call and whom it is about.
func (s *Server) begin(b *bot, method string, a args) *call {
	c := &call{values: a.values, chat: a.int64("chat_id")}
	c.At, c.Method = time.Now(), method
	for name := range a.files {
		c.files = append(c.files, name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queries[a.str("callback_query_id")]; q != nil && q.bot == b {
		c.chat = q.chat
	}
	if f, ok := s.files[a.str("file_id")]; ok && f.bot == b.id {
		c.chat = f.chat
	}
	return c
}

// end files a call under its chat, if there is one.
func (s *Server) end(b *bot, c *call, err error) {
	c.Millis = float64(time.Since(c.At).Microseconds()) / 1000
	if err != nil {
		c.Error = err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.dialogs[dialogKey{b.id, c.chat}]
	if d == nil {
		return
	}
	s.rev++
	c.Seq, d.rev = s.rev, s.rev
	if len(d.calls) >= 2*callsKept {
		d.calls = slices.Clone(d.calls[callsKept:])
	}
	d.calls = append(d.calls, c)
	if s.watchers > 0 {
		s.announce() // else nobody looks at calls, and waking costs
	}
}

// Calls lists the last calls about a person's chat, oldest first.
func (s *Server) Calls(botToken string, userID int64) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	if err != nil {
		return nil
	}
	return ph.d.callsAfter(0)
}

// callsAfter is the calls since one, with their parameters.
func (d *dialog) callsAfter(seq int64) []Call {
	list := []Call{}
	for _, c := range d.calls[max(0, len(d.calls)-callsKept):] {
		if c.Seq > seq {
			shown := c.Call
			shown.Params = c.short()
			list = append(list, shown)
		}
	}
	return list
}

// Bounds of what is shown of parameters, in bytes.
const (
	paramMax  = 80
	paramsMax = 400
)

// short is the parameters in one line, without the chat, which is known.
func (c *call) short() string {
	var out []string
	for name, v := range c.values {
		if name == "chat_id" || v == "" {
			continue
		}
		if json.Valid([]byte(v)) || !strings.ContainsAny(v, " \n") {
			out = append(out, name+"="+cut(v, paramMax))
			continue
		}
		quoted, _ := json.Marshal(cut(v, paramMax)) // a string always marshals
		out = append(out, name+"="+string(quoted))
	}
	for _, name := range c.files {
		out = append(out, name+"=<file>")
	}
	slices.Sort(out)
	return cut(strings.Join(out, " "), paramsMax)
}

// cut shortens a text to n bytes, at a character.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + "…"
}
