package requests_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/requests"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// plain is the beginning of what a key says in English, up to what goes into it.
func plain(key string) string {
	text, _, _ := strings.Cut(words.For("en").Plain(key), "<no value>")
	return text
}

func (w *town) executor(name string, options ...housingtest.PersonOption) *phone {
	w.t.Helper()
	return w.phone(w.Person(access.Executor, append(options, housingtest.Name(name))...), "en")
}

func TestOfTwoWhoTakeARequestOneIsToldWhoWasFaster(t *testing.T) {
	w := newTown(t, "en")
	timur := w.executor("Timur <b>", housingtest.Can("plumbing"))
	w.shift(timur)
	n := w.leak("Leak").Number
	w.rustam.opens(n)
	timur.opens(n)
	timur.word("requests.take")
	timur.has(talk.Toast, plain("requests.done_take"))
	timur.has(talk.Auto, plain("requests.executor_you"))
	w.rustam.word("requests.take")
	w.rustam.has(talk.Toast, "Timur <b> has taken it already")
	w.rustam.has(talk.Auto, "is with another executor")
	w.rustam.word("requests.to_list")

	t.Log("a second tap of the same person is no offence")
	timur.calls("take", "ra", n, "take", "1")
	timur.has(talk.Toast, plain("requests.refused_yours"))
	timur.has(talk.Auto, plain("requests.executor_you"))
}

func TestATapThatComesAgainActsOnce(t *testing.T) {
	w := newTown(t, "en")
	n := w.leak("Leak").Number
	turn := w.rustam.begin(talk.Tap)
	for range 2 {
		again := *turn
		again.Outs = nil
		must(t, w.rustam.handle(&again, "ra", []string{n, "take", "1"}))
		w.rustam.end(&again, "take", nil)
		w.rustam.has(talk.Toast, plain("requests.done_take"))
	}
	if got := w.leakNow(n); got.Version != 2 {
		t.Errorf("version %d, want 2", got.Version)
	}
}

// leakNow is a request as a manager sees it.
func (w *town) leakNow(number string) api.Request {
	w.t.Helper()
	var r api.Request
	w.boss.Client.Do("GET", "/requests/"+number, nil).Want(w.t, 200, &r)
	return r
}

func TestOffShiftTheWayToAShiftIsShown(t *testing.T) {
	w := newTown(t, "en")
	timur := w.executor("Timur", housingtest.Can("plumbing"))
	n := w.leak("Leak").Number
	timur.calls("take", "ra", n, "take", "1")
	timur.has(talk.Toast, plain("requests.refused_off_shift"))
	timur.has(talk.Auto, plain("requests.off_shift"))
	if b, ok := timur.button(plain("requests.open_shift")); !ok || b.Call.Do != "shl" {
		t.Errorf("no way to shifts on:\n%s", written(timur.screen))
	}

	t.Log("a form is not even opened")
	w.boss.act(n, "assign", object{"executor_id": timur.Client.User})
	timur.calls("complete", "ra", n, "complete", "2")
	timur.has(talk.Toast, plain("requests.refused_off_shift"))
	timur.has(talk.Auto, plain("requests.off_shift"))
}

func TestAStaleButtonSaysHowThingsAre(t *testing.T) {
	w := newTown(t, "en")
	n := w.leak("Leak").Number
	w.rustam.act(n, "take", nil)
	w.rustam.act(n, "complete", object{"comment": "Done", "files": []uuid.UUID{w.rustam.attach(n)}})
	w.boss.opens(n)
	w.anna.Client.Do("POST", "/requests/"+n+"/comments", object{"body": "It still drips!"}).Want(t, 201)

	t.Log("what has changed since is not confirmed")
	w.boss.word("requests.confirm")
	w.boss.has(talk.Toast, plain("requests.refused_stale"))
	w.boss.has(talk.Auto, "It still drips!")
	if got := w.leakNow(n); got.Status != api.RequestStatusCompleted {
		t.Errorf("status %s", got.Status)
	}
	w.boss.word("requests.confirm")
	w.boss.has(talk.Toast, plain("requests.done_confirm"))

	t.Log("what cannot be done any more is named")
	w.boss.calls("rework", "ra", n, "rework", "3")
	w.boss.has(talk.Toast, "the request is “Confirmed”")
	w.boss.calls("confirm", "ra", n, "confirm", "x")
	w.boss.has(talk.Toast, "the request is “Confirmed”")

	t.Log("stars come once")
	w.anna.calls("stars", "rs", n, "5")
	w.anna.has(talk.Auto, "Thank you")
	w.anna.calls("stars", "rs", n, "1")
	w.anna.has(talk.Toast, "the request is “Accepted”")
	if got := w.leakNow(n); *got.Stars != 5 {
		t.Errorf("%d stars", *got.Stars)
	}
}

