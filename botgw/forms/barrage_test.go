package forms_test

import (
	"encoding/json"
	"strings"
	"testing"

	"ukbot/api"
	"ukbot/botgw/flow"
	"ukbot/botgw/forms"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/housing/housingtest"
	"ukbot/nats"
)

// odd is what people send at any step.
var odd = map[string]func(*talk.Turn){
	"<3":               func(t *talk.Turn) { t.Kind, t.Text = talk.Text, "<3" },
	"5,000 characters": func(t *talk.Turn) { t.Kind, t.Text = talk.Text, strings.Repeat("много ", 833)+"ы" },
	"right to left and emoji": func(t *talk.Turn) {
		t.Kind, t.Text = talk.Text, "שלום \u202eعربي 👨‍👩‍👧🏳️‍🌈 & <b>\"'"
	},
	"nothing to see":    func(t *talk.Turn) { t.Kind, t.Text = talk.Text, " \u200b\n" },
	"❌ Отмена":          func(t *talk.Turn) { t.Kind, t.Text = talk.Text, "❌ Отмена" },
	"❌ Bekor qilish":    func(t *talk.Turn) { t.Kind, t.Text = talk.Text, "❌ Bekor qilish" },
	"Cancel":            func(t *talk.Turn) { t.Kind, t.Text = talk.Text, "Cancel" },
	"← Назад":           func(t *talk.Turn) { t.Kind, t.Text = talk.Text, "← Назад" },
	"/cancel":           func(t *talk.Turn) { t.Kind, t.Command, t.Text = talk.Command, "cancel", "/cancel" },
	"unknown command":   func(t *talk.Turn) { t.Kind, t.Command, t.Text = talk.Command, "frobnicate", "/frobnicate <b>" },
	"voice":             func(t *talk.Turn) { t.Kind, t.File = talk.Voice, &talk.File{ID: "v", Unique: "v"} },
	"video":             func(t *talk.Turn) { t.Kind, t.File, t.Text = talk.Video, &talk.File{ID: "v", Unique: "v"}, "<3" },
	"sticker":           func(t *talk.Turn) { t.Kind = talk.Sticker },
	"location":          func(t *talk.Turn) { t.Kind = talk.Location },
	"a poll":            func(t *talk.Turn) { t.Kind = talk.Other },
	"another's contact": func(t *talk.Turn) { t.Kind, t.Phone = talk.Contact, &talk.Phone{Number: "998900000000"} },
	"own contact":       func(t *talk.Turn) { t.Kind, t.Phone = talk.Contact, &talk.Phone{Number: "998901112233", Own: true} },
	"an odd contact":    func(t *talk.Turn) { t.Kind, t.Phone = talk.Contact, &talk.Phone{Number: "<3", Own: true} },
	"photo":             func(t *talk.Turn) { t.Kind, t.File = talk.Photo, &talk.File{ID: "p", Unique: "p"} },
	"photo with words":  func(t *talk.Turn) { t.Kind, t.File, t.Text = talk.Photo, &talk.File{ID: "p", Unique: "p"}, "<3" },
	"PDF": func(t *talk.Turn) {
		t.Kind, t.File = talk.Document, &talk.File{ID: "d", Unique: "d", Media: "application/pdf"}
	},
	"picture as file": func(t *talk.Turn) {
		t.Kind, t.File = talk.Document, &talk.File{ID: "d", Unique: "d", Media: "image/png"}
	},
	"huge picture": func(t *talk.Turn) {
		t.Kind, t.File = talk.Document, &talk.File{ID: "d", Unique: "d", Media: "image/png", Bytes: 30 << 20}
	},
	"a lost file": func(t *talk.Turn) { t.Kind = talk.Photo },
}

// cancels are those of them after which no form is open.
var cancels = []string{"❌ Отмена", "❌ Bekor qilish", "Cancel", "/cancel"}

// stale are buttons that are not of the step: {nonce} is that of the form.
var stale = map[string]talk.Call{
	"a stranger's button":      {Do: flow.PickDo, Args: []string{"x", "y", "z"}},
	"a button of nothing":      {Do: flow.PickDo},
	"a button of another step": {Do: flow.PickDo, Args: []string{"{nonce}", "elsewhere", "z"}},
	"back from another step":   {Do: "fb", Args: []string{"{nonce}", "elsewhere"}},
	"a choice that is none":    {Do: flow.PickDo, Args: []string{"{nonce}", "{step}", "<3"}},
	"a choice without words":   {Do: flow.PickDo, Args: []string{"{nonce}", "{step}"}},
}

