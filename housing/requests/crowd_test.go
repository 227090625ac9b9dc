package requests_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/events"
	"ukbot/housing/housingtest"
)

// TestACrowdAtOnce: 200 people make, take, assign, correct and discuss
// requests at once, through HTTP. No deadlock, no lost change, no number twice
// or left out, an event for each change, in its order.
func TestACrowdAtOnce(t *testing.T) {
	c := gather(t)
	lasts := 4 * time.Second
	if os.Getenv("UKBOT_E2E_FULL") != "" {
		lasts = 20 * time.Second
	}
	ctx, cancel := context.WithTimeout(t.Context(), lasts)
	defer cancel()
	var wg sync.WaitGroup
	for i, person := range c.people {
		random := rand.New(rand.NewPCG(uint64(i), 3)) // repeatable
		wg.Go(func() {
			for ctx.Err() == nil {
				person.act(random)
			}
		})
	}
	wg.Wait()
	t.Logf("%d requests made, %d changes, refused by code: %v", c.made.Load(), c.changes.Load(), c.refusals())
	c.checkNumbers()
	c.checkChanges()
	c.checkEvents()
}

// crowd is 200 people and what they have done.
type crowd struct {
	*story
	people        []member
	executors     []uuid.UUID
	mu            sync.Mutex
	known         []api.Request // made so far
	refused       sync.Map      // code: *atomic.Int64
	made, changes atomic.Int64
}

// member is one of the crowd.
type member struct {
	*crowd
	*housingtest.Client
	act func(*rand.Rand)
}

func gather(t *testing.T) *crowd {
	c := &crowd{story: tell(t)}
	for i := range 200 {
		m := member{crowd: c}
		switch {
		case i < 110:
			m.Client = c.Applicant()
			c.Lives(m.User, c.apartment)
			m.act = m.reside
		case i < 180:
			m.Client = c.Executor("plumbing")
			c.onShift(m.Client, "executor")
			c.executors = append(c.executors, m.User)
			m.act = m.repair
		default:
			m.Client = c.Manager()
			m.act = m.manage
		}
		c.people = append(c.people, m)
	}
	return c
}

// some is one of the newest requests.
func (c *crowd) some(random *rand.Rand) (api.Request, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) == 0 {
		return api.Request{}, false
	}
	newest := c.known[max(0, len(c.known)-40):]
	// The number alone: an answer decoded into a copy would write what its pointers share.
	return api.Request{Number: newest[random.IntN(len(newest))].Number}, true
}

// post sends a change and counts it if it was made.
func (m member) post(path string, body any, into any) bool {
	answer := m.Do("POST", path, body, "Idempotency-Key: "+uuid.NewString())
	return m.count(answer, into)
}

// count notes a change that was made, and why one was refused. Only conflicts
// are expected.
func (m member) count(answer *housingtest.Response, into any) bool {
	if answer.StatusCode/100 == 2 {
		m.changes.Add(1)
		if err := json.Unmarshal(answer.Raw, into); err != nil {
			m.t.Errorf("%s: %v", answer.Raw, err)
		}
		return true
	}
	n, _ := m.refused.LoadOrStore(answer.Problem().Code, &atomic.Int64{})
	n.(*atomic.Int64).Add(1)
	switch answer.StatusCode {
	case http.StatusForbidden, http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity:
	default:
		m.t.Errorf("%s answered %d: %s", answer.Request.URL.Path, answer.StatusCode, answer.Raw)
	}
	return false
}

func (c *crowd) refusals() map[string]int64 {
	counts := map[string]int64{}
	c.refused.Range(func(code, n any) bool { counts[code.(string)] = n.(*atomic.Int64).Load(); return true })
	return counts
}

// reside makes requests and speaks about one's own.
func (m member) reside(random *rand.Rand) {
	var r api.Request
	if !m.post("/requests", obj{
		"category": "plumbing", "urgency": "normal", "description": "Течёт кран", "building_id": m.building, "apartment_id": m.apartment,
	}, &r) {
		return
	}
	m.made.Add(1)
	m.mu.Lock()
	m.known = append(m.known, r)
	m.mu.Unlock()
	for range random.IntN(4) {
		m.post("/requests/"+r.Number+"/comments", obj{"body": "Когда придёте?"}, &obj{})
	}
	if random.IntN(5) == 0 {
		m.post("/requests/"+r.Number+"/cancel", obj{"reason": "само прошло"}, &r)
	}
}

