package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ukbot/botgw/simulator"
	"ukbot/events"
	"ukbot/housing/seed"
)

// Sizes of the walks: the promise is 300 people and 50 kills.
func walkSize() (people, kills int) {
	if e2eFull() {
		return 300, 50
	}
	return 40, 3
}

// crowd makes a company of residents with flats, and returns those who have
// Telegram.
func (e *engines) crowd(people int) []*walker {
	e.t.Helper()
	if _, err := e.pool.Exec(e.t.Context(), `INSERT INTO companies (tenant_id, name) VALUES ($1, 'e2e') ON CONFLICT DO NOTHING`, events.DefaultTenant); err != nil {
		e.t.Fatal(err)
	}
	if err := seed.Load(e.t.Context(), e.pool, events.DefaultTenant, 20, people*2+60, nil); err != nil {
		e.t.Fatal(err)
	}
	rows, err := e.pool.Query(e.t.Context(), `SELECT telegram_id, name, language FROM users
		WHERE tenant_id = $1 AND active_role = 'applicant' AND telegram_id IS NOT NULL ORDER BY telegram_id LIMIT $2`, events.DefaultTenant, people)
	if err != nil {
		e.t.Fatal(err)
	}
	defer rows.Close()
	var crowd []*walker
	for rows.Next() {
		w := &walker{sim: e.telegram, confirmed: map[string]bool{}}
		var name, language string
		if err := rows.Scan(&w.chat, &name, &language); err != nil {
			e.t.Fatal(err)
		}
		e.telegram.AddUser(simulator.User{ID: w.chat, FirstName: name, LanguageCode: language})
		crowd = append(crowd, w)
	}
	if err := errors.Join(rows.Err()); err != nil || len(crowd) < people {
		e.t.Fatalf("%d residents with Telegram, want %d; %v", len(crowd), people, err)
	}
	return crowd
}

// walker is somebody who files requests in the bot, one after the other, with
// the patience of people: what is not answered is tapped again.
type walker struct {
	sim       *simulator.Server
	chat      int64
	confirmed map[string]bool // forms whose confirmation was tapped
	filed     []string        // numbers that were shown, in their order
	steps     int
}

// patience is how long a walker waits before tapping again.
const patience = 5 * time.Second

var numberShown = regexp.MustCompile(`\d{6}-\d{3,}`)

// walk files requests until stop; the one begun is finished.
func (w *walker) walk(ctx context.Context, stop <-chan struct{}) error {
	for _, greeted := w.last(); !greeted; _, greeted = w.last() {
		if err := w.answered(ctx, func() error { return w.sim.Start(simulatorToken, w.chat) }); err != nil {
			return fmt.Errorf("chat %d: no answer to /start: %w", w.chat, err)
		}
	}
	for {
		if err := w.file(ctx); err != nil {
			return fmt.Errorf("chat %d after %d requests: %w", w.chat, len(w.filed), err)
		}
		select {
		case <-stop:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
	}
}

// file walks through one request, from /new to its number.
func (w *walker) file(ctx context.Context) error {
	if err := w.say(ctx, "/new"); err != nil {
		return err
	}
	for before := len(w.filed); len(w.filed) == before; {
		last, found := w.last()
		if !found {
			return errors.New("the chat is empty")
		}
		if number := numberShown.FindString(last.Text); number != "" && !slices.Contains(w.filed, number) && len(w.confirmed) > before {
			w.filed = append(w.filed, number)
			return nil
		}
		if err := w.step(ctx, last); err != nil {
			return err
		}
	}
	return nil
}

// step does what the bot's newest message asks for.
func (w *walker) step(ctx context.Context, last simulator.Message) error {
	w.steps++
	button, asked := choice(last)
	switch {
	case button.Data != "":
		if nonce := confirming.FindStringSubmatch(button.Data); nonce != nil {
			w.confirmed[nonce[1]] = true
		}
		return w.answered(ctx, func() error {
			// A tap below what has changed meanwhile is no tap.
			_, _ = w.sim.Tap(simulatorToken, w.chat, last.ID, button.Data)
			return nil
		})
	case asked:
		return w.say(ctx, fmt.Sprintf("Течёт кран <3 & «кухня» 😀 №%d", w.steps))
	}
	return w.say(ctx, "/new") // a notice, or the answer to something else
}

// confirming is the button that sends a form off.
var confirming = regexp.MustCompile(`^fp:([^:]+):confirm:`)

// choice is the button of a form that a willing person would tap: the form they
// were at, the first choice, no photo, confirm. asked says that words are wanted.
func choice(last simulator.Message) (button simulator.Button, asked bool) {
	var picks []simulator.Button
	for _, b := range slices.Concat(last.Buttons...) {
		form, _, _ := strings.Cut(b.Data, ":")
		switch form {
		case "fg":
			return b, false
		case "fp":
			picks = append(picks, b)
		case "fx":
			asked = true
		}
	}
	switch {
	case len(picks) == 0:
		return simulator.Button{}, asked
	case strings.Contains(picks[0].Data, ":photos:"):
		return picks[len(picks)-1], false
	}
	return picks[0], false
}

func (w *walker) say(ctx context.Context, text string) error {
	return w.answered(ctx, func() error {
		_, err := w.sim.SendText(simulatorToken, w.chat, text)
		return err
	})
}

// last is the bot's newest message.
func (w *walker) last() (simulator.Message, bool) { return lastOf(w.sim.Messages(w.chat)) }

func lastOf(all []simulator.Message) (last simulator.Message, found bool) {
	for _, m := range all {
		if m.FromBot && m.ID > last.ID {
			last, found = m, true
		}
	}
	return last, found
}

// answered does something and waits until the bot shows something else, or for as
// long as people do before they look again.
func (w *walker) answered(ctx context.Context, act func() error) error {
	was, _ := w.last()
	if err := act(); err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, _ = w.sim.Wait(wait, w.chat, func(all []simulator.Message) bool {
		now, found := lastOf(all)
		return found && (now.ID != was.ID || now.Text != was.Text || len(now.Edits) != len(was.Edits))
	})
	return ctx.Err()
}

// walkAll has everybody walk while disturb does its worst, and returns the
// requests that were confirmed.
func walkAll(t *testing.T, crowd []*walker, disturb func()) (confirmed int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), walksLimit())
	defer cancel()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	failures := make([]error, len(crowd))
	for i, w := range crowd {
		wg.Go(func() { failures[i] = w.walk(ctx, stop) })
	}
	disturb()
	close(stop)
	wg.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
	for _, w := range crowd {
		confirmed += len(w.confirmed)
	}
	return confirmed
}