func TestForeignButtonsAndNumbers(t *testing.T) {
	w := newTown(t, "en")
	r := w.leak("Leak")
	n := r.Number
	stranger := w.phone(w.Applicant(housingtest.Name("Stranger")), "en")
	elsewhere := w.In(housingtest.Other).Applicant()
	building, apartment := w.In(housingtest.Other).Home(elsewhere.User)
	theirs, err := elsewhere.API.CreateRequestWithResponse(t.Context(), nil, api.RequestNew{Category: "lift", Urgency: "normal", Description: "Secret", BuildingId: building, ApartmentId: &apartment})
	if err != nil || theirs.JSON201 == nil {
		t.Fatal(err)
	}
	w.exec("UPDATE requests SET number = '260302-777' WHERE tenant_id = $1", housingtest.Other)

	for name, does := range map[string]struct {
		who  *phone
		do   string
		args []string
		way  talk.Way
		want string
	}{
		"a neighbour's request":          {stranger, "rv", []string{n}, talk.Auto, "is not yours"},
		"a neighbour's history":          {stranger, "rh", []string{n, "0"}, talk.Toast, plain("requests.refused_forbidden")},
		"a neighbour's photos":           {stranger, "rp", []string{n}, talk.Toast, plain("requests.refused_forbidden")},
		"a neighbour's stars":            {stranger, "rs", []string{n, "5"}, talk.Toast, plain("requests.refused_forbidden")},
		"a neighbour's cancellation":     {stranger, "ra", []string{n, "cancel", "1"}, talk.Toast, plain("requests.refused_forbidden")},
		"another company's request":      {w.boss, "rv", []string{"260302-777"}, talk.Auto, "There is no request 260302-777"},
		"another company's action":       {w.boss, "ra", []string{"260302-777", "confirm", "1"}, talk.Toast, plain("requests.refused_missing")},
		"a number nobody has":            {w.anna, "rv", []string{"991231-999999"}, talk.Auto, "There is no request 991231-999999"},
		"no number":                      {w.anna, "rv", nil, talk.Auto, "There is no request"},
		"a number that is markup":        {w.anna, "rv", []string{"<b>&"}, talk.Auto, "&lt;b&gt;&amp;"},
		"a number as long as a message":  {w.anna, "rv", []string{strings.Repeat("🏠", 3000)}, talk.Auto, "There is no request"},
		"a path in place of a number":    {w.anna, "ra", []string{"../users", "cancel", "1"}, talk.Auto, "There is no request"},
		"a history of no number":         {w.anna, "rh", []string{"x"}, talk.Auto, "There is no request"},
		"photos of no number":            {w.anna, "rp", []string{"x"}, talk.Auto, "There is no request"},
		"an executor's action":           {w.anna, "ra", []string{n, "take", "1"}, talk.Toast, "the request is “New”"},
		"a manager's action":             {w.rustam, "ra", []string{n, "assign", "1"}, talk.Toast, "the request is “New”"},
		"an action that does not exist":  {w.anna, "ra", []string{n, "<b>", "1"}, talk.Toast, "the request is “New”"},
		"an action too early":            {w.anna, "ra", []string{n, "accept", "1"}, talk.Toast, "the request is “New”"},
		"no action":                      {w.anna, "ra", []string{n}, talk.Toast, "the request is “New”"},
		"too many stars":                 {w.anna, "rs", []string{n, "9"}, talk.Auto, "Request " + n},
		"no stars":                       {w.anna, "rs", []string{n}, talk.Auto, "Request " + n},
		"a form that is not begun here":  {w.anna, "rf", []string{"register"}, talk.Auto, "My requests"},
		"a filter of another role":       {w.anna, "rl", []string{"free"}, talk.Auto, "My requests"},
		"photos where there are none":    {w.anna, "rp", []string{n}, talk.Toast, plain("requests.photos_none")},
		"a card with a page of nonsense": {w.anna, "rv", []string{n, "free", "x"}, talk.Auto, "Request " + n},
	} {
		t.Run(name, func(t *testing.T) {
			does.who.calls(name, does.do, does.args...)
			does.who.has(does.way, does.want)
			if text := said(t, does.who.turn); strings.Contains(text, "Secret") {
				t.Errorf("what is another company's is shown:\n%s", text)
			}
		})
	}
	if got := w.leakNow(n); got.Version != r.Version {
		t.Errorf("something was done: %+v", got)
	}
}

