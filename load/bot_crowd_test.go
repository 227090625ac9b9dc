package load_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

// crowd is people who use the bot.
type crowd struct {
	t      *testing.T
	people []*walker
}

// newCrowd makes residents of the loaded company.
func newCrowd(b *bot, people int) *crowd {
	c := &crowd{t: b.t}
	for i, who := range b.residents(people) {
		w := &walker{crowd: c, telegram: b.telegram, person: who, rng: rand.New(rand.NewPCG(uint64(i), 7))}
		c.people = append(c.people, w)
		b.telegram.chats.Store(who.id, w)
	}
	return c
}

// startAtOnce is how many people press Start at a time.
const startAtOnce = 16

// start has everybody press Start, which logs them in.
func (c *crowd) start() {
	c.t.Helper()
	var wg sync.WaitGroup
	turns := make(chan struct{}, startAtOnce)
	for _, w := range c.people {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			w.begin(time.Now())
			w.telegram.says(w.person, "/start")
			for deadline := time.Now().Add(time.Minute); !w.free(); <-time.After(2 * time.Millisecond) {
				if time.Now().After(deadline) {
					c.t.Errorf("chat %d: no answer to /start", w.person.id)
					return
				}
			}
		})
	}
	wg.Wait()
	if c.t.Failed() {
		c.t.FailNow()
	}
}

// walked is what a crowd did in the measured time.
type walked struct {
	sent    int             // things done
	waited  int             // times that somebody was due and had no answer yet
	lost    int             // things that were never answered
	answers []time.Duration // from the moment something was due
}

// botPatience is how long somebody waits for an answer.
const botPatience = 20 * time.Second

// walk has everybody walk: through a warm-up, and then measured.
func (c *crowd) walk(began time.Time, size botSize) walked {
	every := time.Duration(len(c.people)) * time.Second / time.Duration(size.rate)
	from := began.Add(size.warm)
	until := from.Add(size.seconds)
	var wg sync.WaitGroup
	for i, w := range c.people {
		w.from = from
		first := began.Add(every * time.Duration(i) / time.Duration(len(c.people)))
		wg.Go(func() { w.walk(first, every, until) })
	}
	wg.Wait()
	var result walked
	for _, w := range c.people {
		result.sent += w.sent
		result.waited += w.waited
		if !w.free() {
			result.lost++
		}
		result.answers = append(result.answers, w.answers...)
	}
	return result
}

// walker is one of them.
type walker struct {
	*crowd
	telegram *telegram
	person   person
	rng      *rand.Rand
	from     time.Time // when the measured time begins

	mu      sync.Mutex
	pending bool // nothing was shown since something was done
	due     time.Time
	sees    screen // the newest
	sent    int
	waited  int
	answers []time.Duration
}

func (w *walker) begin(due time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending, w.due = true, due
}

func (w *walker) free() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.pending
}

// shown is told of a message.
func (w *walker) shown(s screen) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pending && !w.due.Before(w.from) && !w.from.IsZero() {
		w.answers = append(w.answers, time.Since(w.due))
	}
	w.pending, w.sees = false, s
}

// walk does something each time it is due and the last thing was answered.
func (w *walker) walk(due time.Time, every time.Duration, until time.Time) {
	for ; due.Before(until); due = due.Add(every) {
		<-time.After(time.Until(due))
		if do, ready := w.next(due); ready {
			do()
		}
	}
	for deadline := time.Now().Add(botPatience); !w.free() && time.Now().Before(deadline); {
		<-time.After(5 * time.Millisecond)
	}
}

// sendShare is one of how many who send their request.
const sendShare = 10

// next is what to do now; false while the last thing is not answered.
func (w *walker) next(due time.Time) (do func(), ready bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	counts := !due.Before(w.from)
	if w.pending {
		if counts {
			w.waited++
		}
		return nil, false
	}
	if counts {
		w.sent++
	}
	w.pending, w.due = true, due
	on := w.sees
	data, words := w.choose()
	if data == "" {
		return func() { w.telegram.says(w.person, words) }, true
	}
	return func() { w.telegram.taps(w.person, on, data) }, true
}

// choose is the button to tap, or else what to write.
func (w *walker) choose() (data, words string) {
	var picks []string
	cancel := ""
	for _, b := range w.sees.buttons() {
		switch do, _, _ := strings.Cut(b, ":"); do {
		case "fp":
			picks = append(picks, b)
		case "fx":
			cancel = b
		}
	}
	w.sees = screen{}
	switch {
	case len(picks) == 0 && cancel == "":
		return "", "/new"
	case len(picks) == 0:
		return "", fmt.Sprintf("Течёт кран на кухне, вода на полу, капает к соседям №%d", w.rng.IntN(1000))
	case strings.Contains(picks[0], ":photos:"):
		return picks[len(picks)-1], ""
	case strings.Contains(picks[0], ":confirm:") && w.rng.IntN(sendShare) != 0:
		return cancel, ""
	case strings.Contains(picks[0], ":confirm:"):
		return picks[0], ""
	}
	return picks[w.rng.IntN(len(picks))], ""
}
