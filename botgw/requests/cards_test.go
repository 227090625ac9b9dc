package requests_test

import (
	"bytes"
	"errors"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/words"
	"ukbot/golden"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

type object = map[string]any

// act does something to a request without the bot.
func (p *phone) act(number, action string, body any) {
	p.t.Helper()
	p.Client.Do("POST", "/requests/"+number+"/"+action, body).Want(p.t, 200)
}

// attach adds a photo to a request without the bot.
func (p *phone) attach(number string) uuid.UUID {
	p.t.Helper()
	p.update++
	return p.upload(number, jpegOf(p.t, uint8(p.update), 32, 32))
}

func (p *phone) upload(number string, picture []byte) uuid.UUID {
	p.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", "a.jpg")
	must(p.t, err)
	_, err = part.Write(picture)
	must(p.t, errors.Join(err, form.Close()))
	var file api.File
	p.Client.Do("POST", "/requests/"+number+"/files", b.Bytes(), "Content-Type: "+form.FormDataContentType()).Want(p.t, 201, &file)
	return file.Id
}

// TestCards keeps the card of every status for every role that sees it.
func TestCards(t *testing.T) {
	w := newTown(t, "ru")
	idle := w.phone(w.Person(access.Executor, housingtest.Can("plumbing"), housingtest.Name("Тимур Без Смены")), "ru")
	stories := map[string]*strings.Builder{}
	n := w.leak("Течёт кран").Number
	look := func(what string) {
		for _, language := range words.Languages {
			if stories[language] == nil {
				stories[language] = &strings.Builder{}
			}
			stories[language].WriteString("=== " + what + "\n\n")
			for _, p := range []*phone{w.anna, w.rustam, idle, w.boss} {
				p.speaks(language, &strings.Builder{})
				p.opens(n)
				stories[language].WriteString("--- " + p.person.Name + "\n\n" + said(t, p.turn))
			}
		}
	}
	look("new")
	w.later(3*time.Hour, idle)
	look("not taken in time")
	w.rustam.act(n, "take", nil)
	look("in progress")
	w.rustam.act(n, "purchase", object{"comment": "Нужен смеситель"})
	look("purchase")
	w.rustam.act(n, "clarify", object{"comment": "Когда вы дома?"})
	look("clarification")
	w.anna.act(n, "answer", object{"comment": "После шести"})
	w.rustam.act(n, "complete", object{"comment": "Заменил", "files": []uuid.UUID{w.rustam.attach(n)}})
	w.later(time.Minute, idle)
	w.rustam.Client.Do("POST", "/requests/"+n+"/comments", object{"body": "Старая труба, менять весь стояк", "visibility": "internal"}).Want(t, 201)
	look("completed")
	w.boss.act(n, "confirm", nil)
	look("confirmed")
	w.later(100*time.Hour, idle)
	look("confirmed, and the resident does not answer")
	w.anna.act(n, "return", object{"reason": "Снова капает", "files": []uuid.UUID{w.anna.attach(n)}})
	look("returned")
	w.later(100*time.Hour, idle)
	look("overdue")
	w.boss.act(n, "assign", object{"executor_id": idle.Client.User, "reason": "Первый не справился"})
	look("of somebody off shift")
	w.boss.act(n, "complete", object{"comment": "Сухо", "files": []uuid.UUID{w.boss.attach(n)}})
	w.boss.act(n, "confirm", nil)
	w.anna.act(n, "accept", object{"stars": 5, "comment": "Спасибо <3"})
	look("accepted")
	n = w.leak("Гудит труба", func(r *api.RequestNew) { r.ApartmentId, r.Urgency = nil, "critical" }).Number
	w.anna.act(n, "cancel", object{"reason": "Само прошло"})
	look("cancelled")
	for language, story := range stories {
		golden.Equal(t, language+"/cards"+".golden.txt", story.String())
	}
}
