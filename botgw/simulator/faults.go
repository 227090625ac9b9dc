package simulator

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// FaultKind is what goes wrong.
type FaultKind string

const (
	FaultFlood     FaultKind = "429"    // Too Many Requests with RetryAfter
	FaultForbidden FaultKind = "403"    // Description, by default "Forbidden: bot was blocked by the user"
	FaultRefuse    FaultKind = "refuse" // Status (400–499) with Description, for refusals this server has no cause for
	FaultServer    FaultKind = "5xx"    // Status (default 502) with a page of HTML, as nginx sends
	FaultHang      FaultKind = "hang"   // no answer until the client leaves or the fault is cleared; then the call is done
	FaultDrop      FaultKind = "drop"   // the call is done, then the connection is cut: the client cannot know

	FaultDuplicate FaultKind = "duplicate" // the update is delivered once more after it was taken
	FaultReorder   FaultKind = "reorder"   // the update comes after the bot's next one, or after RetryAfter seconds (default 1)
	FaultDelay     FaultKind = "delay"     // the update comes RetryAfter seconds later (default 1)
)

// faultKinds is every kind there is, and whether it spoils updates, not calls.
var faultKinds = map[FaultKind]bool{
	FaultFlood: false, FaultForbidden: false, FaultRefuse: false, FaultServer: false, FaultHang: false, FaultDrop: false,
	FaultDuplicate: true, FaultReorder: true, FaultDelay: true,
}

// Fault spoils the calls, or the updates, it matches.
type Fault struct {
	Kind        FaultKind `json:"kind"`
	Bot         string    `json:"bot,omitempty"`         // token or user name; empty: any
	Chat        int64     `json:"chat,omitempty"`        // chat_id of the call, chat of the update; 0: any
	Method      string    `json:"method,omitempty"`      // in any case, "file" for downloads, or an update's kind: "message"; empty: any
	Count       int       `json:"count,omitempty"`       // how many to spoil; 0: until cleared
	RetryAfter  int       `json:"retry_after,omitempty"` // seconds, for 429, reorder and delay; default 1
	Status      int       `json:"status,omitempty"`      // for 5xx and refuse
	Description string    `json:"description,omitempty"` // for 403 and refuse, as it is to be sent
}

// fault is one that is set.
type fault struct {
	Fault
	cleared chan struct{}
}

// SetFault adds a fault. Of several that match a call the one set first acts.
func (s *Server) SetFault(f Fault) error {
	if _, known := faultKinds[f.Kind]; !known {
		return fmt.Errorf("unknown fault kind %q: want one of %v", f.Kind, slices.Sorted(maps.Keys(faultKinds)))
	}
	switch {
	case f.Kind == FaultRefuse && (f.Status < 400 || f.Status > 499 || f.Description == ""):
		return fmt.Errorf("fault %s with status %d and description %q: want 400–499 and a text", f.Kind, f.Status, f.Description)
	case f.Kind == FaultServer && f.Status != 0 && (f.Status < 500 || f.Status > 599):
		return fmt.Errorf("fault %s with status %d: want 500–599", f.Kind, f.Status)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &fault{Fault: f, cleared: make(chan struct{})})
	s.touchWorld()
	return nil
}

// ClearFaults removes all faults; hanging calls go on.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		close(f.cleared)
	}
	s.faults = nil
	for _, b := range s.bots {
		s.release(b)
	}
	s.touchWorld()
}

// Faults lists those that are set, with what is left of their counts.
func (s *Server) Faults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faultsSet()
}

func (s *Server) faultsSet() []Fault {
	set := []Fault{}
	for _, f := range s.faults {
		if f.Count >= 0 {
			set = append(set, f.Fault)
		}
	}
	return set
}

// takeFault is the fault a call meets, nil for none, and counts it.
func (s *Server) takeFault(b *bot, method string, chat int64) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.strike(false, b, method, chat)
}

// updateFault is the fault an update meets. The caller holds s.mu.
func (s *Server) updateFault(b *bot, kind string, chat int64) *fault {
	return s.strike(true, b, kind, chat)
}

func (s *Server) strike(updates bool, b *bot, what string, chat int64) *fault {
	for i, f := range s.faults {
		if faultKinds[f.Kind] != updates ||
			f.Bot != "" && f.Bot != b.username && s.bots[f.Bot] != b ||
			f.Chat != 0 && f.Chat != chat ||
			f.Method != "" && !strings.EqualFold(f.Method, what) ||
			f.Count < 0 {
			continue
		}
		switch {
		case f.Count > 1:
			f.Count--
		case f.Count == 1 && f.Kind == FaultHang:
			f.Count = -1 // used up, but ClearFaults must still find it
		case f.Count == 1:
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		if f.Count != 0 {
			s.touchWorld()
		}
		return f
	}
	return nil
}

// suffer lets a fault act and reports whether the call is to be done after all.
func (s *Server) suffer(f *fault, w http.ResponseWriter, r *http.Request) bool {
	switch f.Kind {
	case FaultFlood:
		answer(w, nil, tooMany(max(f.RetryAfter, 1)))
	case FaultForbidden:
		refused := *errBlocked
		if f.Description != "" {
			refused.text = f.Description
		}
		answer(w, nil, &refused)
	case FaultRefuse:
		answer(w, nil, &refusal{code: f.Status, text: f.Description})
	case FaultServer:
		page(w, f.Status)
	case FaultHang:
		select {
		case <-f.cleared:
			return true
		case <-r.Context().Done():
		case <-s.closed:
			panic(http.ErrAbortHandler) // cut the connection, as a hung server that dies
		}
	case FaultDrop:
		return true
	}
	return false
}

// page answers as the nginx in front of Telegram does when what is behind it fails.
func page(w http.ResponseWriter, status int) {
	if status == 0 {
		status = http.StatusBadGateway
	}
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	_, _ = fmt.Fprintf(w, "<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n", title, title) //nolint:gosec // a number and its name
}
