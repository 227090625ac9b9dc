package forms_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"ukbot/api"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/golden"
)

// TestStories tells each form from its first step to its end, in every
// language: what is shown at each step has its golden file.
func TestStories(t *testing.T) {
	w := newTown(t)
	w.exec(t, "UPDATE buildings SET address = 'Чиланзар, дом 1 <A>', search = 'chilanzar dom 1' WHERE id = $1", w.home)
	w.exec(t, "UPDATE apartments SET number = '12' WHERE id = $1", w.flat)
	w.exec(t, "UPDATE yards SET name = 'Чиланзар'")
	// In this order: who is invited lives in the apartment from then on.
	for _, story := range []struct {
		name string
		tell func(*town, *testing.T, string) *phone
	}{
		{"create", tellCreate},
		{"create-manager", tellCreateByManager},
		{"comment", tellComment},
		{"comment-internal", tellInternal},
		{"cancel", tellCancel},
		{"draft", tellDraft},
		{"register", tellRegister},
		{"register-invited", tellInvited},
		{"create-two-homes", tellTwoHomes},
	} {
		for _, language := range words.Languages {
			t.Run(story.name+" in "+language, func(t *testing.T) {
				golden.Equal(t, story.name+"."+language+".golden.txt", trailing.ReplaceAllString(story.tell(w, t, language).story.String(), ""))
			})
		}
	}
}

// trailing is what editors take away.
var trailing = regexp.MustCompile(`(?m) +$`)

func (w *town) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := w.Pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// get reads a request as a manager does.
func (w *town) get(t *testing.T, number string) api.Request {
	t.Helper()
	r, err := w.boss.API.GetRequestWithResponse(t.Context(), number)
	if err != nil || r.JSON200 == nil {
		t.Fatalf("request %s: %v", number, err)
	}
	return *r.JSON200
}

// made is the number of the request that the last screen opens.
func (p *phone) made() string { return p.button(p.book.Plain("flow.card")).Call.Args[0] }

func tellCreate(w *town, t *testing.T, language string) *phone {
	p := w.phone(t, w.anna, language)
	p.begin("create", flow.Data{})
	p.word("category.lift")
	p.taps("12")
	p.says("Застрял лифт <3 & \u202eعربي 👨‍👩‍👧")
	p.shows(0)
	p.shows(1)
	p.word("button.done")
	p.word("urgency.critical")
	p.word("create.send")
	r := w.get(t, p.made())
	if r.Description != "Застрял лифт <3 & \u202eعربي 👨‍👩‍👧" || r.Urgency != api.Critical || r.Category != api.Lift || r.Apartment == nil || r.Applicant.Id != w.anna.Caller.User {
		t.Errorf("made %+v", r)
	}
	if n := w.files(t, r.Number); n != 2 {
		t.Errorf("%d photos, want 2", n)
	}
	return p
}

func (w *town) files(t *testing.T, number string) int {
	t.Helper()
	r, err := w.boss.API.ListFilesWithResponse(t.Context(), number)
	if err != nil || r.JSON200 == nil {
		t.Fatalf("files of %s: %v", number, err)
	}
	return len(r.JSON200.Items)
}

func tellCreateByManager(w *town, t *testing.T, language string) *phone {
	p := w.phone(t, w.boss, language)
	p.begin("create", flow.Data{})
	p.word("category.plumbing")
	p.says("нет такого дома ы")
	p.says("чиланзар")
	p.taps("дом 1")
	p.says("99")
	p.says(" 12 ")
	p.taps("Анна")
	p.says("Позвонила: течёт")
	p.word("button.skip")
	p.word("urgency.normal")
	p.word("create.send")
	if r := w.get(t, p.made()); r.Applicant.Id != w.anna.Caller.User || r.CreatedBy.Id != w.boss.ID() || r.Apartment == nil {
		t.Errorf("made %+v", r)
	}
	return p
}

// tellTwoHomes is also what is said of answers that do not fit.
func tellTwoHomes(w *town, t *testing.T, language string) *phone {
	both := w.Applicant()
	w.Lives(both.Caller.User, w.flat)
	second, _ := w.Home(both.Caller.User)
	w.exec(t, "UPDATE buildings SET address = 'Юнусабад, дом 7' WHERE id = $1", second)
	w.exec(t, "UPDATE apartments SET number = '34' WHERE building_id = $1", second)
	p := w.phone(t, both, language)
	p.begin("create", flow.Data{})
	p.word("category.electricity")
	p.taps("Юнусабад")
	p.send(p.turn(talk.Sticker), "(sticker)")
	p.taps("34")
	p.send(p.turn(talk.Voice), "(voice)")
	p.says(strings.Repeat("я", flow.TextMax+21))
	p.shows(0)
	p.shows(1)
	p.says("Нет света")
	p.word("flow.clear_photos")
	p.send(p.turn(talk.Document, func(t *talk.Turn) { t.File = &talk.File{ID: "d", Unique: "d", Media: "application/pdf"} }), "(PDF)")
	p.word("button.skip")
	p.word("urgency.medium")
	p.send(p.turn(talk.Location), "(location)")
	p.word("create.send")
	turn := p.turn(talk.Tap)
	p.end(turn, "(a button of long ago)", call(w.engine, t, turn, talk.Call{Do: flow.PickDo, Args: []string{"x", "y"}}))
	w.exec(t, "UPDATE buildings SET address = id::text WHERE id = $1", second)
	return p
}

