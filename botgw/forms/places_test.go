package forms_test

import (
	"testing"

	"ukbot/api"
	"ukbot/botgw/flow"
)

// One home after another: who lives in two buildings is asked which.
func TestWhereAResidentLives(t *testing.T) {
	w := newTown(t)
	nobody := w.phone(t, w.Applicant(), "en")
	turn := nobody.begin("create", flow.Data{})
	if got := turn.Outs[0].Screen.Text; got != nobody.book.Text("create.no_home") {
		t.Errorf("without a home: %s", got)
	}
	both := w.Applicant()
	w.Home(both.Caller.User)
	w.Home(both.Caller.User)
	p := w.phone(t, both, "en")
	p.begin("create", flow.Data{})
	p.word("category.cleaning")
	p.taps("дом")
	p.word("flow.common_parts")
	p.says("Грязно")
	p.word("button.skip")
	p.word("urgency.medium")
	p.word("create.send")
	if r := w.get(t, p.made()); r.Apartment != nil || r.Category != api.Cleaning {
		t.Errorf("made %+v", r)
	}
	pages(t, w)
	waiting := w.Applicant()
	waiting.Do("POST", "/users/"+waiting.ID()+"/apartments", map[string]any{"apartment_id": w.flat, "relation": "tenant"}).Want(t, 201)
	p = w.phone(t, waiting, "en")
	if turn := p.begin("create", flow.Data{}); turn.Outs[0].Screen.Text != p.book.Text("create.home_waits") {
		t.Errorf("with a home that waits: %s", turn.Outs[0].Screen.Text)
	}
}

// pages has a manager turn the pages of many yards.
func pages(t *testing.T, w *town) {
	t.Helper()
	for range 20 {
		w.Building()
	}
	p := w.phone(t, w.boss, "en")
	p.begin("create", flow.Data{})
	p.word("category.other")
	first := written(p.screen)
	p.word("button.next")
	second := written(p.screen)
	p.word("button.next")
	third := written(p.screen)
	p.word("button.previous")
	again := written(p.screen)
	p.word("button.previous")
	if first != written(p.screen) || second != again || first == second || second == third {
		t.Errorf("pages:\n%s\n%s\n%s\nback:\n%s\n%s", first, second, third, again, written(p.screen))
	}
	p.word("button.next")
	p.taps("Двор")
	p.taps("дом")
	if open := p.data(t.Context()); open.Step != "apartment" || open.Data.Page != "" {
		t.Errorf("at %+v", open)
	}
	p.word("flow.common_parts")
	p.word("button.back")
	p.word("button.back")
	p.word("button.back")
	if open := p.data(t.Context()); open.Step != "yard" {
		t.Errorf("at %+v", open)
	}
}
