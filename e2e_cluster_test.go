package main

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"ukbot/events"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/secret"
	"ukbot/sql/dbtest"
)

// gapMax is the longest time without an accepted webhook when a leader is lost.
// Where it is longer another leader is stopped, thrice at most: what else runs on
// the machine comes and goes, a flaw of ours stays.
const gapMax, leadersLost = 3 * time.Second, 3

func TestLostLeaderOfAClusterLosesNothingAccepted(t *testing.T) {
	key := secret.NewKey("e2e")
	keys, err := secret.ParseKeyset(key)
	if err != nil {
		t.Fatal(err)
	}
	const nodes = 3
	c := natstest.Cluster(t, nodes)
	conn := c.Connect("test")
	c.Lanes(conn) // what a leader loses is the whole topology's
	e := &engines{t: t, pool: openPool(t, dbtest.URL(t)), keys: keys}
	s := e.hookOn(conn, events.DefaultTenant)
	p := startRole(t, []string{"NATS_URL=" + c.URL(), "UKBOT_KEYS=" + key.Reveal(), "UKBOT_REPLICAS=3"}, "ingress")
	s.at.Store(&p.http)
	stop := s.run(t, "leader", chaosWorkers, chaos().perSecond)
	gap := gapMax
	for lost := 0; lost < leadersLost && gap >= gapMax; lost++ {
		pause(t.Context(), time.Second)
		began := time.Now()
		leader := c.Leader(conn, nats.StreamWebhooks)
		c.StopNode(leader)
		pause(t.Context(), 4*time.Second)
		c.StartNode(leader)
		c.WaitNode(leader)
		pause(t.Context(), time.Second)
		gap = longestGap(s.answers(), began)
		t.Logf("longest gap between accepted webhooks: %s; answers %v", gap.Round(time.Millisecond), s.statuses())
	}
	stop()
	if gap >= gapMax {
		t.Errorf("no webhook was accepted for %s, want less than %s", gap, gapMax)
	}
	on := stored(t, conn, events.DefaultTenant)
	for id := range s.accepted() {
		if on[id] != 1 {
			t.Errorf("%s was accepted and is on the stream %d times, want once", id, on[id])
		}
	}
	for status, n := range s.statuses() {
		if status != http.StatusAccepted && status != http.StatusOK && status != http.StatusServiceUnavailable {
			t.Errorf("%d webhooks were answered %d while the leader changed, want 503 at worst", n, status)
		}
	}
}

// longestGap is the longest time without an accepted event from a moment until now.
func longestGap(answers []answered, from time.Time) time.Duration {
	var times []time.Time
	for _, a := range answers {
		if a.status == http.StatusAccepted && a.ended.After(from) {
			times = append(times, a.ended)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	longest := time.Duration(0)
	for _, at := range times {
		longest, from = max(longest, at.Sub(from)), at
	}
	return max(longest, time.Since(from))
}