// repair takes a request and works on it.
func (m member) repair(random *rand.Rand) {
	r, ok := m.some(random)
	if !ok || !m.post("/requests/"+r.Number+"/take", nil, &r) {
		return
	}
	path := "/requests/" + r.Number
	m.post(path+"/comments", obj{"body": "Ключ у соседа", "visibility": "internal"}, &obj{})
	m.post(path+"/purchase", obj{"comment": "нужна прокладка"}, &r)
	m.post(path+"/clarify", obj{"comment": "Когда вы дома?"}, &r)
	m.post(path+"/resume", nil, &r)
}

// manage gives requests to somebody else, corrects them, comments.
func (m member) manage(random *rand.Rand) {
	r, ok := m.some(random)
	if !ok {
		return
	}
	path := "/requests/" + r.Number
	m.post(path+"/assign", obj{"executor_id": m.executors[random.IntN(len(m.executors))], "reason": "ближе"}, &r)
	read := m.Do("GET", path, nil).Want(m.t, 200, &r)
	m.count(m.Do("PATCH", path, obj{"description": "Течёт кран " + uuid.NewString()}, "If-Match: "+read.Header.Get("ETag")), &r)
	m.post(path+"/comments", obj{"body": "Проверьте стояк"}, &obj{})
}

// checkNumbers expects the day's numbers from 1 without a gap.
func (c *crowd) checkNumbers() {
	var n, different, last int64
	err := c.Pool.QueryRow(c.t.Context(), `SELECT count(*), count(DISTINCT number), coalesce(max(split_part(number, '-', 2)::int), 0)
		FROM requests WHERE tenant_id = $1 AND number LIKE '260302-%'`, c.Tenant).Scan(&n, &different, &last)
	if err != nil || n != c.made.Load() || different != n || last != n || n == 0 {
		c.t.Errorf("%d requests made, %d stored, %d different numbers up to %d; %v", c.made.Load(), n, different, last, err)
	}
}

// checkChanges expects a line of history for each change that was answered
// with success, and versions that count them.
func (c *crowd) checkChanges() {
	var lines, versions, gaps int64
	err := c.Pool.QueryRow(c.t.Context(), `SELECT (SELECT count(*) FROM request_history), (SELECT sum(version) FROM requests),
		(SELECT count(*) FROM requests r WHERE r.version <> (SELECT max(h.seq) FROM request_history h WHERE h.request_id = r.id)
			OR r.status <> (SELECT h.to_status FROM request_history h WHERE h.request_id = r.id ORDER BY seq DESC LIMIT 1)
			OR r.executor_id IS DISTINCT FROM (SELECT h.executor_id FROM request_history h WHERE h.request_id = r.id ORDER BY seq DESC LIMIT 1))`,
	).Scan(&lines, &versions, &gaps)
	if err != nil || lines != c.changes.Load() || versions != lines || gaps != 0 {
		c.t.Errorf("%d changes answered, %d lines of history, %d versions, %d requests unlike their history; %v", c.changes.Load(), lines, versions, gaps, err)
	}
}

// checkEvents expects an event for each change, each request's in order.
func (c *crowd) checkEvents() {
	told := map[string]int64{}
	var n int64
	for _, e := range c.Outbox(c.t) {
		if !strings.HasPrefix(e.Subject, "housing.request.") {
			continue
		}
		var data events.RequestChanged
		if err := json.Unmarshal(e.Data, &data); err != nil {
			c.t.Fatal(err)
		}
		if told[data.Request.ID]++; told[data.Request.ID] != data.Request.Version {
			c.t.Errorf("event %d of %s tells of version %d", told[data.Request.ID], data.Request.Number, data.Request.Version)
		}
		n++
	}
	if n != c.changes.Load() {
		c.t.Errorf("%d events of %d changes", n, c.changes.Load())
	}
}
