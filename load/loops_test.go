package load

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// serve answers with what handle says and remembers every id it was sent.
func serve(t *testing.T, handle func(n int64) int) (addr string, ids func() map[string]int) {
	t.Helper()
	var count atomic.Int64
	var mu sync.Mutex
	seen := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ ID string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Errorf("body: %v", err)
		}
		mu.Lock()
		seen[body.ID]++
		mu.Unlock()
		w.WriteHeader(handle(count.Add(1)))
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		return seen
	}
}

func TestClosedLoopSendsEveryIDOnceAndCountsAnswers(t *testing.T) {
	for name, drivers := range map[string]int{"few goroutines": 2, "one per connection": 16} {
		t.Run(name, func(t *testing.T) {
			addr, ids := serve(t, func(n int64) int {
				if n%10 == 0 {
					return http.StatusServiceUnavailable
				}
				return http.StatusAccepted
			})
			out, err := Closed{
				Addr: addr, Connections: 16, Drivers: drivers, Warm: 500 * time.Millisecond, Measure: time.Second, Webhooks: testSeries,
			}.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var total int64
			for id, times := range ids() {
				if total++; times != 1 {
					t.Errorf("%s was sent %d times", id, times)
				}
			}
			if got := out.Statuses[202] + out.Statuses[503]; got != total || out.Statuses[503] != total/10 || out.Unexpected() != total/10 {
				t.Errorf("%d requests, %s", total, out)
			}
			if out.Done == 0 || out.Done >= out.Statuses[202] || out.Latency.TotalCount() != out.Done {
				t.Errorf("done %d, latencies %d, want some, without the warm-up's", out.Done, out.Latency.TotalCount())
			}
			if !strings.HasPrefix(out.Sample, "503") {
				t.Errorf("first unexpected answer is %q", out.Sample)
			}
		})
	}
}

func TestClosedLoopGoesOnAfterAConnectionBreaks(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var broken atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken.Add(1) == 5 {
			panic(http.ErrAbortHandler) // cuts the connection
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	defer server.Close()
	out, err := Closed{Addr: listener.Addr().String(), Connections: 2, Measure: time.Second}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if out.Statuses[noAnswer] != 1 || out.Unexpected() != 1 || out.Statuses[202] < 10 {
		t.Errorf("got %s, want one without answer and the others answered", out)
	}
}

// TestOpenLoopCountsFromWhenEventsWereDue is the trap of load tests: a server
// that stands still for a while must show in the latency of everything that fell due
// meanwhile, not only of the requests that were under way.
func TestOpenLoopCountsFromWhenEventsWereDue(t *testing.T) {
	const stall = 1500 * time.Millisecond // a busy machine stalls less
	var mu sync.Mutex
	addr, _ := serve(t, func(n int64) int {
		mu.Lock() // one at a time
		defer mu.Unlock()
		if n == 50 {
			<-time.After(stall)
		}
		return http.StatusAccepted
	})
	// 100 a second for five: 150 events fall due in the stall.
	out, err := Open{Addr: addr, Connections: 2, Rate: 100, Measure: 5 * time.Second, Webhooks: testSeries}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if out.Done != 500 || out.Unexpected() != 0 {
		t.Fatalf("got %s, want 500 answers", out)
	}
	slow := 0
	for _, shot := range out.Shots {
		if shot.Answered.Sub(shot.Due) > stall/3 {
			slow++
		}
	}
	if slow < 75 {
		t.Errorf("%d events waited for more than a third of the stall, want about 100 of those due in it", slow)
	}
	if p50, p99 := out.Quantile(50), out.Quantile(99); p50 > stall/3 || p99 < stall*2/3 {
		t.Errorf("p50 %s, p99 %s with a stall of %s", p50, p99, stall)
	}
	if late := Quantile(out.Late, 50); late > stall/3 {
		t.Errorf("the loader itself was late by %s at the median", late)
	}
}

func TestOpenLoopKeepsItsSchedule(t *testing.T) {
	addr, ids := serve(t, func(int64) int { return http.StatusAccepted })
	out, err := Open{Addr: addr, Connections: 20, Rate: 500, Warm: 100 * time.Millisecond, Measure: 400 * time.Millisecond, Webhooks: testSeries}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Shots) != 250 || len(ids()) != 250 || out.Done != 200 {
		t.Fatalf("%d events, %d ids, %d in the measured time, want 250, 250 and 200", len(out.Shots), len(ids()), out.Done)
	}
	for n := 1; n < len(out.Shots); n++ {
		if gap := out.Shots[n].Due.Sub(out.Shots[n-1].Due); (gap - 2*time.Millisecond).Abs() > time.Microsecond {
			t.Errorf("event %d is due %s after the one before it, want 2ms", n, gap)
		}
		if out.Shots[n].Sent.Before(out.Shots[n].Due) {
			t.Errorf("event %d was sent before it was due", n)
		}
	}
}

func TestLoopsEndWithTheirContext(t *testing.T) {
	release := make(chan struct{})
	addr, _ := serve(t, func(int64) int { <-release; return http.StatusAccepted })
	defer close(release)
	for name, run := range map[string]func(context.Context) (Outcome, error){
		"closed": Closed{Addr: addr, Connections: 4, Measure: time.Minute, Webhooks: testSeries}.Run,
		"open":   Open{Addr: addr, Connections: 4, Rate: 100, Measure: time.Minute, Webhooks: testSeries}.Run,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			began := time.Now()
			if _, err := run(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want that of the context", err)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("ended %s after it was begun", took)
			}
		})
	}
}

func TestAnswersAreRead(t *testing.T) {
	for name, tc := range map[string]struct {
		in             string
		status, length int
		whole          bool
		err            error
	}{
		"a short answer":           {"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok", 202, 2, true, nil},
		"lower-case header":        {"HTTP/1.1 503 x\r\nDate: now\r\ncontent-length:0\r\n\r\n", 503, 0, true, nil},
		"half a head":              {"HTTP/1.1 202 Accepted\r\nConte", 0, 0, false, nil},
		"a body still to come":     {"HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\nok", 202, 10, false, nil},
		"two answers in one read":  {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 202 Accepted\r\n", 200, 1, true, nil},
		"no length":                {"HTTP/1.1 202 Accepted\r\nDate: now\r\n\r\n", 0, 0, false, errForm},
		"a length that is no size": {"HTTP/1.1 202 Accepted\r\nContent-Length: -1\r\n\r\n", 0, 0, false, errForm},
		"another protocol":         {"SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n", 0, 0, false, errForm},
	} {
		t.Run(name, func(t *testing.T) {
			status, size, length, err := parse([]byte(tc.in))
			if !errors.Is(err, tc.err) {
				t.Fatalf("parse(%q) fails with %v, want %v", tc.in, err, tc.err)
			}
			if err == nil && (status != tc.status && size > 0 || length != tc.length || (size > 0 && size <= len(tc.in)) != tc.whole) {
				t.Errorf("parse(%q) = %d, %d, %d; want status %d, length %d, whole %v", tc.in, status, size, length, tc.status, tc.length, tc.whole)
			}
		})
	}
}
