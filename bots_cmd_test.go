package main

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ukbot/botgw/simulator"
	"ukbot/botgw/telegram"
)

func TestATokenIsReadFromWhereNobodySeesIt(t *testing.T) {
	for name, tc := range map[string]struct {
		env, in    string
		withKey    bool
		token, key string
		fails      bool
	}{
		"the standard input":           {"", "1:abc\nukb_k\n", false, "1:abc", "", false},
		"with its key":                 {"", "1:abc\r\n ukb_k", true, "1:abc", "ukb_k", false},
		"the environment":              {"2:def", "1:abc\n", false, "2:def", "", false},
		"the environment, and the key": {"2:def", "ukb_k\n", true, "2:def", "ukb_k", false},
		"nothing":                      {"", "", false, "", "", true},
		"an empty line":                {"", "\n1:abc\n", false, "", "", true},
		"a key that is not there":      {"2:def", "", true, "", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(botTokenEnv, tc.env)
			got, err := botsAdd{WithKey: tc.withKey}.read(strings.NewReader(tc.in))
			if (err != nil) != tc.fails || !tc.fails && (got.Token.Reveal() != tc.token || got.Key.Reveal() != tc.key) {
				t.Errorf("read() = %q, %q, %v", got.Token.Reveal(), got.Key.Reveal(), err)
			}
		})
	}
}

// TestABotIsServedFromWhenItIsAddedUntilItIsRemoved runs the commands beside a dev
// that goes on all the while.
func TestABotIsServedFromWhenItIsAddedUntilItIsRemoved(t *testing.T) {
	t.Parallel()
	const first, second = "100:AAfirstTOKENfirst", "200:AAsecondTOKENsecond"
	sim := simulator.New(simulator.Config{})
	sim.AddBot(first, "first_bot")
	sim.AddBot(second, "second_bot")
	sim.AddUser(simulator.User{ID: 7, FirstName: "Aziza", LanguageCode: "uz"})
	web := httptest.NewServer(sim.Handler())
	t.Cleanup(func() { sim.Close(); web.Close() })
	api := "UKBOT_TELEGRAM_API=" + web.URL
	p := startDev(t, openDir(t), api, "TELEGRAM_TOKEN="+first)
	said := ""
	command := func(token string, args ...string) finished {
		env := append(p.besides(), api, botTokenEnv+"="+token)
		done := ukbot(t, env, append([]string{"bots"}, args...)...)
		said += done.out + done.err
		return done
	}
	p.command("company", "add", "annex", "--name", "Annex")
	eventually(t, arriveIn, "dev's own bot to be entered", func() bool { return strings.Contains(command("", "ls").out, "100") })

	// dev enters its own without asking Telegram for its name.
	if done := ukbot(t, append(p.besides(), api), "doctor", "--only", "bots"); !strings.Contains(done.out, "@first_bot of default") {
		t.Errorf("the doctor calls it otherwise: %s%s", done.out, done.err)
	}

	for name, tc := range map[string]struct {
		token string
		args  []string
		want  string
	}{
		"no token":                {"", []string{"add"}, "no token"},
		"a token nobody has":      {"300:x", []string{"add"}, "does not know this token"},
		"a tenant nobody made":    {second, []string{"add", "--tenant", "acme"}, "no tenant"},
		"a bot of another tenant": {first, []string{"add", "--tenant", "annex"}, "serves another tenant"},
		"what is not there":       {"", []string{"rm", "annex", "--yes"}, "no such bot"},
	} {
		if done := command(tc.token, tc.args...); done.code != exitFailed || !strings.Contains(done.err, tc.want) {
			t.Errorf("%s: exit %d, %q, want %q", name, done.code, done.err, tc.want)
		}
	}

	if err := sim.Start(second, 7); err != nil {
		t.Fatal(err)
	}
	if done := command(second, "add", "--tenant", "annex"); done.code != 0 || !strings.Contains(done.out, "@second_bot serves annex") {
		t.Fatalf("add: exit %d, %q, %q", done.code, done.out, done.err)
	}
	eventually(t, arriveIn, "the new bot to answer", func() bool { return sim.Sent() > 0 })
	if out := command("", "ls").out; !strings.Contains(out, "@second_bot") || !strings.Contains(out, "annex") || !strings.Contains(out, "sealed") {
		t.Errorf("ls says %q", out)
	}

	if done := command("", "rm", "annex"); !strings.Contains(done.out, "Nothing was done") {
		t.Errorf("rm without --yes: exit %d, %q", done.code, done.out)
	}
	if done := command("", "rm", "annex", "--yes"); done.code != 0 {
		t.Fatalf("rm: exit %d, %q", done.code, done.err)
	}
	client := telegram.New(second, web.URL, 5*time.Second)
	eventually(t, arriveIn, "what is written to nobody to stay with Telegram", func() bool {
		if _, err := sim.SendText(second, 7, "salom"); err != nil {
			t.Fatal(err)
		}
		waiting, err := client.GetUpdates(t.Context(), 0, 0, []string{"message"})
		return err == nil && len(waiting) > 3
	})
	for _, secret := range []string{"TOKENfirst", "TOKENsecond", "ukb_"} {
		if strings.Contains(said, secret) || strings.Contains(p.err.text(), secret) {
			t.Errorf("%s was printed or logged", secret)
		}
	}
}
