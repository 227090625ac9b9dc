package speak

import (
	"slices"
	"strings"
	"testing"

	"ukbot/botgw/simulator"
	"ukbot/botgw/talk"
	"ukbot/golden"
)

// TestWhatGoesOverTheWire holds each way of answering against a golden file.
func TestWhatGoesOverTheWire(t *testing.T) {
	list := talk.Screen{Text: "<b>Заявки</b>: 2 &lt;новые&gt;", Rows: [][]talk.Button{
		{{Text: "🆕 251007-001", Call: talk.Call{Do: "rv", Args: []string{"251007-001"}}}},
		{{Text: "1 / 3"}, {Text: "Вперёд →", Call: talk.Call{Do: "rl", Args: []string{"open", "2"}}}},
		{},
		{{Text: "Сайт", URL: "https://example.uz/a?b=c&d"}},
	}}
	menu := talk.Screen{Text: "Меню", Menu: &talk.Menu{
		Rows:        [][]talk.Key{{{Text: "📋 Мои заявки"}, {Text: "➕ Создать"}}, {{Text: "📱 Номер", AskPhone: true}, {Text: "📍 Место", AskPlace: true}}},
		Placeholder: strings.Repeat("Выберите ", 10),
	}}
	jpegs := func(n int) []talk.Image { return slices.Repeat([]talk.Image{{Name: "a.jpg", Data: jpegFile}}, n) }
	for name, tc := range map[string]func(s *scene) (talk.Update, []talk.Out){
		"a tap edits in place": func(s *scene) (talk.Update, []talk.Out) {
			return s.tapped(s.shown("Меню"), "rl"), []talk.Out{{Screen: list}}
		},
		"a text gets a new message": func(s *scene) (talk.Update, []talk.Out) {
			return s.wrote("list"), []talk.Out{{Screen: list}}
		},
		"a tap with a toast": func(s *scene) (talk.Update, []talk.Out) {
			return s.tapped(s.shown("Меню"), "rt"), []talk.Out{{Screen: list}, {Way: talk.Toast, Screen: talk.Screen{Text: "Готово <3"}}}
		},
		"a tap with an alert": func(s *scene) (talk.Update, []talk.Out) {
			return s.tapped(s.shown("Меню"), "rt"), []talk.Out{{Way: talk.Alert, Screen: talk.Screen{Text: strings.Repeat("Нельзя ", 40)}}}
		},
		"a toast after a text is a message": func(s *scene) (talk.Update, []talk.Out) {
			return s.wrote("<3"), []talk.Out{{Way: talk.Toast, Screen: talk.Screen{Text: "Не понял <3 & больше"}}}
		},
		"a menu after a tap is a new message": func(s *scene) (talk.Update, []talk.Out) {
			return s.tapped(s.shown("Готово?"), "yes"), []talk.Out{{Screen: menu}}
		},
		"a menu that folds": func(s *scene) (talk.Update, []talk.Out) {
			once := menu
			once.Menu = &talk.Menu{Rows: menu.Menu.Rows[:1], Once: true}
			return s.wrote("x"), []talk.Out{{Screen: once}}
		},
		"a menu that goes": func(s *scene) (talk.Update, []talk.Out) {
			return s.wrote("x"), []talk.Out{{Screen: talk.Screen{Text: "Пишите", Menu: &talk.Menu{}}}}
		},
		"a photo with keys": func(s *scene) (talk.Update, []talk.Out) {
			return s.wrote("x"), []talk.Out{{Screen: talk.Screen{Text: "<i>Фото</i>", Photos: jpegs(1), Rows: rows("OK", "ok")}}}
		},
		"an album with a caption": func(s *scene) (talk.Update, []talk.Out) {
			return s.wrote("x"), []talk.Out{{Screen: talk.Screen{Text: "<i>Фото</i>", Photos: jpegs(2)}}}
		},
		"an album with keys": func(s *scene) (talk.Update, []talk.Out) {
			return s.wrote("x"), []talk.Out{{Screen: talk.Screen{Text: "<i>Фото</i>", Photos: jpegs(2), Rows: rows("OK", "ok")}}}
		},
		"eleven photos": func(s *scene) (talk.Update, []talk.Out) {
			return s.wrote("x"), []talk.Out{{Screen: talk.Screen{Text: "Фото", Photos: jpegs(11)}}}
		},
		"a long caption": func(s *scene) (talk.Update, []talk.Out) {
			return s.wrote("x"), []talk.Out{{Screen: talk.Screen{Text: strings.Repeat("ы", captionMax+1), Photos: jpegs(1)}}}
		},
		"keys go": func(s *scene) (talk.Update, []talk.Out) {
			return s.wrote("x"), []talk.Out{{Way: talk.Unkey, Message: s.shown("Меню")}}
		},
		"keys alone change": func(s *scene) (talk.Update, []talk.Out) {
			return s.wrote("x"), []talk.Out{{Way: talk.Edit, Message: s.shown("Меню"), Screen: talk.Screen{Rows: rows("Другое", "x")}}}
		},
		"a caption is edited": func(s *scene) (talk.Update, []talk.Out) {
			return s.tapped(s.photo("было"), "rv"), []talk.Out{{Screen: talk.Screen{Text: "<b>стало</b>", Rows: rows("OK", "ok")}}}
		},
		"a photo goes for a long text": func(s *scene) (talk.Update, []talk.Out) {
			return s.tapped(s.photo("было"), "rv"), []talk.Out{{Screen: talk.Screen{Text: strings.Repeat("ы", captionMax+1)}}}
		},
		"at work, then two screens": func(s *scene) (talk.Update, []talk.Out) {
			return s.tapped(s.shown("Меню"), "x"), []talk.Out{{Way: talk.Typing}, {Screen: talk.Screen{Text: "1"}}, {Screen: talk.Screen{Text: "2"}}}
		},
		"nothing to say": func(s *scene) (talk.Update, []talk.Out) { return s.tapped(s.shown("Меню"), "x"), nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, Config{})
			u, outs := tc(s)
			s.tape.rewind()
			s.deliver(u, outs...)
			golden.Equal(t, strings.ReplaceAll(name, " ", "_")+".golden.txt", s.tape.text())
		})
	}
}

