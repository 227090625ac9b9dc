package desk_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ukbot/botgw/company"
	"ukbot/botgw/talk"
	"ukbot/housing/housingtest"
)

// TestButtonsOfAnotherTimeShowSomething taps every button with arguments that
// no button of today has. None may fail, and each must be answered with a screen.
func TestButtonsOfAnotherTimeShowSomething(t *testing.T) {
	o, root := operators(t)
	id, long := uuid.NewString(), strings.Repeat("щ", 400)
	all := [][]string{
		nil,
		{""},
		{"", "", "", ""},
		{"view"},
		{"view", id},
		{id, id, id},
		{"approve", id, id, "p"},
		{"reject", id, id, "x", "99"},
		{"<b>", "<i>"},
		{long, long},
		{"pending", long},
		{"mine", "0", "bm90IGEgY3Vyc29y"},
		{"free", "-9999999999999999999", "x"},
		{"why", id},
		{"take", id, "\x00"},
		{"one", long, "stripe"},
		{"all", "stripe' OR 1=1", "yes"},
		{"unblock", id, "", "yes"},
		{id, "-1", "yes"},
		{"own", "99999"},
		{"off", "nothing"},
		{"bm90IGEgY3Vyc29y"},
	}
	for _, route := range o.desk.Routes() {
		for _, args := range all {
			turn := o.turn(root, "en")
			if err := o.tap(turn, route.Do, args...); err != nil {
				t.Errorf("%s %q: %v", route.Do, args, err)
				continue
			}
			if len(turn.Outs) == 0 || turn.Outs[len(turn.Outs)-1].Way > talk.New {
				t.Errorf("%s %q shows nothing", route.Do, args)
			}
			said(t, turn)
		}
	}
}

// TestServicesAreAway has everybody do everything while nobody answers the bot.
func TestServicesAreAway(t *testing.T) {
	o := open(t)
	line, err := company.NewLine(company.LineConfig{URL: "http://127.0.0.1:1/api/v1", Metrics: company.NewMetrics(prometheus.NewRegistry()), Log: zerolog.Nop()})
	must(t, err)
	for _, who := range []*housingtest.Client{o.Applicant(), o.Executor(), o.Manager(), o.Admin()} {
		for _, order := range o.desk.Orders() {
			turn := o.turn(who, "ru")
			turn.API = line.Operator("key")
			switch err := o.order(turn, order.Name); {
			case err != nil && !errors.Is(err, company.ErrAway) && !errors.Is(err, errForbidden):
				t.Errorf("%s, /%s: %v", who.Role, order.Name, err)
			case err != nil && len(turn.Outs) > 0:
				t.Errorf("%s, /%s fails and says\n%s", who.Role, order.Name, said(t, turn))
			}
		}
	}
}
