package forms_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"ukbot/botgw/flow"
	"ukbot/botgw/simulator"
	"ukbot/botgw/talk"
)

// Photos that Telegram does not give leave the turn the time to say so: else the
// request stands, and the form can never be finished.
func TestPhotosThatHangDoNotHoldTheForm(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	p := w.phone(t, w.anna, "ru")
	p.begin("create", flow.Data{})
	p.word("category.plumbing")
	p.word("flow.common_parts")
	p.says("hangs")
	p.shows(0)
	p.shows(1)
	p.word("button.done")
	p.word("urgency.normal")
	must(t, w.telegram.SetFault(simulator.Fault{Kind: simulator.FaultHang, Method: "file"}))
	defer w.telegram.ClearFaults()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	b, turn := p.button(p.book.Plain("create.send")), p.turn(talk.Tap)
	for _, route := range p.engine.Routes() {
		if route.Do == b.Call.Do {
			p.end(turn, "send", route.Handle(ctx, turn, b.Call.Args))
		}
	}
	if n := w.count(t, "hangs"); n != 1 || !strings.Contains(turn.Outs[0].Screen.Text, "2 фотографии не сохранились") {
		t.Errorf("%d requests, said %s", n, turn.Outs[0].Screen.Text)
	}
	if p.data(t.Context()) != nil {
		t.Error("the form is still open")
	}
}

// Who had begun to register and then follows an invitation is let in by it.
func TestAnInvitationIsWorthMoreThanADraft(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	p := w.phone(t, nil, "ru")
	p.begin("register", flow.Data{})
	p.word("language.ru")
	p.send(p.turn(talk.Contact, own("998901112277")), "(contact)")
	invitation := w.invite()
	p.begin("register", flow.Data{Invitation: invitation})
	if f := p.data(t.Context()); f == nil || f.Data.Invitation != invitation {
		t.Fatalf("open is %+v, want a form with the invitation", f)
	}
	p.word("language.ru")
	p.send(p.turn(talk.Contact, own("998901112277")), "(contact)")
	if p.data(t.Context()) != nil {
		t.Error("who is invited is not let in")
	}
}
