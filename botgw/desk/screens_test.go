package desk_test

import (
	"strings"
	"testing"

	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/golden"
	"ukbot/housing/housingtest"
)

// screen is one thing that somebody does and is answered; none of them changes anything.
type screen struct {
	name string
	who  *housingtest.Client // nil: a stranger
	do   string              // "/command", or a button's call
}

// TestScreens keeps what everybody is shown, in every language.
func TestScreens(t *testing.T) {
	w := newTown(t)
	mine, free := w.shift(w.rustam, 9.5, 18, "Ключи <у> консьержа"), w.shift(nil, 20, 23, "")
	running := w.shift(w.rustam, 8.5, 9.4, "")
	w.rustam.Do("POST", "/shifts/"+running+"/open", nil).Want(t, 200)
	w.work()
	newcomer, outcast, anna := w.newcomer.ID(), w.outcast.ID(), w.anna.ID()
	home := w.home.String()
	screens := []screen{
		{"start", w.anna, "/start"},
		{"start_staff", w.boss, "/start"},
		{"menu", w.anna, "/menu"},
		{"menu_roles", w.rustam, "/menu"},
		{"menu_manager", w.boss, "/menu"},
		{"menu_admin", w.root, "/menu"},
		{"help_stranger", nil, "/help"},
		{"help_applicant", w.anna, "/help"},
		{"help_executor", w.rustam, "/help"},
		{"help_manager", w.boss, "/help"},
		{"help_admin", w.root, "/help"},
		{"cancel", w.anna, "/cancel"},
		{"language", w.anna, "/language"},
		{"role", w.rustam, "/role"},
		{"role_only", w.anna, "/role"},
		{"settings", w.anna, "/settings"},
		{"settings_roles", w.rustam, "/settings"},
		{"notices", w.boss, "mute"},
		{"quiet", w.anna, "qh"},
		{"quiet_begin", w.anna, "qh own"},
		{"quiet_end", w.anna, "qh own 1380"},
		{"stats", w.boss, "/stats"},
		{"stats_week", w.boss, "stat 7"},
		{"stats_own", w.rustam, "/stats"},
		{"shifts_mine", w.rustam, "/shifts"},
		{"shifts_next_week", w.rustam, "shl mine 1"},
		{"shifts_free", w.rustam, "shl free"},
		{"shifts_now", w.boss, "/shifts"},
		{"shift_own", w.rustam, "sh view " + mine + " mine"},
		{"shift_running", w.boss, "sh view " + running + " now"},
		{"shift_free", w.rustam, "sh view " + free + " free"},
		{"shift_why", w.rustam, "sh why " + mine + " mine"},
		{"panel_manager", w.boss, "/admin"},
		{"panel_admin", w.root, "/admin"},
		{"people", w.boss, "/people"},
		{"people_approved", w.boss, "usl approved"},
		{"people_blocked", w.boss, "usl blocked"},
		{"person_pending_manager", w.boss, "usr view " + newcomer + " pending"},
		{"person_pending", w.root, "usr view " + newcomer + " pending"},
		{"person_approved", w.root, "usr view " + anna + " approved"},
		{"person_blocked", w.root, "usr view " + outcast + " blocked"},
		{"person_executor", w.root, "usr view " + w.rustam.ID() + " approved"},
		{"unblock", w.root, "usr unblock " + outcast + " blocked"},
		{"block_why", w.root, "ban " + newcomer},
		{"block_sure", w.root, "ban " + newcomer + " 0"},
		{"links", w.boss, "apl"},
		{"link_why", w.boss, "apt why " + newcomer + " " + home + " l"},
		{"hooks_unset", w.root, "whl"},
	}
	for _, language := range words.Languages {
		for _, s := range screens {
			golden.Equal(t, language+"/"+s.name+".golden.txt", said(t, w.asked(s, language)))
		}
		w.closed = []string{"new", "shifts", "settings", "help", "role"} // by the company
		for _, s := range []screen{{"menu_closed", w.anna, "/menu"}, {"menu_manager_closed", w.boss, "/menu"}} {
			golden.Equal(t, language+"/"+s.name+".golden.txt", said(t, w.asked(s, language)))
		}
		w.closed = nil
	}
}

// asked does what a screen names.
func (o *office) asked(s screen, language string) *talk.Turn {
	o.t.Helper()
	turn := o.turn(s.who, language)
	var err error
	if name, command := strings.CutPrefix(s.do, "/"); command {
		err = o.order(turn, name)
	} else {
		parts := strings.Fields(s.do)
		err = o.tap(turn, parts[0], parts[1:]...)
	}
	if err != nil {
		o.t.Fatalf("%s: %v", s.name, err)
	}
	return turn
}
