package updates

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"

	"ukbot/botgw/talk"
	"ukbot/events"
	"ukbot/nats"
	"ukbot/nats/natstest"
)

// adapted serves a Fiber app over net/http.
func adapted(app *fiber.App) http.Handler { return adaptor.FiberApp(app) }

// post brings something to an address as Telegram does, but for what change says.
func post(t *testing.T, address, body string, change func(*http.Request)) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(headerSecret, Secret(token).Reveal())
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

func TestAWebhookTakesWhatTelegramBringsAndNothingElse(t *testing.T) {
	d := newDesk(t)
	base := d.hooks(d.intake(""))
	secret := func(s string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(headerSecret, s) }
	}
	for name, tc := range map[string]struct {
		path, body string
		change     func(*http.Request)
		want       int
	}{
		"an update":                   {"/telegram/100", text(1, 7, "x"), nil, 200},
		"the same again":              {"/telegram/100", text(1, 7, "x"), nil, 200},
		"a content type with charset": {"/telegram/100", text(1, 7, "x"), func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") }, 200},
		"no secret":                   {"/telegram/100", text(2, 7, "x"), func(r *http.Request) { r.Header.Del(headerSecret) }, 401},
		"another secret":              {"/telegram/100", text(2, 7, "x"), secret("x"), 401},
		"another bot's secret":        {"/telegram/100", text(2, 7, "x"), secret(Secret("200:x").Reveal()), 401},
		"a bot that is not served":    {"/telegram/200", text(2, 7, "x"), secret(Secret("200:x").Reveal()), 401},
		"what is no bot":              {"/telegram/abc", text(2, 7, "x"), nil, 401},
		"a form":                      {"/telegram/100", "a=b", func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 415},
		"no content type":             {"/telegram/100", text(2, 7, "x"), func(r *http.Request) { r.Header.Del("Content-Type") }, 415},
		"more than a megabyte":        {"/telegram/100", text(2, 7, strings.Repeat("x", 1<<20)), nil, 413},
		"a look":                      {"/telegram/100", "", func(r *http.Request) { r.Method = http.MethodGet }, 405},
	} {
		if got := post(t, base+tc.path, tc.body, tc.change); got.StatusCode != tc.want {
			t.Errorf("%s: status %d, want %d", name, got.StatusCode, tc.want)
		}
	}
	if n := d.stored(nats.StreamUpdates); n != 1 {
		t.Errorf("%d updates are stored, want 1", n)
	}
	if got := count(d.metrics.refused.WithLabelValues(wayWebhook, refusedSecret)); got != 5 {
		t.Errorf("%v refused for their secret, want 5", got)
	}
}

func TestWhatIsNoUpdateIsTakenAndBecomesADeadLetter(t *testing.T) {
	d := newDesk(t)
	base := d.hooks(d.intake(""))
	for _, body := range []string{"", "{", "[]", "null", `{"update_id":99999999999999999999}`, "\xff\x00", `{"update_id":3,"message":{"text":"no chat"}}`} {
		for range 2 { // Telegram may bring it again
			if got := post(t, base+"/telegram/100", body, nil); got.StatusCode != 200 {
				t.Errorf("%q: status %d, want 200", body, got.StatusCode)
			}
		}
	}
	b := d.lanes(nil, nil)
	d.put(text(900, azizaID, "after"))
	d.waitTexts(b, azizaID, "after")
	natstest.Wait(t, "the dead letters", func() bool { return d.stored(nats.StreamDead) == 7 })
	for _, cause := range d.deaths() {
		if !strings.HasPrefix(cause, "no update") {
			t.Errorf("died of %q", cause)
		}
	}
}