// fills is who fills each form, and what it begins with: by name; else a
// resident fills it about their request.
var fills = map[string][]fill{
	"register": {{who: "", data: flow.Data{}}},
	"create":   {{who: "anna"}, {who: "boss"}},
	"comment":  {{who: "anna"}, {who: "boss"}},
}

type fill struct {
	who  string
	data flow.Data
}

func (w *town) somebody(form flow.Form) []fill {
	if known := fills[form.Name]; known != nil {
		return known
	}
	who := "anna"
	for name, c := range map[string]*housingtest.Client{"anna": w.anna, "rustam": w.rustam, "boss": w.boss} {
		if len(form.Roles) > 0 && form.Roles[0] == api.Role(c.Role) {
			who = name
		}
	}
	return []fill{{who, flow.Data{}}}
}

// TestWhateverComesAtAnyStep sends all that people send at every step of every
// form in every language: it is answered, and nothing is stored that was not
// asked for, or not as it was written.
func TestWhateverComesAtAnyStep(t *testing.T) {
	w := newTown(t)
	clients := map[string]*housingtest.Client{"anna": w.anna, "rustam": w.rustam, "boss": w.boss}
	languages := words.Languages
	if testing.Short() {
		languages = languages[:1] // the others differ in texts, not in what runs
	}
	for _, form := range forms.All(menu) {
		for _, fill := range w.somebody(form) {
			for _, language := range languages {
				t.Run(form.Name+" by "+fill.who+" in "+language, func(t *testing.T) {
					p := w.phone(t, clients[fill.who], language)
					if form.Name == "register" {
						p.name = "" // asked for
					}
					if form.Name != "create" && form.Name != "register" {
						fill.data.Request = w.request
					}
					p.walk(form, fill.data)
				})
			}
		}
	}
}

// walk goes through a form to its last step, with a barrage at each.
func (p *phone) walk(form flow.Form, d flow.Data) {
	p.t.Helper()
	p.begin(form.Name, d)
	for range 2 * len(form.Steps) {
		at := p.data(p.t.Context())
		if at == nil {
			p.t.Fatalf("%s is not open", form.Name)
		}
		step := stepOf(form, at.Step)
		screen := p.screen
		p.barrage(step)
		if at.Step == form.Steps[len(form.Steps)-1].Name {
			return
		}
		p.screen = screen
		p.answer(step)
	}
	p.t.Fatalf("%s never comes to its last step", form.Name)
}

func stepOf(form flow.Form, name string) flow.Step {
	for _, step := range form.Steps {
		if step.Name == name {
			return step
		}
	}
	return flow.Step{}
}

// answer gives a step what it wants: a choice where there are any, else what it takes.
func (p *phone) answer(step flow.Step) {
	p.t.Helper()
	before := p.data(p.t.Context()).Step
	tapped := map[string]bool{}
	for b, found := p.choice(tapped); found; b, found = p.choice(tapped) {
		tapped[b.Text] = true
		turn := p.turn(talk.Tap)
		p.end(turn, "["+b.Text+"]", call(p.engine, p.t, turn, b.Call))
		p.again(turn, func(t *talk.Turn) error { return call(p.engine, p.t, t, b.Call) })
		if p.data(p.t.Context()).Step != before {
			return
		}
	}
	switch {
	case step.Take[talk.Contact] != nil:
		p.twice(p.send(p.turn(talk.Contact, own("998901112233")), "(contact)"))
	case step.Take[talk.Text] != nil:
		p.twice(p.says("Протекает труба на кухне <3"))
	case step.Take[talk.Photo] != nil:
		p.twice(p.shows(0))
		p.word("button.done")
	}
	if p.data(p.t.Context()).Step == before {
		p.t.Fatalf("there is no way on from %s:\n%s", before, written(p.screen))
	}
}

// twice has the same message come again.
func (p *phone) twice(turn *talk.Turn) {
	p.again(turn, func(t *talk.Turn) error {
		_, err := p.engine.Handle(p.t.Context(), t)
		return err
	})
}

// again has the same update come again: it changes nothing and is answered.
func (p *phone) again(turn *talk.Turn, handle func(*talk.Turn) error) {
	p.t.Helper()
	before := p.data(p.t.Context())
	turn.Outs = nil
	p.end(turn, "(again)", handle(turn))
	if after := p.data(p.t.Context()); after.Step != before.Step || text(p.t, after.Data) != text(p.t, before.Data) {
		p.t.Errorf("an update that came again leaves %+v, want %+v", after, before)
	}
}

