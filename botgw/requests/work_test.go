package requests_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/flow"
	"ukbot/botgw/forms"
	"ukbot/botgw/talk"
	"ukbot/housing/housingtest"
)

func TestAReportNeedsAPhotoThatArrives(t *testing.T) {
	w := newTown(t, "en")
	n := w.leak("Leak").Number
	w.rustam.act(n, "take", nil)
	w.rustam.opens(n)
	w.rustam.word("requests.complete")
	w.rustam.word("complete.fixed")
	w.rustam.calls("forged", "fp", w.rustam.nonce(), "photos", "done")
	w.rustam.has(talk.Auto, plain("act.photo_needed"))

	t.Log("Telegram has lost it")
	turn := w.rustam.begin(talk.Photo)
	turn.File = &talk.File{ID: "gone", Unique: "gone"}
	w.rustam.fills(turn, "(lost photo)")
	w.rustam.word("button.done")
	w.rustam.word("complete.send")
	w.rustam.has(talk.Auto, "could not be added")
	if got := w.leakNow(n); got.Status != api.RequestStatusInProgress {
		t.Errorf("status %s", got.Status)
	}

	t.Log("another one takes its place")
	w.rustam.word("button.back")
	w.rustam.word("flow.clear_photos")
	w.rustam.sends()
	w.rustam.word("button.done")
	w.rustam.sends() // one more, of an album
	w.rustam.word("complete.send")
	w.rustam.has(talk.Auto, "is sent")
	if got := w.leakNow(n); got.Status != api.RequestStatusCompleted {
		t.Errorf("status %s", got.Status)
	}
}

func TestAPhotoWithWordsIsAReport(t *testing.T) {
	w := newTown(t, "en")
	n := w.leak("Leak").Number
	w.rustam.act(n, "take", nil)
	w.rustam.opens(n)
	w.rustam.word("requests.complete")
	w.rustam.sends()
	w.rustam.has(talk.Auto, "What was done?")
	turn := w.rustam.begin(talk.Photo)
	turn.File, turn.Text = w.photo(), "New tap <3"
	w.rustam.fills(turn, "(photo with words)")
	w.rustam.has(talk.Auto, "2 photos")
	w.rustam.word("button.done")
	w.rustam.has(talk.Auto, "New tap &lt;3")
	w.rustam.word("complete.send")
	w.rustam.word("flow.card")
	w.rustam.has(talk.Auto, "New tap &lt;3")
	w.rustam.taps("📷 2")
}

func TestAFormOutlivesTheEndOfAShift(t *testing.T) {
	w := newTown(t, "en")
	n := w.leak("Leak").Number
	w.rustam.act(n, "take", nil)
	w.rustam.opens(n)
	w.rustam.word("requests.purchase")
	w.rustam.writes("A tap")
	w.exec("UPDATE shifts SET status = 'closed', closed_at = opened_at WHERE tenant_id = $1", w.Tenant)
	w.rustam.word("act.send")
	w.rustam.has(talk.Auto, "You are off shift")
	w.exec("UPDATE shifts SET status = 'open', closed_at = NULL WHERE tenant_id = $1", w.Tenant)
	w.rustam.word("act.send")
	w.rustam.has(talk.Auto, "waiting for materials")
}

func TestAFormWhoseRequestHasGoneElsewhereIsOver(t *testing.T) {
	w := newTown(t, "en")
	timur := w.executor("Timur", housingtest.Can("plumbing"))
	n := w.leak("Leak").Number
	w.rustam.act(n, "take", nil)
	w.rustam.opens(n)
	w.rustam.word("requests.clarify")
	w.rustam.writes("When?")
	w.boss.act(n, "assign", object{"executor_id": timur.Client.User, "reason": "Ill"})
	w.rustam.word("act.send")
	w.rustam.has(talk.Auto, plain("problem.forbidden"))
	w.rustam.word("flow.card")
	w.rustam.has(talk.Auto, "is with another executor")

	t.Log("an answer to what is no longer asked")
	w.shift(timur)
	timur.act(n, "clarify", object{"comment": "When are you at home?"})
	w.anna.opens(n)
	w.anna.word("requests.answer")
	w.anna.has(talk.Auto, "When are you at home?")
	timur.act(n, "resume", nil)
	w.anna.writes("After six")
	w.anna.word("act.send")
	w.anna.has(talk.Auto, plain("problem.conflict"))
}

