package desk_test

import (
	"slices"
	"strings"
	"testing"

	"ukbot/api"
	"ukbot/botgw/talk"
	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
	"ukbot/sql/db"
)

func TestSettings(t *testing.T) {
	o := open(t)
	t.Run("language is changed and followed", func(t *testing.T) { changesLanguage(t, o) })
	t.Run("role is switched", func(t *testing.T) { switchesRole(t, o) })
	t.Run("notices are switched", func(t *testing.T) { switchesNotices(t, o) })
	t.Run("quiet hours", func(t *testing.T) { setsQuietHours(t, o) })
}

func changesLanguage(t *testing.T, o *office) {
	anna := o.Applicant()
	turn := o.turn(anna, "ru")
	must(t, o.tap(turn, "lang", "uz"))
	has(t, turn, talk.Toast, "Til oʻzgartirildi")
	has(t, turn, talk.New, "oʻzbek tilida")
	if got := said(t, turn); !strings.Contains(got, "(➕ Ariza yaratish)") || !strings.Contains(got, "[✅ 🇺🇿 Oʻzbekcha") {
		t.Errorf("the menu or the choice is not in the new language:\n%s", got)
	}
	if turn.Book.Language() != "uz" || turn.Person.Language != "uz" || !slices.Equal(o.forgot, []string{anna.ID()}) {
		t.Errorf("the turn speaks %s, forgotten is %v", turn.Book.Language(), o.forgot)
	}
	if now := o.turn(anna, "").Person.Language; now != "uz" {
		t.Errorf("the services keep %s", now)
	}

	again := o.turn(anna, "uz")
	must(t, o.tap(again, "lang", "uz"))
	if len(again.Outs) != 1 || again.Outs[0].Way != talk.Auto {
		t.Errorf("the same language again:\n%s", said(t, again))
	}
	stale := o.turn(anna, "uz")
	must(t, o.tap(stale, "lang", "tlh"))
	has(t, stale, talk.Auto, "Tilni tanlang")

	back := o.turn(anna, "uz")
	must(t, o.tap(back, "lang", "ru"))
	has(t, back, talk.New, "по-русски")
}

func switchesRole(t *testing.T, o *office) {
	rustam := o.Person(access.Executor, housingtest.AlsoRole(access.Manager))
	turn := o.turn(rustam, "ru")
	must(t, o.tap(turn, "role", "manager"))
	has(t, turn, talk.Toast, "Роль: Менеджер")
	has(t, turn, talk.New, "Ваша роль сейчас: <b>Менеджер</b>")
	if got := said(t, turn); !strings.Contains(got, "(👥 Люди)") || turn.Person.Role != api.RoleManager {
		t.Errorf("the menu is not a manager's:\n%s", got)
	}
	if now := o.turn(rustam, "ru").Person.Role; now != api.RoleManager {
		t.Errorf("the services have %s", now)
	}

	gone := o.turn(rustam, "ru")
	must(t, o.tap(gone, "role", "admin"))
	has(t, gone, talk.Alert, "больше нет")
	if gone.Person.Role != api.RoleManager || gone.Outcome != "refused" {
		t.Errorf("role %s, outcome %q", gone.Person.Role, gone.Outcome)
	}
}

func switchesNotices(t *testing.T, o *office) {
	boss := o.Manager()
	for _, args := range [][]string{{"off", events.NoticeQueue}, {"off", events.NoticeQueue}, {"off", events.NoticePeople}, {"on", events.NoticePeople}, {"off", events.NoticeWork}, {"off", "everything"}, {"maybe", events.NoticeQueue}} {
		turn := o.turn(boss, "en")
		must(t, o.tap(turn, "mute", args...))
		has(t, turn, talk.Auto, "Notices")
		said(t, turn)
	}
	kept, err := db.New(o.Pool).NoticeSettings(t.Context(), o.Tenant, boss.ID())
	must(t, err)
	if !slices.Equal(kept.Muted, []string{events.NoticeQueue}) {
		t.Errorf("muted are %v; the kinds of other roles and of nobody are none of a manager's", kept.Muted)
	}
	turn := o.turn(boss, "en")
	must(t, o.order(turn, "settings"))
	has(t, turn, talk.New, "4 of 5 on")
}

func setsQuietHours(t *testing.T, o *office) {
	anna, other := o.Applicant(), o.Applicant()
	must(t, o.tap(o.turn(other, "ru"), "qh", "1320", "420"))
	for _, tc := range []struct {
		name string
		args []string
		want string
	}{
		{"nothing yet", nil, "нет"},
		{"the usual ones", []string{"1320", "420"}, "22:00–07:00"},
		{"hours of one's own", []string{"0", "660"}, "00:00–11:00"},
		{"a day has no such minute", []string{"1440", "420"}, "00:00–11:00"},
		{"no hours at all", []string{"60", "60"}, "00:00–11:00"},
		{"letters", []string{"ten", "eleven"}, "00:00–11:00"},
		{"ended", []string{"off"}, "нет"},
	} {
		turn := o.turn(anna, "ru")
		must(t, o.tap(turn, "qh", tc.args...))
		has(t, turn, talk.Auto, "Сейчас: "+tc.want)
		settings := o.turn(anna, "ru")
		must(t, o.order(settings, "settings"))
		if got := said(t, settings); !strings.Contains(got, "Тихие часы: "+tc.want) {
			t.Errorf("%s: %s", tc.name, got)
		}
	}
	turn := o.turn(other, "ru")
	must(t, o.tap(turn, "qh"))
	has(t, turn, talk.Auto, "22:00–07:00")
}
