package forms_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
)

// TestARequestIsMadeOnce is about what befalls a confirmation.
func TestARequestIsMadeOnce(t *testing.T) {
	w := newTown(t)
	for _, tc := range []struct {
		name string
		test func(*testing.T, *town)
	}{
		{"a confirmation counts once", aConfirmationCountsOnce},
		{"services away keep the form", servicesAwayKeepTheForm},
		{"an answer that was lost", anAnswerThatWasLost},
		{"a photo that fails", aPhotoThatFails},
		{"the longest text", theLongestText},
		{"photos alone", photosAlone},
		{"let in meanwhile", letInMeanwhile},
		{"a draft is sent a day later", aDraftIsSentADayLater},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.test(t, w) })
	}
}

// filled goes to the confirmation of a new request.
func (p *phone) filled(t *testing.T, description string) {
	t.Helper()
	p.begin("create", flow.Data{})
	p.word("category.plumbing")
	p.word("flow.common_parts")
	p.says(description)
	p.shows(3)
	p.word("button.done")
	p.word("urgency.urgent")
}

// count is how many requests have a description.
func (w *town) count(t *testing.T, description string) (n int) {
	t.Helper()
	if err := w.Pool.QueryRow(t.Context(), "SELECT count(*) FROM requests WHERE description = $1", description).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func aConfirmationCountsOnce(t *testing.T, w *town) {
	for name, same := range map[string]bool{"the same tap": true, "twenty taps": false} {
		t.Run(name, func(t *testing.T) {
			p := w.phone(t, w.anna, "ru")
			p.filled(t, name)
			send := p.button(p.book.Plain("create.send")).Call
			engines := []*flow.Engine{w.engine, w.another()}
			var turns []*talk.Turn
			for range 20 {
				turn := p.turn(talk.Tap)
				if same {
					turn.ID = 1_000_000
				}
				turns = append(turns, turn)
			}
			var wg sync.WaitGroup
			for i, turn := range turns {
				wg.Go(func() {
					if err := call(engines[i%2], t, turn, send); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for _, turn := range turns {
				if check(t, name, turn); !strings.Contains(turn.Outs[0].Screen.Text, "создана") {
					t.Errorf("answered %+v", turn.Outs)
				}
			}
			number := turns[0].Outs[0].Screen.Rows[0][0].Call.Args[0]
			if n, files := w.count(t, name), w.files(t, number); n != 1 || files != 1 {
				t.Errorf("%d requests with %d photos, want 1 with 1", n, files)
			}
		})
	}
}

func servicesAwayKeepTheForm(t *testing.T, w *town) {
	p := w.phone(t, w.anna, "ru")
	p.filled(t, "away")
	send := p.button(p.book.Plain("create.send")).Call
	w.away.Store(true)
	turn := p.turn(talk.Tap)
	if err := call(w.engine, t, turn, send); !errors.Is(err, company.ErrAway) {
		t.Fatalf("away: %v", err)
	}
	w.away.Store(false)
	p.word("create.send")
	if n := w.count(t, "away"); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// What was sent, and whose answer was lost, is changed and sent again: it stays one.
func anAnswerThatWasLost(t *testing.T, w *town) {
	p := w.phone(t, w.anna, "ru")
	p.filled(t, "lost")
	screen, restore := p.screen, p.kept()
	p.word("create.send")
	restore()
	p.screen = screen
	p.word("button.back")
	p.word("urgency.normal")
	p.word("create.send")
	if n := w.count(t, "lost"); n != 1 || p.last.Outs[0].Screen.Text != p.book.Text("create.sent_before") {
		t.Errorf("%d requests, said %q", n, p.last.Outs[0].Screen.Text)
	}
}

// A photo that Telegram no longer has does not lose the request.
func aPhotoThatFails(t *testing.T, w *town) {
	p := w.phone(t, w.anna, "ru")
	p.begin("create", flow.Data{})
	p.word("category.plumbing")
	p.word("flow.common_parts")
	p.photos[1] = talk.File{ID: "gone", Unique: "gone"}
	// An album whose first photo brings the words.
	for i := range 7 {
		p.shows(i, func(t *talk.Turn) {
			t.Album = "a"
			if i == 0 {
				t.Text = "album"
			}
		})
		if i == 0 {
			p.last.Outs[0].Shown(99)
		}
	}
	if out := p.last.Outs[0]; out.Way != talk.Edit || out.Message != 99 || !strings.Contains(out.Screen.Text, "не больше 5") {
		t.Errorf("the photo too many is answered %+v", out)
	}
	p.word("button.done")
	p.word("urgency.urgent")
	p.word("create.send")
	if n := w.files(t, p.made()); n != 4 || !strings.Contains(p.last.Outs[0].Screen.Text, "1 фотография не сохранилась") {
		t.Errorf("%d photos, said %s", n, p.last.Outs[0].Screen.Text)
	}
}

// The longest text that is taken is taken by the housing services too.
func theLongestText(t *testing.T, w *town) {
	for _, text := range []string{strings.Repeat("😀", flow.TextMax), strings.Repeat("<", flow.TextMax)} {
		p := w.phone(t, w.anna, "ru")
		p.filled(t, text)
		p.word("button.cancel")
		p.word("flow.go_on")
		p.word("create.send")
		if n := w.count(t, text); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	}
}

// A comment of photos alone has none left when all fail.
func photosAlone(t *testing.T, w *town) {
	for i, want := range []string{"добавлен", "не"} {
		p := w.phone(t, w.anna, "ru")
		p.begin("comment", flow.Data{Request: w.request})
		p.shows(i)
		p.word("button.done")
		p.word("comment.send")
		if !strings.Contains(p.last.Outs[0].Screen.Text, want) {
			t.Errorf("photo %d: %s", i, p.last.Outs[0].Screen.Text)
		}
	}
}

// Who was let in while they registered is greeted: the services would refuse them.
func letInMeanwhile(t *testing.T, w *town) {
	p := w.phone(t, nil, "en")
	p.begin("register", flow.Data{Invitation: w.invite()})
	p.word("language.uz")
	p.person = &talk.Person{ID: w.anna.ID(), Name: "Anna", Language: "uz", Role: "applicant"}
	turn := p.send(p.turn(talk.Contact, own("998901112266")), "(contact)")
	if got := turn.Outs[len(turn.Outs)-1].Screen.Text; !strings.Contains(got, "Xush kelibsiz, Anna") {
		t.Errorf("said %s", got)
	}
}

// Long after it was cancelled a draft is sent all the same.
func aDraftIsSentADayLater(t *testing.T, w *town) {
	p := w.phone(t, w.anna, "ru")
	p.filled(t, "draft")
	p.word("button.cancel")
	w.Clock.Advance(23 * time.Hour)
	w.anna.Renew()
	p.word("flow.go_on")
	p.word("create.send")
	if n := w.count(t, "draft"); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}
