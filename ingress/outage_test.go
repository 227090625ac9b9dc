package ingress

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"ukbot/nats"
	"ukbot/nats/natstest"
)

func TestItStartsWithoutStreamsAndServesWhenTheyCome(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().(*net.TCPAddr)
	listener.Close() // nothing listens there now
	conn, err := nats.Connect(fmt.Sprintf("nats://127.0.0.1:%d", address.Port), "ingress", zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	publisher := natstest.NewPublisher(t, conn)
	w := serveOn(t, nil, conn, publisher, AppConfig{})
	began := time.Now()
	a := w.post("/api/v1/webhooks/stripe", nil, "{}")
	if a.status != 503 || a.Code != errStreamUnavailable.Code || a.header.Get("Retry-After") == "" || time.Since(began) > w.in.cfg.PublishTimeout/2 {
		t.Errorf("without streams: answer %d %s after %v", a.status, a.body, time.Since(began))
	}
	if a := w.send("GET", "/api/v1/webhooks/health", nil, nil); a.status != 503 {
		t.Errorf("without streams, health is answered %d", a.status)
	}
	w.Env = natstest.StartWith(t, nats.ServerConfig{Port: address.Port, Sync: time.Minute})
	w.ready()
	w.hook("generic", "acme", "crm")
	if a := w.crm("id-1", "{}"); a.status != 202 {
		t.Errorf("with streams: answer %d %s", a.status, a.body)
	}
	if all := w.webhooks(); len(all) != 1 {
		t.Errorf("%d are stored", len(all))
	}
}

func TestStreamsThatStopAreToldAtOnceAndStoreNothingLater(t *testing.T) {
	w := serve(t, AppConfig{})
	w.hook("generic", "acme", "crm")
	w.promptly()
	if a := w.crm("before", "{}"); a.status != 202 {
		t.Fatalf("before: answer %d %s", a.status, a.body)
	}
	w.Stop()
	const refused = 20
	began := time.Now()
	for i := range refused {
		a := w.crm(fmt.Sprintf("refused-%d", i), "{}")
		if a.status != 503 || a.Code != errStreamUnavailable.Code || a.header.Get("Retry-After") != "5" {
			t.Errorf("stopped: answer %d %s %v", a.status, a.body, a.header)
		}
	}
	// The mean: a busy machine may stop for longer than that once.
	if took := time.Since(began) / refused; took > 200*time.Millisecond {
		t.Errorf("stopped: an answer took %s", took)
	}
	if a := w.post("/api/v1/webhooks/generic/crm", nil, "{}"); a.status != 401 {
		t.Errorf("stopped: what is not signed is answered %d, it need not be sent again", a.status)
	}
	if w.in.Ready() == nil {
		t.Error("ready without streams")
	}
	w.Start()
	natstest.Wait(t, "webhooks to be taken again", func() bool { return w.crm("after", "{}").status != 503 })
	w.ready()
	for _, m := range w.webhooks() {
		if event := w.decode(m); event.ID != "before" && event.ID != "after" {
			t.Errorf("%s was refused and is stored", event.ID)
		}
	}
	w.promptly() // a change is seen as quickly as before
	w.remove("acme", "crm")
	if a := w.post("/api/v1/webhooks/generic/crm", nil, "{}"); a.status != 404 {
		t.Errorf("removed: answer %d", a.status)
	}
}

// While the streams go and come under load, what was answered 202 is stored,
// and what was sent again after a 503 is stored once.
func TestLoadOverARestart(t *testing.T) {
	w := serve(t, AppConfig{})
	h := w.hook("generic", "acme", "crm")
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	var mu sync.Mutex
	taken, refused := map[string]bool{}, 0
	for worker := range 8 {
		load.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				id := fmt.Sprintf("%d-%d", worker, i)
				headers := Sign(h, "s3cret-generic", id, []byte("{}"), time.Now())
				for ctx.Err() == nil {
					a := w.send("POST", "/api/v1/webhooks/generic/crm", headers, strings.NewReader("{}"))
					mu.Lock()
					if a.status == 503 {
						refused++
					} else if a.status == 202 || a.status == 200 {
						taken[id] = true
					} else {
						t.Errorf("answer %d %s %v", a.status, a.body, a.err)
					}
					mu.Unlock()
					if a.status != 503 {
						break
					}
				}
			}
		})
	}
	for range 2 {
		mu.Lock()
		before := len(taken)
		mu.Unlock()
		natstest.Wait(t, "some to be taken", func() bool { mu.Lock(); defer mu.Unlock(); return len(taken) > before+200 })
		w.Restart()
	}
	stop()
	load.Wait()
	stored := map[string]int{}
	for _, m := range w.webhooks() {
		stored[w.decode(m).ID]++
	}
	for id := range taken {
		if stored[id] != 1 {
			t.Errorf("%s was answered 2xx and is stored %d times", id, stored[id])
		}
	}
	t.Logf("%d taken, %d refused", len(taken), refused)
}
