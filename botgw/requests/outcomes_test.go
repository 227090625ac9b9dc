package requests_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/golden"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// TestOutcomes keeps, in every language, what is said where something does not
// go as it usually does; TestARequestLives keeps the rest.
func TestOutcomes(t *testing.T) {
	w := newTown(t, "ru")
	idle := w.phone(w.Person(access.Executor, housingtest.Can("plumbing"), housingtest.Name("Тимур Без Смены")), "ru")
	quick := w.phone(w.Person(access.Executor, housingtest.Can("plumbing"), housingtest.Name("Ильяс <Быстрый>")), "ru")
	w.shift(quick)
	for _, language := range words.Languages {
		story := &strings.Builder{}
		for _, p := range []*phone{w.anna, w.rustam, w.boss, idle, quick} {
			p.speaks(language, story)
		}
		w.refusals(idle, quick)
		w.complaints()
		w.endings(idle, quick)
		text := story.String()
		golden.Equal(t, language+"/outcomes"+".golden.txt", numbers.Replace(text))
	}
}

// numbers are of days that depend on how often the clock was moved on.
var numbers = strings.NewReplacer("260306-", "260302-", "260310-", "260302-", "-003", "-001", "-004", "-002")

// refusals are taps that come too late, or from others.
func (w *town) refusals(idle, quick *phone) {
	n := w.leak("Течёт кран").Number
	idle.calls("take, off shift", "ra", n, "take", "1")
	w.rustam.calls("take", "ra", n, "take", "1")
	w.rustam.calls("take again", "ra", n, "take", "1")
	quick.calls("take, too late", "ra", n, "take", "1")
	w.anna.calls("cancel, too late", "ra", n, "cancel", "1")
	quick.calls("resume what is another's", "ra", n, "resume", "1")
	quick.opens(n)
	w.anna.calls("confirm, by a resident", "ra", n, "confirm", "1")
	w.anna.calls("nothing there", "ra", "991231-001", "cancel", "1")
	w.rustam.act(n, "complete", object{"comment": "Готово", "files": []uuid.UUID{w.rustam.attach(n)}})
	w.boss.calls("confirm what has changed", "ra", n, "confirm", "1")
	w.boss.act(n, "confirm", nil)
}

// complaints are answers that a form does not take.
func (w *town) complaints() {
	n := w.leak("Гудит труба").Number
	w.rustam.act(n, "take", nil)
	w.rustam.opens(n)
	w.rustam.word("requests.complete")
	turn := w.rustam.begin(talk.Photo)
	turn.File = &talk.File{ID: "gone", Unique: "gone"}
	w.rustam.fills(turn, "(photo that Telegram loses)")
	w.rustam.writes("Готово <3")
	w.rustam.word("flow.clear_photos")
	w.rustam.calls("done", "fp", w.rustam.nonce(), "photos", "done")
	turn = w.rustam.begin(talk.Photo)
	turn.File = &talk.File{ID: "gone", Unique: "gone"}
	w.rustam.fills(turn, "(photo that Telegram loses)")
	w.rustam.word("button.done")
	w.rustam.word("complete.send")
	w.exec("UPDATE shifts SET status = 'closed', closed_at = opened_at WHERE tenant_id = $1 AND user_id = $2", w.Tenant, w.rustam.Client.User)
	w.rustam.word("button.back")
	w.rustam.word("flow.clear_photos")
	w.rustam.sends()
	w.rustam.word("button.done")
	w.rustam.word("complete.send")
	w.exec("UPDATE shifts SET status = 'open', closed_at = NULL WHERE tenant_id = $1 AND user_id = $2", w.Tenant, w.rustam.Client.User)
	w.rustam.word("complete.send")
	w.boss.act(n, "confirm", nil)
}

// endings are what closes a request.
func (w *town) endings(also ...*phone) {
	var open struct{ Items []struct{ Number string } }
	w.anna.Client.Do("GET", "/requests?status=confirmed&sort=oldest", nil).Want(w.t, 200, &open)
	w.anna.calls("five stars", "rs", open.Items[0].Number, "5")
	w.later(100*time.Hour, also...)
	w.boss.opens(open.Items[1].Number)
	w.boss.word("requests.accept_for")
	w.boss.writes("Молчит")
	w.boss.writes("Житель не отвечает")
	w.boss.word("act.send")
}

// nonce is the nonce of the form on the screen.
func (p *phone) nonce() string {
	p.t.Helper()
	b, ok := p.button(words.For(p.language).Plain("button.cancel"))
	if !ok {
		p.t.Fatalf("no form on:\n%s", written(p.screen))
	}
	return b.Call.Args[0]
}