// choice is a button of the step that was not tapped yet.
func (p *phone) choice(tapped map[string]bool) (talk.Button, bool) {
	for _, row := range p.screen.Rows {
		for _, b := range row {
			if b.Call.Do == flow.PickDo && !tapped[b.Text] {
				return b, true
			}
		}
	}
	return talk.Button{}, false
}

// barrage sends everything to one step, which is put back after each.
func (p *phone) barrage(step flow.Step) {
	t := p.t
	before := p.data(t.Context())
	restore := p.kept()
	for name, change := range odd {
		turn := p.turn(talk.Other, change)
		p.send(turn, step.Name+": "+name)
		p.nothingWrong(name, step, turn, before, p.data(t.Context()))
		restore()
	}
	for name, c := range stale {
		turn := p.turn(talk.Tap)
		var args []string
		for _, arg := range c.Args {
			args = append(args, strings.NewReplacer("{nonce}", before.Data.Nonce, "{step}", before.Step).Replace(arg))
		}
		p.end(turn, step.Name+": "+name, call(p.engine, t, turn, talk.Call{Do: c.Do, Args: args}))
		if after := p.data(t.Context()); after == nil || after.Step != before.Step || text(t, after.Data) != text(t, before.Data) {
			t.Errorf("%s: %s leaves %+v", step.Name, name, after)
		}
		restore()
	}
}

// kept is the record as it is now: what it returns puts it back.
func (p *phone) kept() (restore func()) {
	p.t.Helper()
	bucket, err := p.NATS.Conn.JS.KeyValue(p.t.Context(), nats.BucketFSM)
	must(p.t, err)
	key, book := flow.Key(p.turn(talk.Text).Update), p.book
	entry, err := bucket.Get(p.t.Context(), key)
	must(p.t, err)
	return func() {
		p.book = book
		_, err := bucket.Put(p.t.Context(), key, entry.Value())
		must(p.t, err)
	}
}

// nothingWrong compares what a form held with what it holds.
func (p *phone) nothingWrong(name string, step flow.Step, sent *talk.Turn, before, after *flow.Filling) {
	t := p.t
	t.Helper()
	for _, cancel := range cancels {
		if name == cancel {
			if after != nil {
				t.Errorf("%s: %s leaves the form open", step.Name, name)
			}
			return
		}
	}
	if after == nil {
		t.Fatalf("%s: %s closes the form", step.Name, name)
	}
	if step.Take[sent.Kind] == nil || name == "← Назад" {
		a, b := after.Data, before.Data
		if a.Page, b.Page = "", ""; text(t, a) != text(t, b) {
			t.Errorf("%s: %s changes the data to %s", step.Name, name, text(t, a))
		}
		return
	}
	for field, value := range fields(t, after.Data) {
		old := fields(t, before.Data)[field]
		if value == old {
			continue
		}
		said, _ := value.(string)
		trimmed := strings.TrimSpace(sent.Text)
		switch {
		case field == "photos" && sent.File != nil, field == "phone" && sent.Phone != nil && sent.Phone.Own && said == "+998901112233", field == "verified" && sent.Phone != nil && sent.Phone.Own:
		case field == "query" && strings.HasPrefix(trimmed, said) && len([]rune(said)) <= 100:
		case said == "" && (field == "yard" || field == "building" || field == "building_name" || strings.HasPrefix(field, "apartment")): // searched anew
		case said == trimmed && len([]rune(said)) <= flow.TextMax && said != "":
		default:
			t.Errorf("%s: %s stores %s = %v", step.Name, name, field, value)
		}
	}
}

func text(t *testing.T, d flow.Data) string {
	t.Helper()
	raw, err := json.Marshal(d)
	must(t, err)
	return string(raw)
}

// fields is the data by name; what is no text as JSON.
func fields(t *testing.T, d flow.Data) map[string]any {
	t.Helper()
	var raw map[string]json.RawMessage
	must(t, json.Unmarshal([]byte(text(t, d)), &raw))
	all := map[string]any{}
	for name, value := range raw {
		var s string
		if json.Unmarshal(value, &s) != nil {
			s = string(value)
		}
		all[name] = s
	}
	for _, name := range []string{"yard", "building", "building_name", "apartment", "apartment_name"} {
		if all[name] == nil {
			all[name] = ""
		}
	}
	return all
}
