package ingress

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/api/apitest"
	"ukbot/events"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/secret"
	"ukbot/secret/logtest"
)

// wire is an ingress on a real listener with streams of its own.
type wire struct {
	*natstest.Env
	t        testing.TB
	in       *Ingress
	app      *fiber.App
	keys     *secret.Keyset
	addr     string
	lines    *logtest.Lines
	registry *prometheus.Registry
	client   *http.Client
	puts     int
}

// serve starts one; change may adjust the server before it listens.
func serve(t testing.TB, cfg AppConfig, change ...func(*fiber.App)) *wire {
	t.Helper()
	env := natstest.Start(t)
	w := serveOn(t, env, env.Conn, env.Publisher, cfg, change...)
	w.ready()
	return w
}

func serveOn(t testing.TB, env *natstest.Env, conn *nats.Conn, publisher *nats.Publisher, cfg AppConfig, change ...func(*fiber.App)) *wire {
	t.Helper()
	w := &wire{
		Env: env, t: t, keys: testKeys(t), lines: &logtest.Lines{}, registry: prometheus.NewRegistry(),
		client: &http.Client{Transport: apitest.Transport{T: t, Next: &http.Transport{MaxIdleConnsPerHost: 2000}}, Timeout: 30 * time.Second},
	}
	cfg.Log = zerolog.New(w.lines)
	w.app = NewApp(cfg)
	for _, do := range change {
		do(w.app)
	}
	w.in = New(Config{Conn: conn, Publisher: publisher, Keys: w.keys, Registry: w.registry, Log: cfg.Log})
	w.in.Register(w.app)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	tasks.Go(func() { _ = w.in.Run(ctx) })
	tasks.Go(func() { _ = w.app.Listener(listener) })
	t.Cleanup(func() {
		w.client.CloseIdleConnections()
		_ = w.app.ShutdownWithTimeout(time.Second)
		_ = listener.Close() // where a test ends before the server listens, it would only begin to
		stop()
		tasks.Wait()
	})
	return w
}

func (w *wire) ready() {
	w.t.Helper()
	natstest.Wait(w.t, "the ingress to be ready", func() bool { return w.in.Ready() == nil })
}

// hook puts a configuration made from a preset and waits until it is in force.
func (w *wire) hook(preset, tenant, source string, change ...func(*events.Hook)) events.Hook {
	w.t.Helper()
	h := events.Hook{Tenant: tenant, Source: source, Enabled: true, Preset: preset}
	if err := ApplyPreset(&h); err != nil {
		w.t.Fatal(err)
	}
	h = sealed(h, w.keys, presetSecret(preset))
	for _, do := range change {
		do(&h)
	}
	w.put(&h)
	return h
}

// put stores a configuration under a new id and waits until that is in force.
func (w *wire) put(h *events.Hook) {
	w.t.Helper()
	w.puts++
	h.ID = fmt.Sprintf("hook-%d", w.puts)
	config, err := json.Marshal(h)
	if err != nil {
		w.t.Fatal(err)
	}
	w.bucket(func(ctx context.Context, kv bucket) error {
		_, err := kv.Put(ctx, events.HookKey(h.Tenant, h.Source), config)
		return err
	})
	natstest.Wait(w.t, "the configuration "+h.ID, func() bool {
		now := w.current(h.Tenant, h.Source)
		return now != nil && now.ID == h.ID
	})
}

// promptly changes a configuration until one change is in force within a second,
// five times at most: what else runs on the machine comes and goes, a flaw of ours stays.
func (w *wire) promptly() {
	w.t.Helper()
	const tries, within = 5, time.Second
	quickest := time.Hour
	for n := 0; n < tries && quickest > within; n++ {
		began := time.Now()
		w.hook("generic", "acme", "prompt")
		quickest = min(quickest, time.Since(began))
	}
	if quickest > within {
		w.t.Errorf("a configuration was in force after %s at best, want %s at most", quickest, within)
	}
}

// current is a configuration as the ingress has it; nil if it has none.
func (w *wire) current(tenant, source string) *hook {
	table := w.in.hooks.table.Load()
	if table == nil {
		return nil
	}
	return table.get(tenant, source)
}

type bucket interface {
	Put(context.Context, string, []byte) (uint64, error)
}