// TestAMessageIsReplacedWhereItCannotBeEdited: each case says what chat and
// person see in the end.
func TestAMessageIsReplacedWhereItCannotBeEdited(t *testing.T) {
	for name, tc := range map[string]struct {
		before func(s *scene, message int)
		text   string
		want   []string
		same   bool // the id of the message stays
	}{
		"it is edited in place":               {func(*scene, int) {}, "neu", []string{"neu"}, true},
		"nothing to change is success":        {func(*scene, int) {}, "alt", []string{"alt"}, true},
		"a deleted message is replaced":       {func(s *scene, m int) { s.must(s.bot.Delete(s.Context(), aziza, m)) }, "neu", []string{"neu"}, false},
		"one that may not be edited any more": {refuse("Bad Request: message can't be edited", 1), "neu", []string{"alt", "neu"}, false},
		"a refusal never heard of":            {refuse("Bad Request: MESSAGE_ID_INVALID", 1), "neu", []string{"alt", "neu"}, false},
		"markup of ours that cannot be read":  {func(*scene, int) {}, "5 < 6 <b>neu", []string{"5 < 6 neu"}, true},
		"a text that is too long is cut":      {func(*scene, int) {}, strings.Repeat("я", 5000), []string{strings.Repeat("я", 4095) + "…"}, true},
		"a moment's flood is waited out": {func(s *scene, _ int) {
			s.fault(simulator.Fault{Kind: simulator.FaultFlood, Method: "editMessageText", RetryAfter: 1, Count: 1})
		}, "neu", []string{"neu"}, true},
		"a moment's outage is waited out": {func(s *scene, _ int) {
			s.fault(simulator.Fault{Kind: simulator.FaultServer, Method: "editMessageText", Count: 2})
		}, "neu", []string{"neu"}, true},
		"an answer that is lost is asked again": {func(s *scene, _ int) {
			s.fault(simulator.Fault{Kind: simulator.FaultDrop, Method: "editMessageText", Count: 1})
		}, "neu", []string{"neu"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, Config{})
			message := s.shown("alt")
			u, now := s.tapped(message, "x"), 0
			tc.before(s, message)
			screen := talk.Screen{Text: tc.text, Rows: rows("Open", "rv", "251007-001")}
			s.deliver(u, talk.Out{Screen: screen, Shown: func(id int) { now = id }})
			if got := s.said(); !slices.Equal(got, tc.want) {
				t.Errorf("the chat reads %.80q, want %.80q", got, tc.want)
			}
			if (now == message) != tc.same || now == 0 {
				t.Errorf("shown in message %d, was %d", now, message)
			}
			s.answer(u)
		})
	}
}

// refuse makes Telegram refuse edits of text.
func refuse(description string, count int) func(*scene, int) {
	return func(s *scene, _ int) {
		s.fault(simulator.Fault{Kind: simulator.FaultRefuse, Status: 400, Description: description, Method: "editMessageText", Count: count})
	}
}

func TestMarkupThatCannotBeReadIsABugInTheLogWithoutItsText(t *testing.T) {
	s := newScene(t, Config{})
	s.deliver(s.wrote("x"), talk.Out{Screen: talk.Screen{Text: "secret word < 3"}})
	if got := s.said(); !slices.Equal(got, []string{"secret word < 3"}) {
		t.Errorf("the chat reads %q", got)
	}
	if log := s.log.String(); strings.Contains(log, "secret word") || !strings.Contains(log, `"level":"error"`) {
		t.Errorf("the log says %s", log)
	}
}
