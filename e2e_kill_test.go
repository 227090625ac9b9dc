package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"ukbot/events"
)

// sizes are the loads and numbers of the chaos tests.
type sizes struct {
	perSecond float64 // events: enough that something is always in hand at every stage
	kills     int     // of a test's program
	killSets  int     // sets of roles that are killed side by side
	setLoad   float64 // events a second of one set
}

// chaos is what two cores keep up with: alone, among other tests, and under the
// race detector, which makes all ten times slower and whose command says -short.
// A race shows in the first lives.
func chaos() sizes {
	switch {
	case e2eFull():
		return sizes{perSecond: 200, kills: 20, killSets: 4, setLoad: 75}
	case testing.Short():
		return sizes{perSecond: 40, kills: 4, killSets: 2, setLoad: 20}
	}
	return sizes{perSecond: 100, kills: 20, killSets: 4, setLoad: 40}
}

// Further bounds of the chaos tests.
const (
	chaosWorkers = 16
	// chaosLimit is how long the work that piled up may take; a busy machine is no flaw.
	chaosLimit = 6 * time.Minute
)

// seeded draws the moments of a test; UKBOT_E2E_SEED repeats a run.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("UKBOT_E2E_SEED"); text != "" {
		given, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = given
	}
	t.Logf("to draw the same moments again: UKBOT_E2E_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// moment is a random time under load; the shortest ones fall into the start itself.
func moment(r *rand.Rand) time.Duration { return time.Duration(20+r.IntN(700)) * time.Millisecond }

// TestKilledDevLosesNothingAccepted kills everything at once: ingress, workers,
// the streams inside the process, and with them PostgreSQL.
func TestKilledDevLosesNothingAccepted(t *testing.T) {
	t.Parallel()
	r, dir := seeded(t), openDir(t)
	p := startDev(t, dir)
	s := p.sender(events.DefaultTenant, "stripe")
	stop := s.run(t, "kill", chaosWorkers, chaos().perSecond)
	for range chaos().kills {
		pause(t.Context(), moment(r))
		p.kill()
		p = startDev(t, dir)
		s.at.Store(&p.http)
	}
	stop()
	recordedOnce(t, p.pool(), events.DefaultTenant, s, chaosLimit)
}

// killAfterSent is how many messages one life sends at most. A killed sender's
// lanes rest for some ten seconds until the next one has their turn, and every
// kill is to fall among messages that are being sent.
const killAfterSent = 300

// TestKilledRolesTellNobodyTwiceBeyondWhatWasInFlight counts messages: streams,
// database and Telegram outlive the killed process.
func TestKilledRolesTellNobodyTwiceBeyondWhatWasInFlight(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	size := chaos()
	for set := range size.killSets {
		after := make([]int64, size.kills/size.killSets)
		for i := range after {
			after[i] = 1 + r.Int64N(killAfterSent)
		}
		t.Run(fmt.Sprintf("set %d", set), func(t *testing.T) {
			t.Parallel()
			killAmongMessages(t, after)
		})
	}
}

// killAmongMessages kills each life once it has sent that many messages.
func killAmongMessages(t *testing.T, after []int64) {
	t.Helper()
	e := startEngines(t, "")
	s := e.hook(events.DefaultTenant)
	p := startRole(t, e.settings, "all")
	s.at.Store(&p.http)
	stop := s.run(t, "kill", chaosWorkers, chaos().setLoad)
	for _, messages := range after {
		wait, cancel := context.WithTimeout(t.Context(), chaosLimit)
		err := e.telegram.WaitSent(wait, e.telegram.Sent()+messages)
		cancel()
		if err != nil {
			t.Fatalf("no %d messages were sent within %s", messages, chaosLimit)
		}
		p.kill()
		p = startRole(t, e.settings, "all")
		s.at.Store(&p.http)
	}
	stop()
	recordedOnce(t, e.pool, events.DefaultTenant, s, chaosLimit)
	// A chat has one message in flight at most, so a kill can repeat one per chat.
	e.noticesDue(len(after))
}

// stopLimit is what process managers give before they kill.
const stopLimit = 10 * time.Second

// stops is how long the stops of a test took.
type stops []time.Duration

// one asks a program to stop, which must end well.
func (s *stops) one(t *testing.T, p *program) {
	t.Helper()
	code, took := p.terminate()
	t.Logf("stopped within %s", took.Round(time.Millisecond))
	if code != 0 {
		t.Errorf("SIGTERM ended the process with exit code %d after %s, want 0", code, took)
	}
	*s = append(*s, took)
}

// inTime holds their median against the limit: what else runs on the machine comes
// and goes, a flaw of ours stays.
func (s *stops) inTime(t *testing.T) {
	t.Helper()
	slices.Sort(*s)
	if median := (*s)[(len(*s)-1)/2]; median > stopLimit {
		t.Errorf("SIGTERM ended the process within %s, want %s", *s, stopLimit)
	}
}

func TestStoppedRolesLoseNothingAndTellNobodyTwice(t *testing.T) {
	t.Parallel()
	e := startEngines(t, "")
	s := e.hook(events.DefaultTenant)
	p := startRole(t, e.settings, "all")
	s.at.Store(&p.http)
	stop := s.run(t, "stop", chaosWorkers, chaos().perSecond)
	var stopped stops
	for range 5 {
		pause(t.Context(), 500*time.Millisecond)
		stopped.one(t, p)
		p = startRole(t, e.settings, "all")
		s.at.Store(&p.http)
	}
	stop()
	stopped.inTime(t)
	recordedOnce(t, e.pool, events.DefaultTenant, s, chaosLimit)
	e.noticesDue(0) // a stop is orderly
	answeredTruthfully(t, s)
}

func TestStoppedDevLosesNothing(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	p := startDev(t, dir)
	s := p.sender(events.DefaultTenant, "stripe")
	stop := s.run(t, "stop", chaosWorkers, chaos().perSecond)
	var stopped stops
	for range 2 {
		pause(t.Context(), 700*time.Millisecond)
		stopped.one(t, p)
		if _, err := os.Stat(devFilePath(dir)); err == nil {
			t.Errorf("dev.json is left after a stop: commands beside would talk to nobody")
		}
		p = startDev(t, dir)
		s.at.Store(&p.http)
	}
	stop()
	stopped.inTime(t)
	recordedOnce(t, p.pool(), events.DefaultTenant, s, chaosLimit)
	answeredTruthfully(t, s)
}

// answeredTruthfully: a stop may hang up or say 503, nothing else but success.
func answeredTruthfully(t *testing.T, s *sender) {
	t.Helper()
	for status, n := range s.statuses() {
		switch status {
		case 0, http.StatusAccepted, http.StatusOK, http.StatusServiceUnavailable:
		default:
			t.Errorf("%d requests were answered %d around a stop", n, status)
		}
	}
}
