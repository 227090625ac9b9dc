package main

import (
	"strings"
	"testing"

	"ukbot/botgw/words"
)

// TestStoppedProgramLosesNoTapAndBlamesNobody: asked to stop in the middle of
// people's forms, with the housing services in the same process, it ends in time;
// each confirmation is one request, and nobody is told that the services are away.
func TestStoppedProgramLosesNoTapAndBlamesNobody(t *testing.T) {
	t.Parallel()
	r, e := seeded(t), startEngines(t, "")
	people, _ := walkSize()
	crowd := e.crowd(people)
	before := count(t, e.pool, "SELECT count(*) FROM requests")
	settings := append([]string{"UKBOT_BOT_LIMITS=all=0/0/0/0"}, e.settings...)
	running := startRole(t, settings, "all")
	var stopped stops
	confirmed := walkAll(t, crowd, func() {
		for range 3 {
			pause(t.Context(), 10*moment(r))
			stopped.one(t, running)
			running = startRole(t, settings, "all")
		}
	})
	stopped.inTime(t)
	if filed := count(t, e.pool, "SELECT count(*) FROM requests") - before; filed != confirmed || filed < len(crowd) {
		t.Errorf("%d confirmations made %d requests of %d people", confirmed, filed, len(crowd))
	}
	for _, language := range words.Languages {
		away, _, _ := strings.Cut(words.For(language).Plain("gate.away"), ".")
		for _, m := range e.telegram.Messages(0) {
			if m.FromBot && strings.HasPrefix(m.Text, away) {
				t.Errorf("chat %d was told %q", m.ChatID, m.Text)
			}
		}
	}
}
