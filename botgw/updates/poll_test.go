package updates

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"ukbot/botgw/simulator"
	"ukbot/botgw/telegram"
	"ukbot/nats"
	"ukbot/nats/natstest"
)

func TestPollingBringsWhatPeopleDoInOrderAndOnce(t *testing.T) {
	d := newDesk(t)
	if err := d.sim.Start(token, azizaID); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []simulator.FaultKind{simulator.FaultDuplicate, simulator.FaultServer} {
		if err := d.sim.SetFault(simulator.Fault{Kind: kind, Count: 2}); err != nil {
			t.Fatal(err)
		}
	}
	run(t, d.intake("").Run)
	b := d.lanes(nil, nil)
	d.say(azizaID, "one", "two", "three")
	d.waitTexts(b, azizaID, "/start", "one", "two", "three")
	if n := d.stored(nats.StreamUpdates); n != 4 {
		t.Errorf("%d updates are stored, want 4", n)
	}
}

// TestAPollKilledBeforeItsOffsetStoresNothingTwice stores a batch and confirms
// nothing, as a process does that is killed in between.
func TestAPollKilledBeforeItsOffsetStoresNothingTwice(t *testing.T) {
	d := newDesk(t)
	if err := d.sim.Start(token, azizaID); err != nil {
		t.Fatal(err)
	}
	d.say(azizaID, "one", "two")
	bot, _ := d.registry.ByID(100)
	killed := d.intake("")
	raws, err := bot.Client.GetUpdates(t.Context(), 0, 0, Allowed())
	if err != nil || len(raws) != 3 {
		t.Fatalf("%d updates, %v", len(raws), err)
	}
	if err := killed.storeAll(t.Context(), bot, raws); err != nil {
		t.Fatal(err)
	}
	run(t, d.intake("").Run)
	b := d.lanes(nil, nil)
	d.say(azizaID, "three")
	d.waitTexts(b, azizaID, "/start", "one", "two", "three")
	if n := d.stored(nats.StreamUpdates); n != 4 {
		t.Errorf("%d updates are stored, want 4", n)
	}
	if n := count(d.metrics.taken.WithLabelValues(wayPoll, "message", "repeated")); n != 3 {
		t.Errorf("%v updates are counted as repeated, want 3", n)
	}
}

func TestAPollWaitsForTheStreamAndLosesNothing(t *testing.T) {
	d := newDesk(t)
	if err := d.sim.Start(token, azizaID); err != nil {
		t.Fatal(err)
	}
	run(t, d.intake("").Run)
	natstest.Wait(t, "the first update", func() bool { return d.stored(nats.StreamUpdates) == 1 })
	d.Stop()
	d.say(azizaID, "one", "two")
	natstest.Wait(t, "the poll to notice", func() bool { return count(d.metrics.refused.WithLabelValues(wayPoll, refusedStream)) > 0 })
	d.say(azizaID, "three")
	d.Start()
	b := d.lanes(nil, nil)
	d.waitTexts(b, azizaID, "/start", "one", "two", "three")
}

func TestOfTwoPollersOneIsActiveAndTheOtherFollows(t *testing.T) {
	d := newDesk(t)
	if err := d.sim.Start(token, azizaID); err != nil {
		t.Fatal(err)
	}
	b := d.lanes(nil, nil)
	stop := run(t, d.intake("").Run)
	d.waitTexts(b, azizaID, "/start")
	run(t, d.intake("").Run)
	d.say(azizaID, "one")
	d.waitTexts(b, azizaID, "/start", "one")
	stop()
	d.say(azizaID, "two")
	d.waitTexts(b, azizaID, "/start", "one", "two")
	if n := count(d.metrics.failed.WithLabelValues("conflict")); n != 0 {
		t.Errorf("%v conflicts between them", n)
	}
}