// TestKilledBotLosesNoFormAndFilesNoneTwice: however often the bot is killed,
// every form can be finished, and each confirmation is one request.
func TestKilledBotLosesNoFormAndFilesNoneTwice(t *testing.T) {
	t.Parallel()
	killBots(t, 1)
}

// TestTwoBotsKeepEachChatInOrder is the same with two replicas that are killed in
// turn; then everybody asks for all their requests at once, while one of the two
// is killed again, and must get the cards in that order.
func TestTwoBotsKeepEachChatInOrder(t *testing.T) {
	t.Parallel()
	crowd, kill := killBots(t, 2)
	ctx, cancel := context.WithTimeout(t.Context(), walksLimit())
	defer cancel()
	var wg sync.WaitGroup
	failures := make([]error, len(crowd))
	for i, w := range crowd {
		wg.Go(func() { failures[i] = w.asksInOrder(ctx) })
	}
	kill()
	wg.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Error(err)
	}
}

// asksInOrder asks for the cards of all requests, one after the other without
// waiting, and expects the last of each card in that order: a killed bot may have
// shown some before.
func (w *walker) asksInOrder(ctx context.Context) error {
	newest, _ := w.last()
	for _, number := range w.filed {
		if _, err := w.sim.SendText(simulatorToken, w.chat, "/requests "+number); err != nil {
			return err
		}
	}
	var shown []string
	_, err := w.sim.Wait(ctx, w.chat, func(all []simulator.Message) bool {
		shown = nil
		for _, m := range all {
			number := numberShown.FindString(m.Text)
			if !m.FromBot || m.ID <= newest.ID || number == "" {
				continue
			}
			shown = append(slices.DeleteFunc(shown, func(had string) bool { return had == number }), number)
		}
		return len(shown) == len(w.filed)
	})
	if err != nil || !slices.Equal(shown, w.filed) {
		return fmt.Errorf("chat %d was shown %v, want %v: %w", w.chat, shown, w.filed, err)
	}
	return nil
}

// killBots has people walk while the replicas are killed in turn, and counts
// requests. The rest of the program lives on, as do streams and database.
func killBots(t *testing.T, replicas int) (crowd []*walker, kill func()) {
	t.Helper()
	people, kills := walkSize()
	r, e := seeded(t), startEngines(t, "")
	crowd = e.crowd(people)
	before := count(t, e.pool, "SELECT count(*) FROM requests")
	company := startRole(t, e.settings, "housing")
	settings := append(slices.Clone(e.settings), "UKBOT_BOT_LIMITS=all=0/0/0/0", "UKBOT_HOUSING_URL=http://"+company.http)
	startRole(t, settings, "workers")
	bots := make([]*program, replicas)
	for i := range bots {
		bots[i] = startRole(t, settings, "botgw")
	}
	next := 0
	kill = func() {
		pause(t.Context(), 10*moment(r))
		bots[next].kill()
		bots[next] = startRole(t, settings, "botgw")
		next = (next + 1) % replicas
	}
	confirmed := walkAll(t, crowd, func() {
		for range kills {
			kill()
		}
	})
	filed := count(t, e.pool, "SELECT count(*) FROM requests") - before
	t.Logf("%d people, %d replicas, %d kills: %d confirmed, %d requests", people, replicas, kills, confirmed, filed)
	if filed != confirmed || filed < len(crowd) {
		t.Errorf("%d confirmations made %d requests of %d people", confirmed, filed, len(crowd))
	}
	return crowd, kill
}

// walksLimit bounds a test's walks: after a kill the lanes and the poll rest for
// some fifteen seconds, until what the killed one held is over.
func walksLimit() time.Duration {
	if e2eFull() {
		return 40 * time.Minute
	}
	return 8 * time.Minute
}