func (w *wire) bucket(do func(context.Context, bucket) error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	kv, err := w.Conn.JS.KeyValue(ctx, nats.BucketHooks)
	if err == nil {
		err = do(ctx, kv)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// remove deletes a configuration and waits until it is gone.
func (w *wire) remove(tenant, source string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	kv, err := w.Conn.JS.KeyValue(ctx, nats.BucketHooks)
	if err == nil {
		err = kv.Delete(ctx, events.HookKey(tenant, source))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	natstest.Wait(w.t, "the configuration to be gone", func() bool { return w.current(tenant, source) == nil })
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	Status string `json:"status"` // of an accepted event
	ID     string `json:"event_id"`
	Code   string `json:"-"` // of a problem document
	err    error
}

// post sends a webhook as a provider does.
func (w *wire) post(path string, headers map[string]string, body string) answer {
	w.t.Helper()
	a := w.send(http.MethodPost, path, headers, strings.NewReader(body))
	if a.err != nil {
		w.t.Fatalf("POST %s: %v", path, a.err)
	}
	return a
}

// send makes any request; strings.Reader bodies have a Content-Length, others are chunked.
func (w *wire) send(method, path string, headers map[string]string, body io.Reader) answer {
	request, err := http.NewRequest(method, "http://"+w.addr+path, body)
	if err != nil {
		return answer{err: err}
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	return read1(w.client.Do(request))
}

func read1(response *http.Response, err error) answer {
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	a := answer{status: response.StatusCode, header: response.Header, body: string(body), err: err}
	var problem struct {
		Status json.RawMessage
		Code   string
	}
	if response.Header.Get("Content-Type") == "application/problem+json" {
		_ = json.Unmarshal(body, &problem)
		a.Code = problem.Code
	} else {
		_ = json.Unmarshal(body, &a)
	}
	return a
}

// raw sends bytes and reads n answers from the same connection.
func (w *wire) raw(text string, n int) []answer {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	go func() { _, _ = io.WriteString(conn, text) }()
	reader := bufio.NewReader(conn)
	var answers []answer
	for range n {
		a := read1(http.ReadResponse(reader, nil))
		answers = append(answers, a)
		if a.err != nil {
			break
		}
	}
	return answers
}

// typed writes a request by hand: header names and values go as they are.
func typed(path string, body string, headers ...string) string {
	text := "POST " + path + " HTTP/1.1\r\nHost: x\r\n"
	for _, line := range headers {
		text += line + "\r\n"
	}
	return text + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// headerLines is headers as lines, in a fixed order.
func headerLines(headers map[string]string, more ...string) []string {
	for name, value := range headers {
		more = append(more, name+": "+value)
	}
	slices.Sort(more)
	return more
}

// webhooks is what the stream has of them, in order.
func (w *wire) webhooks() []*nats.Message {
	w.t.Helper()
	return w.read(events.WebhookSubjects)
}

func (w *wire) read(subjects string) []*nats.Message {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := w.Conn.Ready(ctx); err != nil { // after a restart it may still be connecting
		w.t.Fatal(err)
	}
	var all []*nats.Message
	err := nats.Read(ctx, w.Conn.JS, nats.ReadRange{Stream: nats.StreamWebhooks, Subject: subjects}, func(m *nats.Message) error {
		all = append(all, m)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// last is the newest webhook, decoded.
func (w *wire) last() events.Webhook {
	w.t.Helper()
	all := w.webhooks()
	if len(all) == 0 {
		w.t.Fatal("nothing is stored")
	}
	return w.decode(all[len(all)-1])
}

func (w *wire) decode(m *nats.Message) events.Webhook {
	w.t.Helper()
	event, err := events.DecodeWebhook(m.Header, m.Data)
	if err != nil {
		w.t.Fatalf("%v: %v", err, m.Header)
	}
	return event
}

// counted is a row of ukbot_webhooks_total.
func (w *wire) counted(tenant, source, outcome string) int {
	w.t.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "ukbot_webhooks_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, pair := range m.GetLabel() {
				labels[pair.GetName()] = pair.GetValue()
			}
			if labels["tenant"] == tenant && labels["source"] == source && labels["outcome"] == outcome {
				return int(m.GetCounter().GetValue())
			}
		}
	}
	return 0
}