// TestAQuestionIsAnsweredWithAPhoto: the bot itself offers "please send a photo"
// as a question.
func TestAQuestionIsAnsweredWithAPhoto(t *testing.T) {
	w := newTown(t, "en")
	n := w.leak("Leak").Number
	w.rustam.act(n, "take", nil)
	for _, words := range []string{"", "Under the sink"} {
		w.rustam.act(n, "clarify", object{"comment": "Please send a photo"})
		w.anna.opens(n)
		w.anna.word("requests.answer")
		w.anna.has(talk.Auto, "You may send photos")
		turn := w.anna.begin(talk.Photo)
		turn.File, turn.Text = w.photo(), words
		w.anna.fills(turn, "(photo)")
		if words == "" {
			w.anna.has(talk.Auto, "1 photo")
			w.anna.word("button.done")
		}
		w.anna.word("act.send")
		w.anna.has(talk.Auto, "is sent: work goes on")
	}
	var files struct{ Items []struct{} }
	w.boss.Client.Do("GET", "/requests/"+n+"/files", nil).Want(t, 200, &files)
	if r := w.leakNow(n); r.Status != api.RequestStatusInProgress || len(files.Items) != 2 {
		t.Errorf("%s with %d files, want it in progress with two", r.Status, len(files.Items))
	}
	w.rustam.opens(n)
	w.rustam.has(talk.Auto, "📷 1 photo")
	w.rustam.has(talk.Auto, "Under the sink")
}

func TestAManagerAcceptsForWhoDoesNotAnswer(t *testing.T) {
	w := newTown(t, "en")
	n := w.leak("Leak").Number
	w.rustam.act(n, "take", nil)
	w.rustam.act(n, "complete", object{"comment": "Done", "files": []uuid.UUID{w.rustam.attach(n)}})
	w.boss.act(n, "confirm", nil)
	w.boss.opens(n)
	w.boss.lacks(plain("requests.accept_for"))
	w.later(100 * time.Hour)
	w.boss.opens(n)
	w.boss.word("requests.accept_for")
	w.boss.writes("Silence")
	w.boss.has(talk.Auto, "10 characters or more")
	w.boss.writes("No answer for four days")
	w.boss.word("act.send")
	w.boss.has(talk.Auto, "accepted and closed")
	if got := w.leakNow(n); got.Status != api.RequestStatusAccepted || got.Stars != nil {
		t.Errorf("%s with stars %v", got.Status, got.Stars)
	}
}

// names are the executors on the screen, in order.
func (p *phone) names() (all []string) {
	for _, row := range p.screen.Rows {
		mark, rest, _ := strings.Cut(row[0].Text, " ")
		if name, _, ok := strings.Cut(rest, " · "); ok && (mark == "🟢" || mark == "⚪️") {
			all = append(all, name)
		}
	}
	return all
}

func TestTheBestExecutorsStandFirst(t *testing.T) {
	w := newTown(t, "en")
	n := w.leak("Leak").Number
	lift := w.executor("Lift", housingtest.Can("lift"))
	w.shift(lift)
	busy := w.executor("Busy", housingtest.Can("plumbing"))
	w.shift(busy)
	w.boss.act(w.leak("Another").Number, "assign", object{"executor_id": busy.Client.User})
	for i := range 5 {
		w.executor(fmt.Sprintf("Off %d", i), housingtest.Can("plumbing"))
	}
	w.executor("Nobody")

	w.boss.opens(n)
	w.boss.word("requests.assign")
	if got, want := w.boss.names(), []string{"Рустам Каримов", "Busy", "Lift"}; !slices.Equal(got, want) {
		t.Errorf("on shift: %q, want %q", got, want)
	}
	w.boss.taps(plain("reassign.other_trade")) // Lift, marked as of another trade
	w.boss.has(talk.Auto, "Lift")
	w.boss.word("button.back")

	w.boss.word("reassign.everyone")
	if got, want := w.boss.names(), []string{"Рустам Каримов", "Busy", "Off 0", "Off 1", "Off 2", "Off 3"}; !slices.Equal(got, want) {
		t.Errorf("everybody: %q, want %q", got, want)
	}
	w.boss.word("button.next")
	if got, want := w.boss.names(), []string{"Off 4", "Lift", "Nobody"}; !slices.Equal(got, want) {
		t.Errorf("second page: %q, want %q", got, want)
	}
	w.boss.lacks(plain("button.next"))
	w.boss.word("button.previous")
	w.boss.taps("Off 3")

	t.Log("who has been blocked meanwhile cannot have it")
	w.exec("UPDATE users SET status = 'blocked' WHERE tenant_id = $1 AND name = 'Off 3'", w.Tenant)
	w.boss.word("reassign.send")
	w.boss.has(talk.Auto, plain("reassign.unfit"))
	w.boss.word("button.back")
	w.boss.taps("Busy")
	w.boss.word("reassign.send")
	w.boss.has(talk.Auto, "the executor is Busy")

	t.Log("who has it is not among those to choose from")
	w.boss.word("flow.card")
	w.boss.word("requests.reassign")
	if got, want := w.boss.names(), []string{"Рустам Каримов", "Lift"}; !slices.Equal(got, want) {
		t.Errorf("without who has it: %q, want %q", got, want)
	}
	w.boss.calls("forged", "fp", w.boss.nonce(), "executor", uuid.NewString())
	w.boss.has(talk.Auto, "Who should do it?")
	w.boss.calls("forged", "fp", w.boss.nonce(), "executor")
	w.boss.has(talk.Auto, "Who should do it?")
}

