package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ukbot/api"
	"ukbot/botgw/simulator/pagetest"
	"ukbot/botgw/words"
	"ukbot/housing/seed"
)

// cast is who plays in one language.
type cast struct {
	resident, manager int64 // chats of the demo company
	problem, report   string
}

var casts = map[string]cast{
	"ru": {1002, 2002, "Течёт кран на кухне, <3 часа> & не перекрывается", "Заменил картридж смесителя"},
	"uz": {1001, 2003, "Oshxonada joʻmrak oqyapti, suv toʻxtamayapti", "Joʻmrak kartriji almashtirildi"},
}

// TestARequestLivesItsLifeOnThePage: in a real browser a resident files a
// request with a photo, the manager assigns it, the executor completes it with a
// photo, the manager confirms, the resident rates; each is told in between.
func TestARequestLivesItsLifeOnThePage(t *testing.T) {
	p := startDev(t, openDir(t))
	b := pagetest.Start(t, "http://"+p.http+"/simulator")
	b.Click(`[data-language="ru"]`)
	for _, language := range []string{"ru", "uz"} {
		t.Log("in", language)
		s := &showing{
			t: t, b: b, language: language, cast: casts[language], book: words.For(language),
			resident: b.Phone(1), executor: b.Phone(2), manager: b.Phone(3), plumber: p.plumber(language),
		}
		s.seat()
		s.file()
		s.assign()
		s.complete()
		s.confirm()
		s.rate()
	}
	if troubles := b.Troubles(); troubles != nil {
		t.Errorf("the page complains: %v", troubles)
	}
}

// plumber is a plumber of the demo company who is on shift and has Telegram, if
// possible of this language.
func (p *program) plumber(language string) seed.Face {
	p.t.Helper()
	onShift, special := true, api.Category("plumbing")
	able, err := p.person("--as", "manager").ListExecutorsWithResponse(p.t.Context(), &api.ListExecutorsParams{OnShift: &onShift, Specialisation: &special})
	if err != nil || able.JSON200 == nil {
		p.t.Fatalf("executors: %v", err)
	}
	var faces []seed.Face
	for _, face := range seed.Faces() {
		if slices.ContainsFunc(able.JSON200.Items, func(e api.Executor) bool { return e.Name == face.Name }) {
			faces = append(faces, face)
		}
	}
	if len(faces) == 0 {
		p.t.Fatal("no plumber with Telegram is on shift in the demo company")
	}
	slices.SortStableFunc(faces, func(x, y seed.Face) int {
		return -cmp.Compare(strings.Count(x.Language, language), strings.Count(y.Language, language))
	})
	return faces[0]
}

// showing is one request's life as the phones show it.
type showing struct {
	t                           *testing.T
	b                           *pagetest.Browser
	language                    string
	cast                        cast
	book                        words.Book // of resident and manager
	plumber                     seed.Face
	resident, executor, manager pagetest.Phone
	number                      string
}

func (s *showing) shot(name string) { s.b.Shot("request-" + s.language + "-" + name) }

// crew is the words of the executor's language.
func (s *showing) crew() words.Book { return words.For(s.plumber.Language) }

// card opens the request's card by its link and waits for a button on it.
func (s *showing) card(phone pagetest.Phone, button string) {
	s.t.Helper()
	phone.Link("req_" + s.number)
	phone.SeesButton(button)
	phone.Tap(button)
}

func (s *showing) seat() {
	for phone, chat := range map[pagetest.Phone]int64{s.resident: s.cast.resident, s.executor: s.plumber.Telegram, s.manager: s.cast.manager} {
		phone.Give(fmt.Sprintf("ukbot_demo_bot:%d", chat))
		phone.Begin()
	}
	s.resident.Finds(fmt.Sprintf(`[data-key="%s"]`, s.book.Plain("menu.new")))
	s.manager.Finds(`[data-key]`)
	s.executor.Finds(`[data-key]`)
	s.shot("1-menus")
}

var shownNumber = regexp.MustCompile(`\d{6}-\d{3,}`)

func (s *showing) file() {
	s.resident.Key(s.book.Plain("menu.new"))
	s.resident.Tap(s.book.Plain("category.plumbing"))
	s.resident.TapWith("🏠")
	s.resident.Sees(firstLine(s.book.Plain("create.ask_text")))
	s.resident.Write(s.cast.problem)
	s.resident.SeesButton(s.book.Plain("button.skip"))
	s.resident.Photos(1, "")
	s.shot("2-photo")
	s.resident.Tap(s.book.Plain("button.done"))
	s.resident.Tap(s.book.Plain("urgency.urgent"))
	s.resident.Sees(s.cast.problem)
	s.shot("3-summary")
	s.resident.Tap(s.book.Plain("create.send"))
	before, _, _ := strings.Cut(s.book.Plain("create.next_urgent"), ".")
	s.resident.Sees(before)
	texts := s.resident.Texts()
	s.number = shownNumber.FindString(texts[len(texts)-1])
	if s.number == "" {
		s.t.Fatalf("no number in %q", texts[len(texts)-1])
	}
	s.manager.Sees(s.number) // told without asking
	s.shot("4-filed")
}

func (s *showing) assign() {
	s.card(s.manager, s.book.Plain("requests.assign"))
	s.manager.TapWith(s.plumber.Name)
	s.manager.Tap(s.book.Plain("reassign.send"))
	s.executor.Sees(s.number)
	s.resident.Sees(s.plumber.Name)
	s.shot("5-assigned")
}

func (s *showing) complete() {
	s.card(s.executor, s.crew().Plain("requests.complete"))
	s.executor.SeesButton(s.crew().Plain("complete.fixed"))
	s.executor.Write(s.cast.report)
	question, _, _ := strings.Cut(s.crew().CountPlain("complete.ask_photos", 5), ":")
	s.executor.Sees(question)
	s.executor.Photos(1, "")
	s.executor.Tap(s.crew().Plain("button.done"))
	s.executor.Tap(s.crew().Plain("complete.send"))
	s.manager.Sees(s.cast.report)
	s.shot("6-completed")
}

func (s *showing) confirm() {
	s.card(s.manager, s.book.Plain("requests.confirm"))
	s.manager.Sees(s.book.Plain("status.confirmed"))
	s.shot("7-confirmed")
}

func (s *showing) rate() {
	s.resident.Tap("5 ⭐")
	s.resident.Sees(words.Rating(5))
	s.executor.Sees(words.Rating(5))
	s.shot("8-rated")
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