// script is a Bot API that answers polls with what a test has written down.
type script struct {
	mu      sync.Mutex
	answers []string
	offsets []string
	status  int // of every answer, when not 0
	calls   int
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	switch {
	case s.status != 0:
		w.WriteHeader(s.status)
		_, _ = fmt.Fprintf(w, `{"ok":false,"error_code":%d,"description":"no"}`, s.status)
	case r.URL.Path != "/bot"+token+"/getUpdates":
		_, _ = w.Write([]byte(`{"ok":true,"result":true}`))
	default:
		answer := ""
		if len(s.answers) > 0 {
			answer, s.answers = s.answers[0], s.answers[1:]
			s.offsets = append(s.offsets, r.FormValue("offset"))
		}
		_, _ = fmt.Fprintf(w, `{"ok":true,"result":[%s]}`, answer)
	}
}

func (s *script) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.offsets)
}

func TestIdsMayBeginAnewAfterAQuietWeek(t *testing.T) {
	s := &script{answers: []string{
		text(900, azizaID, "one") + "," + text(901, azizaID, "two"), text(902, azizaID, "three"), "", text(5, azizaID, "four"), "",
	}}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	d := newDeskAt(t, nil, web.URL)
	run(t, d.intake("").Run)
	b := d.lanes(nil, nil)
	d.waitTexts(b, azizaID, "one", "two", "three", "four")
	natstest.Wait(t, "the last poll", func() bool { return len(s.asked()) == 5 })
	if got, want := s.asked(), []string{"", "902", "903", "", "6"}; !slices.Equal(got, want) {
		t.Errorf("offsets %q, want %q", got, want)
	}
}

func TestATokenThatIsNotAcceptedIsToldAndAskedRarely(t *testing.T) {
	s := &script{status: http.StatusUnauthorized}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	d := newDeskAt(t, nil, web.URL)
	run(t, d.intake("").Run)
	natstest.Wait(t, "the alert", func() bool { return count(d.metrics.tokenRefused.WithLabelValues("default")) == 1 })
	if s.mu.Lock(); s.calls != 1 {
		t.Errorf("asked %d times", s.calls)
	}
	s.mu.Unlock()
}

func TestPausesAfterAFailure(t *testing.T) {
	refused := func(code, retryAfter int) error {
		return &tgbotapi.Error{Code: code, ResponseParameters: tgbotapi.ResponseParameters{RetryAfter: retryAfter}}
	}
	for name, tc := range map[string]struct {
		err  error
		n    int
		want time.Duration
	}{
		"too many requests wait as told":     {refused(429, 17), 3, 17 * time.Second},
		"an outage, first":                   {refused(502, 0), 0, time.Second},
		"an outage, later":                   {refused(502, 0), 3, 8 * time.Second},
		"an outage that says how long":       {refused(503, 30), 0, 30 * time.Second},
		"no outage waits over a minute":      {errors.New("connection refused"), 60, time.Minute},
		"another poller":                     {refused(409, 0), 0, 5 * time.Second},
		"another poller that stays":          {refused(409, 0), 9, time.Minute},
		"a token that is not accepted":       {refused(401, 0), 0, time.Minute},
		"what only a bug can be is no storm": {refused(400, 0), 0, time.Second},
	} {
		if got := backoff(telegram.Classify(tc.err), tc.n); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

func TestABatchWithoutIdsIsNotConfirmed(t *testing.T) {
	for name, tc := range map[string]struct {
		batch []string
		want  int64
	}{
		"the last id":                   {[]string{text(4, 7, "x"), text(5, 7, "x")}, 6},
		"the last that can be read":     {[]string{text(4, 7, "x"), `{"update_id":"?"}`}, 5},
		"none":                          {[]string{`{}`}, 0},
		"ids that begin anew within it": {[]string{text(900, 7, "x"), text(5, 7, "x")}, 6},
	} {
		var raws [][]byte
		for _, raw := range tc.batch {
			raws = append(raws, []byte(raw))
		}
		if got := following(messages(raws)); got != tc.want {
			t.Errorf("%s: offset %d, want %d", name, got, tc.want)
		}
	}
}
