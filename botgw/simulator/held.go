package simulator

import (
	"slices"
	"time"
)

// heldUpdate is an update that a fault keeps back.
type heldUpdate struct {
	tell  func()
	delay bool // it waits for its time, not for the next update
	timer *time.Timer
}

// hold keeps an update back. The caller holds s.mu.
func (s *Server) hold(b *bot, f fault, tell func()) {
	h := &heldUpdate{tell: tell, delay: f.Kind == FaultDelay}
	h.timer = time.AfterFunc(time.Duration(max(f.RetryAfter, 1))*time.Second, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := slices.Index(b.held, h); i >= 0 {
			b.held = slices.Delete(b.held, i, i+1)
			h.tell()
		}
	})
	b.held = append(b.held, h)
}

// release lets go what waited for the next update; all of it when there are no
// faults any more. The caller holds s.mu.
func (s *Server) release(b *bot) {
	var still []*heldUpdate
	for _, h := range b.held {
		if h.delay && s.faults != nil {
			still = append(still, h)
			continue
		}
		h.timer.Stop()
		h.tell()
	}
	b.held = still
}

// drop forgets what is held, at the end. The caller holds s.mu.
func (in *inbox) drop() {
	for _, h := range in.held {
		h.timer.Stop()
	}
	in.held = nil
}
