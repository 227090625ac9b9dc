package requests_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/flow"
	"ukbot/botgw/forms"
	"ukbot/botgw/requests"
	"ukbot/botgw/simulator"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
	"ukbot/secret"
	"ukbot/sql/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// tashkent is the companies' time zone.
var tashkent = time.FixedZone("Asia/Tashkent", 5*60*60)

const (
	token   = "100:test"
	visitor = 77 // who sends photos to the pretended Telegram
)

// town is a company with the bot's requests and forms, and a pretended Telegram
// to fetch photos from.
type town struct {
	*housingtest.Server
	t        *testing.T
	engine   *flow.Engine
	requests *requests.Requests
	telegram *simulator.Server
	bot      *telegram.Bot
	update   int64

	building, apartment uuid.UUID
	closed              string // an order, by the company
	anna, rustam, boss  *phone // a resident, a plumber on shift, a manager
}

func newTown(t *testing.T, language string) *town {
	t.Helper()
	t.Parallel()
	w := &town{Server: housingtest.Start(t), t: t, telegram: simulator.New(simulator.Config{})}
	w.telegram.AddBot(token, "test_bot")
	w.telegram.AddUser(simulator.User{ID: visitor, FirstName: "Anna"})
	must(t, w.telegram.Start(token, visitor))
	web := httptest.NewServer(w.telegram.Handler())
	t.Cleanup(func() { w.telegram.Close(); web.Close() })
	w.bot = telegram.New(secret.Text(token), web.URL, 10*time.Second)
	t.Cleanup(w.bot.Close)
	w.engine = flow.New(flow.NewStore(w.NATS.Conn), forms.All(nil)...)
	w.requests = requests.New(w.engine.Begin, func(_ context.Context, _ *talk.Turn, order string) bool { return order != w.closed })

	w.anna = w.phone(w.Applicant(housingtest.Name("Анна Петрова")), language)
	w.building, w.apartment = w.Home(w.anna.Client.User)
	w.rustam = w.phone(w.Person(access.Executor, housingtest.Can("plumbing"), housingtest.Name("Рустам Каримов")), language)
	w.shift(w.rustam)
	w.boss = w.phone(w.Manager(housingtest.Name("Ольга Ким")), language)
	return w
}

// shift puts an executor on shift.
func (w *town) shift(p *phone) {
	w.t.Helper()
	now := w.Clock.Now()
	w.exec(`INSERT INTO shifts (tenant_id, id, user_id, role, starts_at, ends_at, status, opened_at, created_at, updated_at)
		VALUES ($1, $2, $3, 'executor', $4, $5, 'open', $4, $4, $4)`, w.Tenant, uuid.New(), p.Client.User, now.Add(-time.Hour), now.Add(12*time.Hour))
}

func (w *town) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.Pool.Exec(context.Background(), sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// later moves the clock on; who is logged in logs in again.
func (w *town) later(by time.Duration, people ...*phone) {
	w.t.Helper()
	w.Clock.Advance(by)
	for _, p := range append(people, w.anna, w.rustam, w.boss) {
		p.Client.Renew()
	}
}

// leak makes a request of Anna's.
func (w *town) leak(description string, change ...func(*api.RequestNew)) api.Request {
	w.t.Helper()
	body := api.RequestNew{Category: "plumbing", Urgency: "urgent", Description: description, BuildingId: w.building, ApartmentId: &w.apartment}
	for _, c := range change {
		c(&body)
	}
	r, err := w.anna.Client.API.CreateRequestWithResponse(w.t.Context(), nil, body)
	if err != nil || r.JSON201 == nil {
		w.t.Fatalf("make a request: %v %s", err, r.Body)
	}
	return *r.JSON201
}

// phone is somebody's Telegram: what it shows is what can be tapped.
type phone struct {
	*town
	Client   *housingtest.Client
	language string
	person   *talk.Person
	chat     int64
	screen   talk.Screen // the last one with buttons
	turn     *talk.Turn  // the last one
	story    *strings.Builder
}

func (w *town) phone(c *housingtest.Client, language string) *phone {
	w.t.Helper()
	me, err := c.API.GetMeWithResponse(w.t.Context())
	if err != nil || me.JSON200 == nil {
		w.t.Fatalf("who is it: %v", err)
	}
	u := me.JSON200
	w.update++
	return &phone{
		town: w, Client: c, language: language, chat: 1000 + w.update, story: &strings.Builder{},
		person: &talk.Person{ID: u.Id.String(), Name: u.Name, Language: language, Role: u.ActiveRole, Roles: u.Roles},
	}
}

// speaks changes the language, and where is kept what is said.
func (p *phone) speaks(language string, story *strings.Builder) {
	p.language, p.story = language, story
}

// begin is a turn of an update that comes now.
func (p *phone) begin(kind talk.Kind) *talk.Turn {
	p.update++
	return &talk.Turn{
		Update:   talk.Update{Bot: 100, Tenant: p.Tenant, ID: p.update, Chat: p.chat, From: talk.From{ID: p.chat}, Kind: kind, Message: 5},
		Standing: talk.Approved, Person: p.person, Book: words.For(p.language), API: p.Client.API, Bot: p.bot, Zone: tashkent, Now: p.Clock.Now(),
	}
}

// end keeps what a turn has shown.
func (p *phone) end(turn *talk.Turn, did string, err error) *talk.Turn {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("%s: %s: %v", p.person.Name, did, err)
	}
	p.turn = turn
	for _, out := range turn.Outs {
		if len(out.Screen.Rows) > 0 {
			p.screen = out.Screen
		}
	}
	p.story.WriteString("» " + did + "\n\n" + said(p.t, turn))
	return turn
}

