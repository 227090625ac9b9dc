package desk_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"ukbot/botgw/talk"
	"ukbot/housing/housingtest"
)

func admitsPeople(t *testing.T, w *town) {
	id := w.newcomer.ID()
	turn := w.turn(w.boss, "ru")
	must(t, w.tap(turn, "usr", "approve", id, "pending"))
	has(t, turn, talk.Toast, "Одобрено")
	has(t, turn, talk.Auto, "Одобрен")

	again := w.turn(w.root, "ru") // whose list is from before
	must(t, w.tap(again, "usr", "approve", id, "pending"))
	has(t, again, talk.Toast, "Уже решено: Одобрен")
	if again.Outcome != "stale" {
		t.Errorf("outcome %q", again.Outcome)
	}
	stale := w.turn(w.boss, "ru")
	must(t, w.tap(stale, "usr", "approve", w.outcast.ID(), "pending"))
	has(t, stale, talk.Toast, "Уже решено: Заблокирован")
}

func blocksPeople(t *testing.T, w *town) {
	id := w.anna.ID()
	if err := w.tap(w.turn(w.boss, "ru"), "ban", id); !errors.Is(err, errForbidden) {
		t.Errorf("a manager blocks: %v", err)
	}
	turn := w.turn(w.root, "ru")
	must(t, w.tap(turn, "ban", id, "3", "yes"))
	has(t, turn, talk.Toast, "Доступ закрыт")
	has(t, turn, talk.Auto, "Нарушает правила")

	again := w.turn(w.root, "ru")
	must(t, w.tap(again, "ban", id, "3", "yes"))
	has(t, again, talk.Toast, "Уже решено")

	turn = w.turn(w.root, "ru")
	must(t, w.tap(turn, "usr", "unblock", id, "blocked", "yes"))
	has(t, turn, talk.Toast, "Доступ возвращён")
	again = w.turn(w.root, "ru")
	must(t, w.tap(again, "usr", "unblock", id, "blocked", "yes"))
	has(t, again, talk.Toast, "Уже решено")

	self := w.turn(w.root, "ru")
	must(t, w.tap(self, "ban", w.root.ID(), "0", "yes"))
	if self.Outcome != "refused" {
		t.Errorf("an admin blocks themselves:\n%s", said(t, self))
	}
	newcomer := w.turn(w.root, "ru") // waits: there is no block to lift
	must(t, w.tap(newcomer, "usr", "unblock", w.newcomer.ID(), "blocked", "yes"))
	has(t, newcomer, talk.Toast, "Уже решено: Ждёт")
}

func leavesWork(t *testing.T, w *town) {
	building, apartment := w.Home(w.anna.User)
	var made struct{ Number string }
	w.anna.Do("POST", "/requests", body{"category": "lift", "urgency": "normal", "description": "x", "building_id": building, "apartment_id": apartment}).Want(t, 201, &made)
	w.boss.Do("POST", "/requests/"+made.Number+"/assign", body{"executor_id": w.rustam.ID()}).Want(t, 200)
	turn := w.turn(w.root, "en")
	must(t, w.tap(turn, "ban", w.rustam.ID(), "1", "yes"))
	has(t, turn, talk.New, "<b>Rustam &lt;b&gt;Aliev&lt;/b&gt;</b> still has 1 request")
}

func judgesLinks(t *testing.T, w *town) {
	building, entrance := w.Building()
	second := w.Apartment(building, entrance)
	w.asks(w.anna, second)
	person, home := w.newcomer.ID(), w.home.String()

	turn := w.turn(w.boss, "ru")
	must(t, w.tap(turn, "apt", "approve", person, home, "l"))
	has(t, turn, talk.Toast, "Квартира подтверждена")
	has(t, turn, talk.Auto, "Anna &amp; Co")

	late := w.turn(w.root, "ru") // rejects what was approved meanwhile
	must(t, w.tap(late, "apt", "reject", person, home, "p", "0"))
	if late.Outcome != "refused" {
		t.Errorf("an approved link is rejected:\n%s", said(t, late))
	}
	has(t, late, talk.Auto, "🏠 Чиланзар")

	turn = w.turn(w.boss, "ru")
	must(t, w.tap(turn, "apt", "reject", w.anna.ID(), second.String(), "l", "2"))
	has(t, turn, talk.Toast, "Отказано")
	has(t, turn, talk.Auto, "Проверять нечего")

	gone := w.turn(w.boss, "ru")
	must(t, w.tap(gone, "apt", "approve", w.anna.ID(), uuid.NewString(), "l"))
	has(t, gone, talk.Alert, "Этого больше нет")
}

func TestPeople(t *testing.T) {
	w := newTown(t)
	t.Run("old and foreign buttons", func(t *testing.T) { tapsOldPeople(t, w) })
	t.Run("who leaves work behind", func(t *testing.T) { leavesWork(t, w) })
	t.Run("people are blocked and let in again", func(t *testing.T) { blocksPeople(t, w) })
	t.Run("people are admitted once", func(t *testing.T) { admitsPeople(t, w) })
	t.Run("links are judged", func(t *testing.T) { judgesLinks(t, w) })
}

func tapsOldPeople(t *testing.T, w *town) {
	stranger := w.In(housingtest.Other).Applicant()
	for name, call := range map[string]string{
		"somebody of another company":      "usr view " + stranger.ID() + " approved",
		"nobody":                           "usr view " + uuid.NewString() + " pending",
		"nobody to block":                  "ban " + uuid.NewString() + " 0 yes",
		"no id at all":                     "usr approve",
		"another id":                       "usr approve 12",
		"no list of this name":             "usl everybody",
		"no link":                          "apt approve",
		"a person's view without its list": "usr view " + w.anna.ID(),
		"a block without a person":         "ban",
		"the panel with what it knows not": "adm x y z",
	} {
		turn := w.asked(screen{name, w.root, call}, "en")
		if out := turn.Outs[len(turn.Outs)-1]; out.Way != talk.Auto || len(out.Screen.Rows) == 0 {
			t.Errorf("%s: no screen:\n%s", name, said(t, turn))
		}
	}
}

func TestListsOfPeopleArePaged(t *testing.T) {
	w := newTown(t)
	for range 20 {
		who := w.Applicant(housingtest.Status("pending"), housingtest.Name(longName))
		w.asks(who, w.home)
	}
	for _, do := range []string{"usl pending", "apl"} {
		seen, pages := map[string]bool{}, 0
		for call := do; call != ""; pages++ {
			turn := w.asked(screen{do, w.boss, call}, "ru")
			said(t, turn)
			call = ""
			for _, buttons := range turn.Outs[0].Screen.Rows {
				for _, b := range buttons {
					if b.Call.Do == "usr" || b.Call.Do == "apt" {
						seen[b.Call.Args[1]] = true
					}
					if strings.HasPrefix(b.Text, "Вперёд") {
						call = b.Call.Do + " " + strings.Join(b.Call.Args, " ")
					}
				}
			}
		}
		if len(seen) != 21 || pages != 3 {
			t.Errorf("%s: %d people on %d pages", do, len(seen), pages)
		}
	}
	turn := w.asked(screen{"panel", w.boss, "/admin"}, "ru")
	has(t, turn, talk.New, "Ждут одобрения: <b>20+</b>")
}
