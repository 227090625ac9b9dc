package ingress

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"ukbot/events"
	"ukbot/nats/natstest"
	"ukbot/secret"
)

// Connections of the crowd; half of them send what the other half sends at the
// same moment. Bodies are random and of many lengths: one that the server mixed
// up with another's would be seen.
const (
	crowdConnections = 1000
	crowdRounds      = 4
)

// sent is one request of the crowd and what became of it.
type sent struct {
	id, body string
	answer   answer
}

func TestACrowdIsAnsweredTruthfully(t *testing.T) {
	env := natstest.StartDurable(t)
	w := serveOn(t, env, env.Conn, env.Publisher, AppConfig{})
	w.ready()
	h := w.hook("generic", "acme", "crm")
	all := make([][]sent, crowdConnections)
	var crowd sync.WaitGroup
	for n := range all {
		conn, err := net.Dial("tcp", w.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		all[n] = plan(n)
		crowd.Go(func() { converse(conn, h, all[n]) })
	}
	crowd.Wait()
	taken, bodies, repeats := map[string]string{}, map[string]map[string]bool{}, 0
	for _, s := range together(all) {
		if bodies[s.id] == nil {
			bodies[s.id] = map[string]bool{}
		}
		bodies[s.id][s.body] = true
		switch a := s.answer; {
		case a.err != nil || a.ID != s.id || a.status != 200 && a.status != 202:
			t.Fatalf("%s is answered %d %s %v", s.id, a.status, a.body, a.err)
		case a.status == 200:
			repeats++
		case taken[s.id] != "":
			t.Errorf("%s is answered 202 twice", s.id)
		default:
			taken[s.id] = s.body
		}
	}
	stored := map[string]string{}
	for _, m := range w.webhooks() {
		id := w.decode(m).ID
		if stored[id] != "" {
			t.Errorf("%s is stored twice", id)
		}
		stored[id] = string(m.Data)
		if !bodies[id][string(m.Data)] {
			t.Errorf("%s holds what nobody sent with it", id)
		} else if taken[id] != string(m.Data) {
			t.Errorf("%s holds the body of a request that was answered 200", id)
		}
	}
	if len(stored) != len(bodies) || len(taken) != len(bodies) {
		t.Errorf("%d ids, %d stored, %d answered 202", len(bodies), len(stored), len(taken))
	}
	natstest.Wait(t, "all repeats to be reported", func() bool {
		sum := 0
		for _, n := range w.repeats() {
			sum += n
		}
		return sum >= repeats
	})
	sum := 0
	for _, n := range w.repeats() {
		sum += n
	}
	if counted := w.counted("acme", "crm", duplicate); sum != repeats || counted != repeats || repeats == 0 {
		t.Errorf("%d requests are answered 200, %d reported, %d counted", repeats, sum, counted)
	}
}

// plan is the requests of connection n: its own ids, or those of its neighbour.
func plan(n int) []sent {
	requests := make([]sent, crowdRounds)
	for i := range requests {
		noise := make([]byte, 16+(n*37+i*11)%700)
		_, _ = rand.Read(noise)
		requests[i] = sent{id: fmt.Sprintf("id-%d-%d", n/2, i), body: fmt.Sprintf(`{"n":%d,"noise":"%x"}`, n, noise)}
	}
	return requests
}

// converse sends the requests one after another over one connection.
func converse(conn net.Conn, h events.Hook, requests []sent) {
	reader := bufio.NewReader(conn)
	for i, s := range requests {
		headers := Sign(h, secret.Text(presetSecret("generic")), s.id, []byte(s.body), time.Now())
		_, _ = io.WriteString(conn, typed("/api/v1/webhooks/generic/crm", s.body, headerLines(headers, "Content-Type: application/json")...))
		requests[i].answer = read1(http.ReadResponse(reader, nil))
	}
}

func together(all [][]sent) []sent {
	var requests []sent
	for _, some := range all {
		requests = append(requests, some...)
	}
	return requests
}
