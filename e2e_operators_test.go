package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ukbot/botgw/simulator"
	"ukbot/botgw/words"
)

// TestFailedWebhooksAreAskedForWhereTheOperatorsAPIIs has an administrator look at
// them where that API is another process than the housing services.
func TestFailedWebhooksAreAskedForWhereTheOperatorsAPIIs(t *testing.T) {
	t.Parallel()
	const token, admin, key = "400:AAoperatorsTOKEN", int64(4004), "operators-key"
	book := words.For("ru")
	asked := make(chan *http.Request, 8)
	operators := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"events":[]}`))
	}))
	t.Cleanup(operators.Close)
	sim := simulator.New(simulator.Config{})
	sim.AddBot(token, "operators_bot")
	sim.AddUser(simulator.User{ID: admin, FirstName: "Admin", LanguageCode: "ru"})
	web := httptest.NewServer(sim.Handler())
	t.Cleanup(func() { sim.Close(); web.Close() })
	startDev(t, openDir(t), "UKBOT_TELEGRAM_API="+web.URL, "TELEGRAM_TOKEN="+token,
		"UKBOT_BOT_OPERATOR_URL="+operators.URL+"/", "UKBOT_BOT_OPERATOR_KEY="+key)

	if err := sim.Start(token, admin); err != nil {
		t.Fatal(err)
	}
	tap := func(button string) {
		t.Helper()
		eventually(t, arriveIn, "the button "+button, func() bool {
			_, err := sim.TapLatest(token, admin, button)
			return err == nil
		})
	}
	eventually(t, arriveIn, "the menu", func() bool {
		_, err := sim.PressKey(token, admin, book.Plain("menu.admin"))
		return err == nil
	})
	tap(book.Plain("admin.hooks"))
	select {
	case r := <-asked:
		if !strings.HasPrefix(r.URL.Path, "/api/v1/webhooks") || r.Header.Get("Authorization") != "Bearer "+key {
			t.Errorf("asked for %s with %q", r.URL.Path, r.Header.Get("Authorization"))
		}
	case <-time.After(arriveIn):
		t.Fatal("the operators' API was not asked")
	}
	eventually(t, arriveIn, "the answer", func() bool {
		messages := sim.Messages(admin)
		return strings.Contains(messages[len(messages)-1].Text, book.Plain("admin.hooks_none"))
	})
}