func TestNumbersPastTheThousandthOfADay(t *testing.T) {
	w := newTown(t, "en")
	w.leak("Leak")
	w.exec("UPDATE requests SET number = '260302-1000' WHERE tenant_id = $1", w.Tenant)
	w.rustam.asks("free", "")
	w.rustam.taps("1")
	w.rustam.has(talk.Auto, "Request 260302-1000")
	w.rustam.word("requests.take")
	w.rustam.has(talk.Toast, plain("requests.done_take"))
	w.rustam.asks("requests", "260302-1000")
	w.rustam.has(talk.Auto, "Request 260302-1000")
	w.rustam.asks("requests", "leak")
	w.rustam.has(talk.Auto, "My work")
}

func TestTheLongestCardFits(t *testing.T) {
	w := newTown(t, "uz")
	w.exec("UPDATE users SET name = $2 WHERE tenant_id = $1", w.Tenant, strings.Repeat("Ў", 100))
	for name, text := range map[string]string{
		"letters":            strings.Repeat("щ", 2000),
		"markup":             strings.Repeat("<3 & ", 399),
		"pictures":           strings.Repeat("🏚", 2000),
		"lines":              strings.Repeat("ж\n", 999),
		"from right to left": strings.Repeat("مرحبا ", 333),
	} {
		n := w.leak(text).Number
		for range 4 {
			w.anna.Client.Do("POST", "/requests/"+n+"/comments", object{"body": text}).Want(t, 201)
		}
		w.exec("UPDATE requests SET address = $2 WHERE tenant_id = $1", w.Tenant, strings.Repeat("Чиланзар & <Юнусабад> ", 20)+"кв. 6")
		for _, p := range []*phone{w.anna, w.rustam, w.boss} { // said holds each against the limits
			p.opens(n)
			p.calls(name, "rh", n, "0")
			p.asks("requests", "")
		}
	}
}

func TestPhotosThatCannotBeShownAreCounted(t *testing.T) {
	w := newTown(t, "en")
	r := w.leak("Leak")
	w.rustam.act(r.Number, "take", nil)
	w.rustam.opens(r.Number)
	w.rustam.word("requests.complete")
	w.rustam.writes("Done")
	w.rustam.sends()
	w.rustam.word("button.done")
	w.rustam.word("complete.send")
	w.anna.attach(r.Number)
	w.anna.upload(r.Number, jpegOf(t, 1, 900, 30)) // Telegram shows nothing so narrow
	w.exec("UPDATE request_files SET bytes = 20000000 WHERE tenant_id = $1 AND name = 'a.jpg'", w.Tenant)
	w.anna.opens(r.Number)
	w.anna.taps("📷")
	w.anna.has(talk.New, "2 more files cannot be shown here")
	if photos := w.anna.turn.Outs[0].Screen.Photos; len(photos) != 1 || len(photos[0].Data) < 100 {
		t.Errorf("%d photos", len(photos))
	}
}

func TestWithoutTheServicesNothingIsSaid(t *testing.T) {
	nowhere, err := api.NewClientWithResponses("http://127.0.0.1:1")
	must(t, err)
	r := requests.New(nil, nil)
	for _, role := range []api.Role{api.RoleApplicant, api.RoleExecutor, api.RoleManager} {
		for _, route := range r.Routes() {
			if len(route.Roles) > 0 && role != api.RoleApplicant || route.Do == "rf" {
				continue
			}
			turn := &talk.Turn{Person: &talk.Person{ID: "p", Role: role}, API: nowhere, Zone: tashkent}
			args := []string{"260302-001", map[api.Role]string{api.RoleApplicant: "5", api.RoleExecutor: "take", api.RoleManager: "confirm"}[role], "1"}
			if err := route.Handle(t.Context(), turn, args); err == nil || len(turn.Outs) > 0 {
				t.Errorf("%s by %s: %v, and says %d things", route.Do, role, err, len(turn.Outs))
			}
		}
	}
}
