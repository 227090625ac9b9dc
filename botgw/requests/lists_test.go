package requests_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ukbot/api"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/golden"
)

// filters is what each role may choose, and by which command it comes to it.
var filters = map[api.Role]struct {
	command string
	codes   []string
}{
	api.RoleApplicant: {"mine", []string{"open", "me", "late", "past", "all"}},
	api.RoleExecutor:  {"work", []string{"work", "free", "wait", "late", "past"}},
	api.RoleManager:   {"queue", []string{"late", "new", "work", "done", "all"}},
}

// TestLists keeps every list of every role, empty and with things in it.
func TestLists(t *testing.T) {
	w := newTown(t, "ru")
	look := func(file string) {
		for _, language := range words.Languages {
			story := &strings.Builder{}
			for _, p := range []*phone{w.anna, w.rustam, w.boss} {
				p.speaks(language, story)
				story.WriteString("=== " + p.person.Name + "\n\n")
				mine := filters[p.person.Role]
				p.asks(mine.command, "")
				for _, code := range mine.codes {
					p.calls(code, "rl", code)
				}
			}
			golden.Equal(t, language+"/"+file+".golden.txt", story.String())
		}
	}
	look("lists_empty")
	w.fill()
	look("lists")
}

// What the company closed is not offered.
func TestTheListOffersANewRequestUnlessThatIsClosed(t *testing.T) {
	w := newTown(t, "uz")
	for _, closed := range []string{"", "new"} {
		w.closed = closed
		w.anna.asks("mine", "")
		if _, offered := w.anna.button(words.For("uz").Plain("menu.new")); offered != (closed == "") {
			t.Errorf("with %q closed a new request is offered: %v", closed, offered)
		}
		if invited := !strings.Contains(said(t, w.anna.turn), words.For("uz").Plain("requests.empty")); invited != (closed == "") {
			t.Errorf("with %q closed the empty list invites: %v", closed, invited)
		}
	}
}

// fill makes requests of every status but a few, of some age.
func (w *town) fill() {
	w.t.Helper()
	steps := [][]string{
		{}, {"take"}, {"take", "purchase"}, {"take", "clarify"}, {"take", "complete"}, {"take", "complete", "confirm"}, {"cancel"}, {},
	}
	for i, does := range steps {
		r := w.leak(fmt.Sprintf("Заявка по счёту %d: течёт <кран> на кухне, вода на полу, соседи снизу уже приходили & жаловались", i+1))
		for _, step := range does {
			switch step {
			case "purchase", "clarify":
				w.rustam.act(r.Number, step, object{"comment": "Что купить?"})
			case "complete":
				w.rustam.act(r.Number, step, object{"comment": "Готово", "files": []any{w.rustam.attach(r.Number)}})
			case "confirm":
				w.boss.act(r.Number, step, nil)
			case "cancel":
				w.anna.act(r.Number, step, object{"reason": "Ошибка"})
			default:
				w.rustam.act(r.Number, step, nil)
			}
		}
		w.later(20 * time.Minute)
	}
	w.later(3 * time.Hour)
}

func TestPagesTurnThereAndBack(t *testing.T) {
	w := newTown(t, "en")
	for i := range 14 {
		w.leak(fmt.Sprintf("Leak %d", i+1))
		w.Clock.Advance(time.Second)
	}
	w.anna.asks("requests", "")
	w.anna.word("requests.filter_all")
	w.anna.has(talk.Auto, "Leak 14")
	w.anna.lacks("Earlier", "←")
	w.anna.word("button.next")
	w.anna.has(talk.Auto, "page 2")
	w.anna.has(talk.Auto, "Leak 8<")
	w.anna.word("button.next")
	w.anna.has(talk.Auto, "Leak 1<")
	w.anna.lacks(words.For("en").Plain("button.next"))

	t.Log("a card leads back to the page it was opened from")
	w.anna.taps("2")
	w.anna.has(talk.Auto, "Leak 1<")
	w.anna.word("requests.to_list")
	w.anna.has(talk.Auto, "page 3")
	w.anna.word("button.previous")
	w.anna.has(talk.Auto, "page 2")

	t.Log("a page that is there no more is the last one there is")
	w.anna.calls("old", "rl", "all", "140")
	w.anna.has(talk.Auto, "page 3")
	w.anna.calls("forged", "rl", "all", "-7")
	w.anna.has(talk.Auto, "Leak 14")
	w.anna.calls("forged", "rl", "<b>", "x")
	w.anna.has(talk.Auto, "Open")
}
