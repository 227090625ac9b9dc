package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/botgw/talk"
)

func TestShifts(t *testing.T) {
	w := newTown(t)
	t.Run("a shift is taken, opened and closed", func(t *testing.T) { worksAShift(t, w) })
	t.Run("a shift is given back", func(t *testing.T) { givesAShiftBack(t, w) })
	t.Run("old buttons", func(t *testing.T) { tapsOldShifts(t, w) })
}

func worksAShift(t *testing.T, w *town) {
	building, apartment := w.Home(w.anna.User)
	id := w.shift(nil, 9.5, 18, "")
	steps := []struct {
		do, toast, button string
	}{
		{"take", "Смена ваша", "Начать смену"},
		{"open", "Смена начата", "Закончить смену"},
		{"close", "Смена закончена. За вами осталась 1 заявка.", "Назад"},
	}
	for _, step := range steps {
		turn := w.turn(w.rustam, "ru")
		must(t, w.tap(turn, "sh", step.do, id, "free"))
		if got := said(t, turn); !strings.Contains(got, step.toast) || !strings.Contains(got, step.button) || turn.Outs[0].Way == talk.Auto {
			t.Errorf("%s: %s", step.do, got)
		}
		if step.do == "open" {
			var made struct{ Number string }
			w.anna.Do("POST", "/requests", body{"category": "lift", "urgency": "normal", "description": "x", "building_id": building, "apartment_id": apartment}).Want(t, 201, &made)
			w.boss.Do("POST", "/requests/"+made.Number+"/assign", body{"executor_id": w.rustam.ID()}).Want(t, 200)
		}
	}
	again := w.turn(w.rustam, "ru")
	must(t, w.tap(again, "sh", "close", id, "mine"))
	has(t, again, talk.Alert, "уже закончена")
}

func TestShiftsThatCannotBeHad(t *testing.T) {
	w := newTown(t)
	dilshod := w.Executor("lift")
	taken, later, evening := w.shift(nil, 10, 18, ""), w.shift(w.rustam, 20, 22, ""), w.shift(nil, 21, 23, "")
	must(t, w.tap(w.turn(dilshod, "ru"), "sh", "take", taken, "free"))
	for name, tc := range map[string]struct{ call, alert string }{
		"somebody was faster":        {"sh take " + taken + " free", "Смену уже взяли: executor"},
		"it is too early":            {"sh open " + later + " mine", "слишком рано"},
		"another shift at that time": {"sh take " + evening + " free", "уже есть смена"},
		"it was never opened":        {"sh close " + later + " mine", "уже закончена"},
		"nobody's":                   {"sh take " + uuid.NewString() + " free", "Этого больше нет"},
		"it is somebody else's":      {"sh release " + taken + " mine 0", "недоступно"},
	} {
		turn := w.asked(screen{name, w.rustam, tc.call}, "ru")
		has(t, turn, talk.Alert, tc.alert)
		if out := turn.Outs[len(turn.Outs)-1]; out.Way != talk.Auto || turn.Outcome != "refused" {
			t.Errorf("%s: nothing is shown:\n%s", name, said(t, turn))
		}
	}
}

func givesAShiftBack(t *testing.T, w *town) {
	id := w.shift(w.rustam, 20, 22, "")
	turn := w.asked(screen{"give back", w.rustam, "sh release " + id + " mine 0"}, "ru")
	has(t, turn, talk.Toast, "Смена снова свободна")
	has(t, turn, talk.Auto, "Свободна")
	again := w.asked(screen{"give back", w.boss, "sh release " + id + " mine 0"}, "ru")
	has(t, again, talk.Alert, "уже нельзя")
	has(t, again, talk.Auto, "Свободна")
	var shift struct{ Reason string }
	w.boss.Do("GET", "/shifts/"+id, nil).Want(t, 200, &shift)
	if shift.Reason != "Болею" {
		t.Errorf("the reason is %q", shift.Reason)
	}
}

func tapsOldShifts(t *testing.T, w *town) {
	for name, call := range map[string]string{
		"no shift":                   "sh",
		"no id":                      "sh take x",
		"a shift that is gone":       "sh view " + uuid.NewString() + " free",
		"an action nobody knows":     "sh swap " + w.shift(nil, 20, 22, "") + " free",
		"a list that roles have not": "shl now",
		"a week far away":            "shl mine 100000",
		"a week in letters":          "shl mine next",
	} {
		turn := w.asked(screen{name, w.rustam, call}, "uz")
		if out := turn.Outs[len(turn.Outs)-1]; out.Way != talk.Auto || len(out.Screen.Rows) == 0 {
			t.Errorf("%s: no screen:\n%s", name, said(t, turn))
		}
	}
}

func TestAWeekBeginsOnMondayOfTheCompany(t *testing.T) {
	w := newTown(t)
	w.Clock.Set(w.hour(-1).Add(7 * 24 * time.Hour)) // an hour before Monday begins in Tashkent
	w.rustam.Renew()
	turn := w.asked(screen{"mine", w.rustam, "/shifts"}, "ru")
	has(t, turn, talk.New, "2 марта — 8 марта")
	w.Clock.Advance(2 * time.Hour)
	w.rustam.Renew()
	turn = w.asked(screen{"mine", w.rustam, "/shifts"}, "ru")
	has(t, turn, talk.New, "9 марта — 15 марта")
}

// A shift of a day and longer would read as one of no time at all.
func TestALongShiftNamesItsLastDay(t *testing.T) {
	w := newTown(t)
	w.shift(nil, 24, 48, "")
	if got, want := said(t, w.asked(screen{"a day", w.rustam, "shl free"}, "ru")), "вт 3 марта, 00:00 – ср 4 марта, 00:00"; !strings.Contains(got, want) {
		t.Errorf("want %q in\n%s", want, got)
	}
}

func TestFreeShiftsArePaged(t *testing.T) {
	w := newTown(t)
	for i := range 10 {
		w.shift(nil, 24+float64(i), 25+float64(i), "")
	}
	turn := w.asked(screen{"free", w.rustam, "shl free"}, "ru")
	last := turn.Outs[0].Screen.Rows[len(turn.Outs[0].Screen.Rows)-2][0]
	next := w.asked(screen{"next", w.rustam, last.Call.Do + " " + strings.Join(last.Call.Args, " ")}, "ru")
	if got := said(t, next); strings.Count(got, "sh view") != 2 || !strings.Contains(got, "В начало") {
		t.Errorf("the second page:\n%s", got)
	}
}