// asks sends a command or presses a key of the main menu.
func (p *phone) asks(name, argument string) *talk.Turn {
	p.t.Helper()
	turn := p.begin(talk.Command)
	turn.Command, turn.Argument = name, argument
	for _, order := range p.requests.Orders() {
		if order.Name == name {
			return p.end(turn, strings.TrimSpace("/"+name+" "+argument), order.Handle(p.t.Context(), turn))
		}
	}
	p.t.Fatalf("there is no order %s", name)
	return nil
}

// opens follows a deep link.
func (p *phone) opens(number string) *talk.Turn {
	p.t.Helper()
	turn := p.begin(talk.Command)
	return p.end(turn, "/start req_"+number, p.requests.Card(p.t.Context(), turn, number))
}

// taps taps the button whose words have this in them.
func (p *phone) taps(text string) *talk.Turn {
	p.t.Helper()
	b, ok := p.button(text)
	if !ok {
		p.t.Fatalf("%s has no button %q on:\n%s", p.person.Name, text, written(p.screen))
	}
	return p.calls(b.Text, b.Call.Do, b.Call.Args...)
}

// button finds a button on the screen.
func (p *phone) button(text string) (talk.Button, bool) {
	for _, row := range p.screen.Rows {
		for _, b := range row {
			if strings.Contains(b.Text, text) {
				return b, true
			}
		}
	}
	return talk.Button{}, false
}

// word taps the button that has the words of a key.
func (p *phone) word(key string) *talk.Turn {
	p.t.Helper()
	return p.taps(words.For(p.language).Plain(key))
}

// calls taps a button that may be nowhere on the screen: an old one, or a forged one.
func (p *phone) calls(did, do string, args ...string) *talk.Turn {
	p.t.Helper()
	turn := p.begin(talk.Tap)
	return p.end(turn, "["+did+"]", p.handle(turn, do, args))
}

func (p *phone) handle(turn *talk.Turn, do string, args []string) error {
	p.t.Helper()
	for _, route := range append(p.requests.Routes(), p.engine.Routes()...) {
		if route.Do == do && (len(route.Roles) == 0 || turn.Person.Is(route.Roles...)) {
			return route.Handle(p.t.Context(), turn, args)
		}
	}
	p.t.Fatalf("nobody answers %s for %s", do, turn.Person.Role)
	return nil
}

// writes answers a form.
func (p *phone) writes(text string) *talk.Turn {
	p.t.Helper()
	turn := p.begin(talk.Text)
	turn.Text = text
	return p.fills(turn, text)
}

// sends answers a form with a photo.
func (p *phone) sends() *talk.Turn {
	p.t.Helper()
	turn := p.begin(talk.Photo)
	turn.File = p.photo()
	return p.fills(turn, "(photo)")
}

func (p *phone) fills(turn *talk.Turn, did string) *talk.Turn {
	p.t.Helper()
	handled, err := p.engine.Handle(p.t.Context(), turn)
	if !handled && err == nil {
		p.t.Fatalf("%s: no form takes %q", p.person.Name, did)
	}
	return p.end(turn, did, err)
}

// photo is a photo that Telegram has.
func (w *town) photo() *talk.File {
	w.t.Helper()
	id, err := w.telegram.SendPhoto(token, visitor, jpegOf(w.t, uint8(w.update), 32, 32), "")
	must(w.t, err)
	for _, m := range w.telegram.Messages(visitor) {
		if m.ID == id && !m.FromBot {
			return &talk.File{ID: m.Photo, Unique: m.Photo, Bytes: 1000}
		}
	}
	w.t.Fatal("the photo is not there")
	return nil
}

// jpegOf is a picture of one colour.
func jpegOf(t *testing.T, grey uint8, width, height int) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = color.Gray{Y: grey}.Y
	}
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, img, nil))
	return b.Bytes()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