// TestEveryFormOfUpdateIsTakenOnce brings all that testdata/shapes.json holds:
// one update of each form that Telegram has documented.
func TestEveryFormOfUpdateIsTakenOnce(t *testing.T) {
	raw, err := os.ReadFile("testdata/shapes.json")
	if err != nil {
		t.Fatal(err)
	}
	var shapes []json.RawMessage
	if err := json.Unmarshal(raw, &shapes); err != nil {
		t.Fatal(err)
	}
	d := newDesk(t)
	base := d.hooks(d.intake(""))
	b := d.lanes(nil, nil)
	for range 2 {
		for _, shape := range shapes {
			if got := post(t, base+"/telegram/100", string(shape), nil); got.StatusCode != 200 {
				t.Errorf("%s: status %d", shape, got.StatusCode)
			}
		}
	}
	if n := d.stored(nats.StreamUpdates); int(n) != len(shapes) {
		t.Errorf("%d updates are stored of %d", n, len(shapes))
	}
	// Of them an edit, an inline query and a chosen result ask nothing of the bot.
	natstest.Wait(t, "all to be handled", func() bool { return len(b.texts(1201)) == len(shapes)-3 })
	b.mu.Lock()
	defer b.mu.Unlock()
	kinds := map[talk.Kind]int{}
	for _, u := range b.all {
		kinds[u.Kind]++
	}
	want := map[talk.Kind]int{talk.Command: 5, talk.Text: 1, talk.Voice: 2, talk.Document: 1, talk.Tap: 1}
	for kind, n := range want {
		if kinds[kind] != n {
			t.Errorf("%d of kind %s, want %d", kinds[kind], kind, n)
		}
	}
}

func TestWithTheStreamAwayTelegramIsAskedToComeAgain(t *testing.T) {
	d := newDesk(t)
	base := d.hooks(d.intake(""))
	d.Stop()
	got := post(t, base+"/telegram/100", text(1, 7, "x"), nil)
	if got.StatusCode != 503 || got.Header.Get("Retry-After") != retrySeconds {
		t.Errorf("status %d, Retry-After %q; want 503 and %s", got.StatusCode, got.Header.Get("Retry-After"), retrySeconds)
	}
	if got := post(t, base+"/telegram/100", text(1, 7, "x"), func(r *http.Request) { r.Header.Del(headerSecret) }); got.StatusCode != 401 {
		t.Errorf("a stranger is answered %d, want 401", got.StatusCode)
	}
	d.Start()
	natstest.Wait(t, "the update to be taken", func() bool { return post(t, base+"/telegram/100", text(1, 7, "x"), nil).StatusCode == 200 })
	if n := d.stored(nats.StreamUpdates); n != 1 {
		t.Errorf("%d updates are stored, want 1", n)
	}
}

func TestAWebhookIsSetAndBringsWhatPeopleDo(t *testing.T) {
	d := newDesk(t)
	if err := d.sim.Start(token, azizaID); err != nil {
		t.Fatal(err)
	}
	// The address must be known before the intake is made; its routes are its own.
	base := d.hooks(d.intake(""))
	in := d.intake(base)
	run(t, in.Run)
	b := d.lanes(nil, nil)
	d.say(azizaID, "one", "two")
	d.waitTexts(b, azizaID, "/start", "one", "two")
	bot, _ := d.registry.ByID(100)
	info, err := bot.Client.WebhookInfo(t.Context())
	if err != nil || info.URL != base+"/telegram/100" || len(info.AllowedUpdates) != len(Allowed()) {
		t.Errorf("webhook %+v, %v", info, err)
	}
}

func TestTheSecretIsOneThatTelegramTakesAndSaysNothingOfTheToken(t *testing.T) {
	secret := Secret(token).Reveal()
	if len(secret) != 43 || strings.Trim(secret, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
		t.Errorf("secret %q", secret)
	}
	if secret == Secret("100:other").Reveal() {
		t.Error("two tokens have one secret")
	}
}

func TestTheUpdateKeepsItsFormOnTheWire(t *testing.T) {
	d := newDesk(t)
	b, _ := d.registry.ByID(100)
	msg, _, err := message(b, []byte(text(5, -1005, "x")), testTime)
	if err != nil {
		t.Fatal(err)
	}
	u, err := events.DecodeUpdate(msg.Header, msg.Data)
	if err != nil || u.ID != "tg-100-5" || u.Bot != 100 || u.Chat != -1005 || u.Tenant != "default" || !u.Time.Equal(testTime) || len(u.Trace) != 55 {
		t.Errorf("update %+v, %v", u, err)
	}
	if msg.Subject != events.UpdateSubject("default", -1005) || msg.Header.Get("Nats-Msg-Id") != "tg-100-5" {
		t.Errorf("subject %s, id %s", msg.Subject, msg.Header.Get("Nats-Msg-Id"))
	}
}
