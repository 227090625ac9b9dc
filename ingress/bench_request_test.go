package ingress

import (
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"

	"ukbot/events"
	"ukbot/nats/natstest"
	"ukbot/secret"
)

// benchIngress is an ingress with one configuration like GitHub's: the id is in
// a header that is not signed, so signing costs the benchmark nothing.
func benchIngress(b *testing.B, env *natstest.Env) (*Ingress, *fiber.App, *fasthttp.Request) {
	b.Helper()
	keys := testKeys(b)
	cfg := Config{Keys: keys, Registry: prometheus.NewRegistry(), Log: zerolog.Nop()}
	if env != nil {
		cfg.Conn, cfg.Publisher = env.Conn, env.Publisher
	}
	in := New(cfg)
	h := presetHook(b, keys, "github", presetSecret("github"))
	in.hooks.table.Store(benchTable(b, in, h))
	app := NewApp(AppConfig{Log: zerolog.Nop()})
	in.Register(app)
	var request fasthttp.Request
	request.Header.SetMethod("POST")
	request.SetRequestURI("/api/v1/webhooks/generic/src")
	for name, value := range Sign(h, secret.Text(presetSecret("github")), "id", []byte(benchBody), time.Now()) {
		request.Header.Set(name, value)
	}
	for name, value := range map[string]string{
		"Host": "hooks.example", "Content-Type": "application/json", "User-Agent": "GitHub-Hookshot/044aadd", "Accept": "*/*",
		"X-GitHub-Event": "push", "X-GitHub-Hook-ID": "292430182", "X-GitHub-Hook-Installation-Target-Type": "repository",
	} {
		request.Header.Set(name, value)
	}
	request.SetBodyString(benchBody)
	return in, app, &request
}

var benchIDs atomic.Int64

// BenchmarkWebhook is a request from its parsed form to its answer, stored by
// an embedded server: 64 at once.
func BenchmarkWebhook(b *testing.B) {
	for name, start := range map[string]func(testing.TB) *natstest.Env{"pagecache": natstest.Start, "durable": natstest.StartDurable} {
		b.Run(name, func(b *testing.B) {
			_, app, template := benchIngress(b, start(b))
			handle := app.Handler()
			b.ReportAllocs()
			b.SetParallelism(32) // by two cores
			b.RunParallel(func(pb *testing.PB) {
				var c fasthttp.RequestCtx
				var id []byte
				var request fasthttp.Request
				template.CopyTo(&request)
				c.Init(&request, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, nil)
				for pb.Next() {
					id = strconv.AppendInt(append(id[:0], "72d3162e-cc78-11e3-81ab-"...), benchIDs.Add(1), 16)
					c.Request.Header.SetBytesV("X-GitHub-Delivery", id)
					c.Response.Reset()
					if handle(&c); c.Response.StatusCode() != 202 {
						b.Errorf("answer %d %s", c.Response.StatusCode(), c.Response.Body())
					}
				}
			})
		})
	}
}

// BenchmarkPrepare is what the ingress itself does for a request: all but
// storing and answering.
func BenchmarkPrepare(b *testing.B) {
	in, app, request := benchIngress(b, nil)
	var fast fasthttp.RequestCtx
	fast.Init(request, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, nil)
	c := app.AcquireCtx(&fast)
	defer app.ReleaseCtx(c)
	b.ReportAllocs()
	for b.Loop() {
		benchPrepare(b, in, c)
	}
}

func benchTable(b *testing.B, in *Ingress, h events.Hook) *hookTable {
	b.Helper()
	made := &hook{Hook: h, verifier: mustCompile(b, h, in.cfg.Keys), tally: in.meter.tally(h.Tenant, h.Source)}
	var err error
	if made.identifier, err = identifierOf(h); err != nil {
		b.Fatal(err)
	}
	return tableOf(map[string]*hook{"x": made})
}

func benchPrepare(b *testing.B, in *Ingress, c *fiber.Ctx) {
	r := in.read(c)
	if err := readable(r); err != nil {
		b.Fatal(err)
	}
	found, err := in.hooks.find("", "src", r)
	if err != nil {
		b.Fatal(err)
	}
	id, err := found.identify(r)
	if err != nil {
		b.Fatal(err)
	}
	if msg := message(describe(c, found, id, r)); len(msg.Header) != 12 {
		b.Fatal(msg.Header)
	}
}
