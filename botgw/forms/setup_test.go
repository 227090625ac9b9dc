package forms_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/desk"
	"ukbot/botgw/flow"
	"ukbot/botgw/forms"
	"ukbot/botgw/simulator"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
	"ukbot/secret"
	"ukbot/sql/dbtest"
)

// menu is everybody's main menu.
var menu = desk.New(desk.Config{}).Menu

func TestMain(m *testing.M) { dbtest.Main(m) }

const (
	token   = "100:test"
	visitor = 77 // who sends photos to the pretended Telegram
)

// town is a company whose people fill in forms, and a pretended Telegram to
// fetch photos from.
type town struct {
	*housingtest.Server
	t        *testing.T
	engine   *flow.Engine
	telegram *simulator.Server
	bot      *telegram.Bot
	photos   []talk.File
	away     atomic.Bool // the housing services do not answer
	updates  int64
	chats    int64

	home, flat          uuid.UUID // Anna's
	anna, rustam, boss  *housingtest.Client
	machine             *housingtest.Client
	request, invitation string
}

func newTown(t *testing.T) *town {
	t.Helper()
	w := &town{Server: housingtest.Start(t), t: t, telegram: simulator.New(simulator.Config{}), chats: 5000}
	w.telegram.AddBot(token, "test_bot")
	w.telegram.AddUser(simulator.User{ID: visitor, FirstName: "Anna"})
	must(t, w.telegram.Start(token, visitor))
	web := httptest.NewServer(w.telegram.Handler())
	t.Cleanup(func() { w.telegram.Close(); web.Close() })
	w.bot = telegram.New(secret.Text(token), web.URL, 10*time.Second)
	t.Cleanup(w.bot.Close)
	w.engine = w.another()
	for i := range 7 {
		w.photos = append(w.photos, w.photo(uint8(i)))
	}
	w.people()
	return w
}

// another is the engine of another replica.
func (w *town) another() *flow.Engine {
	return flow.New(flow.NewStore(w.NATS.Conn), forms.All(menu)...)
}

func (w *town) people() {
	w.anna = w.Applicant(housingtest.Name("Анна <Петрова>"))
	w.home, w.flat = w.Home(w.anna.Caller.User)
	w.rustam = w.Person(access.Executor, housingtest.Can("plumbing"), housingtest.Name("Рустам Каримов"))
	w.boss = w.Manager(housingtest.Name("Ольга Ким"))
	w.machine = w.Key(access.AuthTelegram, access.UsersRegister, access.BuildingsView, access.CompanyView)
	r, err := w.anna.API.CreateRequestWithResponse(w.t.Context(), nil, api.RequestNew{Category: api.Plumbing, Urgency: api.Urgent, Description: "Течёт", BuildingId: w.home, ApartmentId: &w.flat})
	if err != nil || r.JSON201 == nil {
		w.t.Fatalf("make a request: %v %s", err, r.Body)
	}
	w.request = r.JSON201.Number
	w.invitation = w.invite()
}

// invite makes an invitation of a resident.
func (w *town) invite() string {
	w.t.Helper()
	var made api.NewInvitation
	w.boss.Do("POST", "/invitations", map[string]any{"role": "applicant", "apartment_id": w.flat}).Want(w.t, 201, &made)
	return made.Token
}

func (w *town) photo(grey uint8) talk.File {
	w.t.Helper()
	img := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range img.Pix {
		img.Pix[i] = grey
	}
	var b bytes.Buffer
	must(w.t, jpeg.Encode(&b, img, nil))
	id, err := w.telegram.SendPhoto(token, visitor, b.Bytes(), "")
	must(w.t, err)
	for _, m := range w.telegram.Messages(visitor) {
		if m.ID == id && !m.FromBot {
			return talk.File{ID: m.Photo, Unique: fmt.Sprintf("u%d", grey), Bytes: 1000}
		}
	}
	w.t.Fatal("the photo is not there")
	return talk.File{}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
