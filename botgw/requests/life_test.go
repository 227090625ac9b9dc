package requests_test

import (
	"strings"
	"testing"
	"time"

	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/golden"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// TestARequestLives walks a request through all that can happen to it, by taps
// and words alone, and keeps each screen in each language.
func TestARequestLives(t *testing.T) {
	for _, language := range words.Languages {
		t.Run(language, func(t *testing.T) {
			w := newTown(t, language)
			story := &strings.Builder{}
			for _, p := range []*phone{w.anna, w.rustam, w.boss} {
				p.story = story
			}
			dilshod := w.phone(w.Person(access.Executor, housingtest.Can("plumbing", "heating"), housingtest.Name("Дилшод <Лифт> Азизов")), language)
			w.leak("Течёт кран <3 & вода на полу")
			scene := func(who *phone, what string) {
				story.WriteString("=== " + who.person.Name + ": " + what + "\n\n")
			}

			scene(w.boss, "assigns a new request to somebody off shift")
			w.boss.asks("queue", "")
			w.boss.taps("1")
			w.boss.word("requests.assign")
			w.boss.word("reassign.everyone")
			w.boss.taps("Дилшод")
			w.boss.word("reassign.send")
			w.boss.word("flow.card")

			scene(w.boss, "thinks better of it")
			w.boss.word("requests.reassign")
			w.boss.taps("Рустам")
			w.boss.word("reassign.ill")
			w.boss.word("reassign.send")
			_ = dilshod

			scene(w.rustam, "needs materials, asks, goes on")
			w.rustam.asks("work", "")
			w.rustam.taps("1")
			w.rustam.word("requests.purchase")
			w.rustam.writes("Смеситель 1/2″ <завтра>")
			w.rustam.word("act.send")
			w.rustam.word("flow.card")
			w.rustam.word("requests.clarify")
			w.rustam.word("act.clarify_home")
			w.rustam.word("act.send")

			scene(w.anna, "answers")
			w.anna.asks("requests", "")
			w.anna.word("requests.filter_me")
			w.anna.taps("1")
			w.anna.word("requests.answer")
			w.anna.writes("После шести")
			w.anna.word("act.send")

			scene(w.rustam, "is done")
			w.rustam.opens("260302-001")
			w.rustam.word("requests.complete")
			w.rustam.word("complete.replaced")
			w.rustam.sends()
			w.rustam.sends()
			w.rustam.word("button.done")
			w.rustam.word("complete.send")

			scene(w.boss, "is not content")
			w.boss.asks("requests", "260302-001")
			w.boss.word("requests.rework")
			w.boss.writes("Видно подтекание")
			w.boss.word("act.send")

			scene(w.rustam, "is done again")
			w.rustam.opens("260302-001")
			w.rustam.word("requests.complete")
			w.rustam.writes("Подтянул гайку")
			w.rustam.sends()
			w.rustam.word("button.done")
			w.rustam.word("complete.send")

			scene(w.boss, "looks at the photos and confirms")
			w.boss.word("flow.card")
			w.boss.taps("📷")
			w.boss.word("requests.confirm")

			scene(w.anna, "returns it")
			w.anna.opens("260302-001")
			w.anna.word("requests.return")
			w.anna.writes("Снова капает")
			w.anna.sends()
			w.anna.word("button.done")
			w.anna.word("act.send")

			scene(w.rustam, "resumes and reports")
			w.rustam.opens("260302-001")
			w.rustam.word("requests.resume")
			w.rustam.word("requests.complete")
			w.rustam.word("complete.fixed")
			w.rustam.sends()
			w.rustam.word("button.done")
			w.rustam.word("complete.send")
			w.boss.opens("260302-001")
			w.boss.word("requests.confirm")

			scene(w.anna, "accepts, and was not quite content")
			w.later(26*time.Hour, dilshod)
			w.anna.opens("260302-001")
			w.anna.word("requests.accept")
			w.anna.taps("3 ⭐")
			w.anna.word("requests.to_card")
			w.anna.word("requests.history")
			w.anna.word("button.next")
			golden.Equal(t, language+"/life"+".golden.txt", story.String())
			w.anna.has(talk.Auto, words.For(language).Plain("requests.did_create"))
		})
	}
}