func tellComment(w *town, t *testing.T, language string) *phone {
	p := w.phone(t, w.anna, language)
	p.begin("comment", flow.Data{Request: w.request})
	p.shows(2)
	p.says("Жду <завтра>")
	p.word("comment.send")
	return p
}

func tellInternal(w *town, t *testing.T, language string) *phone {
	p := w.phone(t, w.boss, language)
	p.begin("comment", flow.Data{Request: w.request})
	p.word("comment.internal")
	p.shows(2)
	p.says("Только для своих")
	p.word("comment.send")
	return p
}

func tellCancel(w *town, t *testing.T, language string) *phone {
	made, err := w.anna.API.CreateRequestWithResponse(t.Context(), nil, api.RequestNew{Category: api.Other, Urgency: api.Normal, Description: "x", BuildingId: w.home})
	if err != nil || made.JSON201 == nil {
		t.Fatalf("make a request: %v", err)
	}
	p := w.phone(t, w.anna, language)
	p.begin("cancel", flow.Data{Request: made.JSON201.Number})
	p.word("cancel.reason_mistake")
	p.word("button.back")
	p.says("Сами справились")
	p.word("cancel.send")
	if r := w.get(t, made.JSON201.Number); r.Status != "cancelled" {
		t.Errorf("status %s", r.Status)
	}
	p.begin("cancel", flow.Data{Request: made.JSON201.Number})
	p.word("cancel.reason_mistake")
	p.word("cancel.send")
	return p
}

func own(number string) func(*talk.Turn) {
	return func(t *talk.Turn) { t.Phone = &talk.Phone{Number: number, Own: true} }
}

func tellRegister(w *town, t *testing.T, language string) *phone {
	p := w.phone(t, nil, "ru")
	p.name = ""
	p.begin("register", flow.Data{})
	p.word("language." + language)
	p.says("+998901112233")
	p.send(p.turn(talk.Contact, func(t *talk.Turn) { t.Phone = &talk.Phone{Number: "998900000000"} }), "(another's contact)")
	p.send(p.turn(talk.Contact, own("998 (90) 111-22-33")), "(own contact)")
	p.taps("Чиланзар")
	p.taps("дом 1")
	p.taps("12")
	p.says("Шахноза Юсупова")
	p.word("register.send")
	if u := w.user(t, p.chat); u.Status != api.UserStatusPending || u.Name != "Шахноза Юсупова" || *u.Phone != "+998901112233" || string(u.Language) != language {
		t.Errorf("registered %+v", u)
	}
	turn := p.turn(talk.Text)
	turn.Standing = talk.Pending
	p.end(turn, "(waiting)", w.engine.Waiting(t.Context(), turn))
	p.taps("English")
	return p
}

// user finds somebody by their Telegram.
func (w *town) user(t *testing.T, telegram int64) api.User {
	t.Helper()
	limit := 200
	r, err := w.boss.API.ListUsersWithResponse(t.Context(), &api.ListUsersParams{Limit: &limit})
	if err != nil || r.JSON200 == nil {
		t.Fatalf("users: %v", err)
	}
	for _, u := range r.JSON200.Items {
		if u.TelegramId != nil && *u.TelegramId == telegram {
			return u
		}
	}
	t.Fatalf("nobody has Telegram %d", telegram)
	return api.User{}
}

func tellInvited(w *town, t *testing.T, language string) *phone {
	invitation := w.invite()
	p := w.phone(t, nil, "ru")
	p.begin("register", flow.Data{Invitation: invitation})
	p.word("language." + language)
	p.send(p.turn(talk.Contact, own("998901112244")), "(own contact)")
	if u := w.user(t, p.chat); u.Status != api.UserStatusApproved {
		t.Errorf("registered %+v", u)
	}
	if let := p.last.Person; let == nil || let.Role != api.RoleApplicant || let.Language != language || p.last.Standing != talk.Approved {
		t.Errorf("the turn is of %+v: nobody gives them their commands", let)
	}
	late := w.phone(t, nil, "ru")
	late.begin("register", flow.Data{Invitation: invitation})
	late.word("language." + language)
	late.send(late.turn(talk.Contact, own("998901112255")), "(own contact, invitation used)")
	late.word("flow.unlisted")
	late.word("register.send")
	if u := w.user(t, late.chat); u.Status != api.UserStatusPending {
		t.Errorf("registered %+v", u)
	}
	p.story.WriteString(late.story.String())
	return p
}

func tellDraft(w *town, t *testing.T, language string) *phone {
	p := w.phone(t, w.anna, language)
	start := w.Clock.Now()
	p.begin("create", flow.Data{})
	p.word("category.lift")
	p.taps("12")
	p.says("Застрял лифт <3")
	p.says("Отмена")
	p.word("flow.go_on")
	turn := p.turn(talk.Command)
	p.end(turn, "/requests", w.engine.Leave(t.Context(), turn))
	p.begin("comment", flow.Data{Request: w.request})
	p.begin("create", flow.Data{})
	p.word("flow.go_on")
	later := func(t *talk.Turn) { t.Now, t.Text = start.Add(2*time.Hour), "ещё" }
	p.send(p.turn(talk.Text, later), "(two hours later)")
	p.word("flow.discard")
	return p
}
