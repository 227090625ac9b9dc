package bots

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ukbot/botgw/simulator"
	"ukbot/nats"
	"ukbot/nats/natstest"
	"ukbot/secret"
	"ukbot/secret/logtest"
	"ukbot/sql/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// Tokens of the bots of these tests.
const (
	ownToken   = "100:AAownSECRET"
	acmeToken  = "200:AAacmeSECRET"
	otherToken = "300:AAotherSECRET"
)

// desk is a registry with all it leans on.
type desk struct {
	*natstest.Env
	t    *testing.T
	pool *pgxpool.Pool
	keys *secret.Keyset
	*Registry
	log *logtest.Lines
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	keys, err := secret.ParseKeyset(secret.NewKey("k"))
	if err != nil {
		t.Fatal(err)
	}
	sim := simulator.New(simulator.Config{})
	sim.AddBot(ownToken, "own_bot")
	sim.AddBot(acmeToken, "acme_bot")
	web := httptest.NewServer(sim.Handler())
	t.Cleanup(func() { sim.Close(); web.Close() })
	d := &desk{Env: natstest.Start(t), t: t, pool: dbtest.New(t), keys: keys, log: &logtest.Lines{}}
	d.Registry = New(Config{
		Conn: d.Conn, Keys: keys, Own: Own{Tenant: "default", Token: ownToken}, Endpoint: web.URL, Log: zerolog.New(d.log),
	})
	return d
}

// follow runs the registry until the returned function is called.
func (d *desk) follow() (stop func()) {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = d.Run(ctx) })
	stop = func() { cancel(); wg.Wait() }
	d.t.Cleanup(stop)
	natstest.Wait(d.t, "the bots to be read", func() bool { return d.Ready() == nil })
	return stop
}

// set stores a bot.
func (d *desk) set(tenant string, token secret.Text, username string) error {
	id := int64(0)
	_, _ = fmt.Sscanf(token.Reveal(), "%d:", &id)
	return Set(d.t.Context(), d.pool, d.Conn, d.keys, Record{Tenant: tenant, ID: id, Username: username}, Secrets{Token: token, Key: "ukb_key"})
}

// serves waits until these are the bots, as "tenant=@name".
func (d *desk) serves(want ...string) {
	d.t.Helper()
	line := strings.Join(want, " ")
	got := ""
	natstest.Wait(d.t, line, func() bool {
		var all []string
		for _, b := range d.All() {
			all = append(all, b.Tenant+"=@"+b.Username)
		}
		got = strings.Join(all, " ")
		return got == line
	})
}

func TestBotsComeChangeAndGoWhileItRuns(t *testing.T) {
	d := newDesk(t)
	if b, ok := d.ByTenant("default"); !ok || b.ID != 100 {
		t.Errorf("before it runs: %+v, %t", b, ok)
	}
	d.follow()
	d.serves("default=@own_bot")
	changed := d.Changed()
	if err := d.set("acme", acmeToken, "acme_bot"); err != nil {
		t.Fatal(err)
	}
	<-changed
	d.serves("acme=@acme_bot", "default=@own_bot")
	acme, ok := d.ByID(200)
	if !ok || acme.Token != acmeToken || acme.Key != "ukb_key" || acme.Client.ID() != 200 {
		t.Errorf("acme's: %+v, %t", acme, ok)
	}
	if err := d.set("acme", acmeToken, "renamed_bot"); err != nil {
		t.Fatal(err)
	}
	d.serves("acme=@renamed_bot", "default=@own_bot")
	if b, _ := d.ByID(200); b.Client != acme.Client {
		t.Error("another name has cost the connections")
	}
	if err := d.set("acme", otherToken, "other_bot"); err != nil {
		t.Fatal(err)
	}
	d.serves("acme=@other_bot", "default=@own_bot")
	if _, there := d.ByID(200); there {
		t.Error("the former bot is still served")
	}
	if err := Remove(t.Context(), d.pool, d.Conn, "acme"); err != nil {
		t.Fatal(err)
	}
	d.serves("default=@own_bot")
	if err := Remove(t.Context(), d.pool, d.Conn, "acme"); !errors.Is(err, ErrNone) {
		t.Errorf("removed again: %v", err)
	}
}