func TestNobodyIsThereToChoose(t *testing.T) {
	w := newTown(t, "en")
	n := w.leak("Leak").Number
	w.exec("UPDATE shifts SET status = 'closed', closed_at = opened_at WHERE tenant_id = $1", w.Tenant)
	w.boss.opens(n)
	w.boss.word("requests.assign")
	w.boss.has(talk.Auto, plain("reassign.nobody_present"))
	w.exec("UPDATE users SET status = 'blocked' WHERE tenant_id = $1 AND active_role = 'executor'", w.Tenant)
	w.boss.word("reassign.everyone")
	w.boss.has(talk.Auto, plain("reassign.nobody"))
	w.boss.word("reassign.present")
	w.boss.has(talk.Auto, plain("reassign.nobody_present"))
}

// TestRatingsAreWrittenAsTheLanguageHasIt: 4,5 in Russian, not 4.5.
func TestRatingsAreWrittenAsTheLanguageHasIt(t *testing.T) {
	w := newTown(t, "ru")
	for _, stars := range []int{5, 4} {
		n := w.leak("Leak").Number
		w.rustam.act(n, "take", nil)
		w.rustam.act(n, "complete", object{"comment": "Done", "files": []uuid.UUID{w.rustam.attach(n)}})
		w.boss.act(n, "confirm", nil)
		w.anna.act(n, "accept", object{"stars": stars})
	}
	w.boss.opens(w.leak("Another").Number)
	w.boss.word("requests.assign")
	w.boss.has(talk.Auto, "⭐ 4,5")
}

// TestFormsFinishOnce: a crash between the answer of the housing services and
// the record makes the engine finish a form once more.
func TestFormsFinishOnce(t *testing.T) {
	w := newTown(t, "en")
	n := w.leak("Leak").Number
	w.boss.finishes(t, "reassign", flow.Data{Request: n, Executor: w.rustam.Client.ID(), ExecutorName: "R"})
	w.rustam.finishes(t, "clarify", flow.Data{Request: n, Text: "When?"})
	w.anna.finishes(t, "answer", flow.Data{Request: n, Text: "At six"})
	w.rustam.finishes(t, "purchase", flow.Data{Request: n, Text: "A tap"})
	w.rustam.act(n, "resume", nil)
	w.rustam.finishes(t, "complete", flow.Data{Request: n, Text: "Done", Photos: []talk.File{*w.photo()}})
	w.boss.finishes(t, "rework", flow.Data{Request: n, Text: "Drips"})
	w.rustam.finishes(t, "complete", flow.Data{Request: n, Text: "Dry", Photos: []talk.File{*w.photo()}})
	w.boss.act(n, "confirm", nil)
	w.anna.finishes(t, "return", flow.Data{Request: n, Text: "Wet", Photos: []talk.File{*w.photo()}})
	w.rustam.act(n, "resume", nil)
	w.rustam.finishes(t, "complete", flow.Data{Request: n, Text: "Dry as dust", Photos: []talk.File{*w.photo()}})
	w.boss.act(n, "confirm", nil)
	w.later(100 * time.Hour)
	w.boss.finishes(t, "accept", flow.Data{Request: n, Text: "No answer for days"})
	// Each once: made, ten forms, four photos, four without words.
	if got := w.leakNow(n); got.Version != 19 || got.Status != api.RequestStatusAccepted {
		t.Errorf("version %d, %s", got.Version, got.Status)
	}
}

// finishes finishes a form twice and once more with other words: all three are
// told that it is done.
func (p *phone) finishes(t *testing.T, name string, d flow.Data) {
	t.Helper()
	i := slices.IndexFunc(forms.All(nil), func(f flow.Form) bool { return f.Name == name })
	d.Nonce = fmt.Sprintf("n%d", p.update)
	var told []string
	for _, text := range []string{d.Text, d.Text, d.Text + " indeed"} {
		turn, again := p.begin(talk.Tap), d
		if again.Text = text; name == "reassign" {
			again.Text = ""
		}
		must(t, forms.All(nil)[i].Finish(t.Context(), turn, &again))
		told = append(told, said(t, turn))
	}
	if told[0] != told[1] || told[0] != told[2] || told[0] == "" {
		t.Errorf("%s is told differently:\n%s", name, strings.Join(told, "\n"))
	}
}