func TestTheTableGoesBeforeTheSettings(t *testing.T) {
	d := newDesk(t)
	d.follow()
	before, _ := d.ByID(100)
	if err := d.set("default", ownToken, ""); err != nil { // stored without a name
		t.Fatal(err)
	}
	natstest.Wait(t, "the table's", func() bool { b, ok := d.ByTenant("default"); return ok && b.Key == "ukb_key" })
	d.serves("default=@own_bot")
	if b, _ := d.ByID(100); b.Client != before.Client {
		t.Error("the same token has other connections")
	}
	if err := d.set("default", acmeToken, "acme_bot"); err != nil {
		t.Fatal(err)
	}
	d.serves("default=@acme_bot")
	if _, there := d.ByID(100); there {
		t.Error("a tenant has two bots")
	}
}

func TestABotIsOneTenants(t *testing.T) {
	d := newDesk(t)
	if err := d.set("acme", acmeToken, "acme_bot"); err != nil {
		t.Fatal(err)
	}
	if err := d.set("umbrella", acmeToken, "acme_bot"); !errors.Is(err, ErrTaken) {
		t.Errorf("taken twice: %v", err)
	}
	if r, err := Find(t.Context(), d.pool, "acme"); err != nil || r.ID != 200 {
		t.Errorf("acme's: %+v, %v", r, err)
	}
}

func TestWhatIsStoredShowsNoSecretAndOpensForItsTenantAlone(t *testing.T) {
	d := newDesk(t)
	if err := d.set("acme", acmeToken, "acme_bot"); err != nil {
		t.Fatal(err)
	}
	r, err := Find(t.Context(), d.pool, "acme")
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(r)
	if strings.Contains(string(raw), "SECRET") || strings.Contains(string(raw), "ukb_key") {
		t.Errorf("stored in the open: %s", raw)
	}
	if s, err := r.Open(d.keys); err != nil || s.Token != acmeToken || s.Key != "ukb_key" {
		t.Errorf("Open() = %v", err)
	}
	r.Tenant = "umbrella"
	if _, err := r.Open(d.keys); !errors.Is(err, secret.ErrSealBroken) {
		t.Errorf("opened by another tenant: %v", err)
	}
	if _, err := r.Open(nil); err == nil {
		t.Error("opened without keys")
	}
}

// TestABrokenEntryIsNoBot puts into the bucket what the table would never.
func TestABrokenEntryIsNoBot(t *testing.T) {
	d := newDesk(t)
	d.follow()
	sealed, err := seal(d.keys, "acme", Secrets{Token: acmeToken})
	if err != nil {
		t.Fatal(err)
	}
	kv, err := d.Conn.JS.KeyValue(t.Context(), nats.BucketBots)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"no JSON":                "{",
		"another tenant's":       fmt.Sprintf(`{"tenant":"umbrella","bot_id":200,"config":%q}`, sealed),
		"another bot's token":    fmt.Sprintf(`{"tenant":"acme","bot_id":300,"config":%q}`, sealed),
		"what was not sealed so": `{"tenant":"acme","bot_id":200,"config":"v1.k.AA"}`,
	} {
		if _, err := kv.Put(t.Context(), "acme", []byte(value)); err != nil {
			t.Fatal(err)
		}
		changed := d.Changed()
		if _, err := kv.Put(t.Context(), "tick", []byte("{")); err != nil { // seen after the one before
			t.Fatal(err)
		}
		<-changed
		d.serves("default=@own_bot")
		if strings.Contains(d.log.String(), "SECRET") {
			t.Errorf("%s: the log holds a token", name)
		}
	}
}

func TestABotStoredInAnOutageIsHandedOverLater(t *testing.T) {
	d := newDesk(t)
	d.follow()
	d.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	sealed := Record{Tenant: "acme", ID: 200, Username: "acme_bot"}
	if err := Set(ctx, d.pool, d.Conn, d.keys, sealed, Secrets{Token: acmeToken}); err == nil {
		t.Error("set without streams")
	}
	d.serves("default=@own_bot") // what was known stays
	d.Start()
	if err := Sync(t.Context(), d.pool, d.Conn); err != nil {
		t.Fatal(err)
	}
	d.serves("acme=@acme_bot", "default=@own_bot")
}
