//go:build !race

// Each command is a process of its own, which the race detector starts slowly; what
// they ask is tested under it in package ops.

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ukbot/events"
)

// TestCommandsBesideDev walks through the commands as an operator would, each in
// a process of its own beside a running dev.
func TestCommandsBesideDev(t *testing.T) {
	t.Parallel()
	p := startDev(t, openDir(t), "UKBOT_TELEGRAM_RATE=0")
	for _, step := range []struct {
		name string
		run  func(*testing.T, *program)
	}{
		{"config shows no secret", configMasks},
		{"doctor finds nothing to do", doctorIsContent},
		{"apply has nothing to change, twice", applyIsCurrent},
		{"version and migrate", versionAndMigrate},
		{"hooks come, change and go within a second", hooksAreLive},
		{"every demo source takes what send sends", sendsEverything},
		{"the API lets in who has the key", apiWantsItsKey},
		{"replay tells nobody again unless asked", replayIsQuiet},
		{"a dead letter is listed, shown and retried", deadLetters},
		{"what is mistyped is told, and changes nothing", mistypes},
		{"nothing that was printed or logged holds a secret", noSecretSeen},
	} {
		ok := t.Run(step.name, func(t *testing.T) {
			own := *p
			own.t = t
			step.run(t, &own)
		})
		if !ok {
			return
		}
	}
}

func doctorIsContent(t *testing.T, p *program) {
	eventually(t, arriveIn, "dev's own bot to be entered", func() bool { return strings.Contains(p.command("bots", "ls"), "100001") })
	var findings []finding
	if err := json.Unmarshal([]byte(p.command("doctor", "--json")), &findings); err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.State == "bad" || f.State == "warn" {
			t.Errorf("doctor finds %+v", f)
		}
		if want := map[string]string{"bots": "ok", "updates": "ok", "notices": "ok", "conversations": "ok"}[f.What]; want != "" && f.State != want {
			t.Errorf("doctor finds %+v, want it %s", f, want)
		}
	}
	if out := p.command("doctor", "--only", "http"); !strings.Contains(out, "ready on") || strings.Contains(out, "database") {
		t.Errorf("doctor --only http says %q", out)
	}
	if done := ukbot(t, []string{"UKBOT_DATA_DIR=" + t.TempDir(), "UKBOT_HTTP_ADDR=127.0.0.1:1"}, "doctor", "--only", "http"); done.code == 0 {
		t.Error("a health check passes where nothing serves")
	}
	if done := ukbot(t, p.besides(), "doctor", "--only", "moon"); done.code != exitFailed || !strings.Contains(done.err, "knows no") {
		t.Errorf("doctor --only moon: exit %d, %q", done.code, done.err)
	}
}

func applyIsCurrent(t *testing.T, p *program) {
	for _, args := range [][]string{{"apply", "--plan"}, {"apply", "--plan"}, {"apply"}, {"apply", "--plan"}} {
		if out := p.command(args...); !strings.Contains(out, "0 to create, 0 to update, 0 refused") {
			t.Errorf("%v says %q, want nothing to change", args, out)
		}
	}
}

func versionAndMigrate(t *testing.T, p *program) {
	if out := p.command("version"); !strings.HasPrefix(out, "ukbot ") {
		t.Errorf("version says %q", out)
	}
	if out := p.command("migrate"); !strings.Contains(out, "schema is current, 0 migrations applied") {
		t.Errorf("migrate says %q", out)
	}
}

// liveWithin is what a change of a webhook configuration may take: the quickest of
// several, for what else runs on the machine comes and goes.
const liveWithin = time.Second

func hooksAreLive(t *testing.T, p *program) {
	answers := func(want int) (took time.Duration) {
		t.Helper()
		began := time.Now()
		s := newSender(events.Hook{Tenant: "acme", Source: "github", Scheme: events.SchemeHMAC, Header: "X-Hub-Signature-256", Prefix: "sha256=", Encoding: "hex", IDHeader: "X-GitHub-Delivery"}, "a-secret-of-github", p.http)
		eventually(t, arriveIn, fmt.Sprintf("an answer of %d", want), func() bool {
			id := "delivery-" + strconv.FormatInt(time.Now().UnixNano(), 36)
			return s.post(t.Context(), id, []byte(`{"action":"opened"}`)).status == want
		})
		return time.Since(began)
	}
	answers(http.StatusNotFound)
	quickest := arriveIn
	for _, change := range []struct {
		secrets []string
		want    int
	}{
		{[]string{"a-secret-of-github"}, http.StatusAccepted},
		{[]string{"another-secret-of-github"}, http.StatusUnauthorized},
		{[]string{"another-secret-of-github", "a-secret-of-github"}, http.StatusAccepted},
	} {
		command := []string{"hooks", "set", "github", "--tenant", "acme"}
		for _, secret := range change.secrets {
			command = append(command, "--secret", secret)
		}
		p.command(command...)
		quickest = min(quickest, answers(change.want))
	}
	if out := p.command("hooks", "ls", "--tenant", "acme"); !strings.Contains(out, "github") || !strings.Contains(out, "hmac") {
		t.Errorf("hooks ls says %q", out)
	}
	p.command("hooks", "rm", "github", "--tenant", "acme")
	quickest = min(quickest, answers(http.StatusNotFound))
	if quickest > liveWithin {
		t.Errorf("a change took %s to be live at best, want at most %s", quickest, liveWithin)
	}
	if done := ukbot(t, p.besides(), "hooks", "rm", "github", "--tenant", "acme"); done.code != exitFailed || !strings.Contains(done.err, "no such webhook configuration") {
		t.Errorf("removing it again: exit %d, %q", done.code, done.err)
	}
}

func sendsEverything(t *testing.T, p *program) {
	for _, source := range []string{"google/sheets", "yandex/maps", "generic/demo"} {
		if out := p.command("send", source); !strings.Contains(out, "202 accepted") {
			t.Errorf("send %s says %q, want 202 accepted", source, out)
		}
		if out := p.command("send", source); !strings.Contains(out, "200 duplicate") {
			t.Errorf("send %s again says %q, want 200 duplicate", source, out)
		}
	}
	if out := p.command("send", "generic/demo", "--count", "50", "--rate", "500"); !strings.Contains(out, "50 events in") || !strings.Contains(out, "202 accepted") {
		t.Errorf("send --count says %q", out)
	}
	p.settled()
	if done := count(t, p.pool(), "SELECT count(*) FROM webhook_events WHERE status = 'completed' AND tenant_id = 'default'"); done != 53 {
		t.Errorf("%d events are completed, want 53", done)
	}
	if done := ukbot(t, p.besides(), "send", "stripe", "--secret", "whsec_wrong"); done.code != exitFailed || !strings.Contains(done.err, "refused with 401") {
		t.Errorf("a wrong secret: exit %d, %q, want refused with 401", done.code, done.err)
	}
}

func apiWantsItsKey(t *testing.T, p *program) {
	for name, tc := range map[string]struct {
		key  string
		want int
	}{
		"dev's own key": {p.dev.APIKey, http.StatusOK},
		"another key":   {"ukb_guess", http.StatusUnauthorized},
		"no key":        {"", http.StatusUnauthorized},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.http+"/api/v1/webhooks/events?limit=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		if tc.key != "" {
			request.Header.Set("Authorization", "Bearer "+tc.key)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != tc.want {
			t.Errorf("%s: the list of events is answered %d, want %d", name, response.StatusCode, tc.want)
		}
	}
}

func replayIsQuiet(t *testing.T, p *program) {
	payer := demoPeople[0].ChatID
	for n := range 3 {
		p.command("send", "stripe", "--id", fmt.Sprintf("evt_replay_%d", n))
	}
	p.settled()
	before := len(p.messages(payer))
	if before < 3 {
		t.Fatalf("payer was told %d times, want at least 3", before)
	}
	attempts := func() int {
		return count(t, p.pool(), "SELECT count(*) FROM webhook_attempts WHERE replay IS NOT NULL")
	}
	if out := p.command("replay", "--source", "stripe"); !strings.Contains(out, "3 events match. Nothing was done") {
		t.Errorf("replay says %q, want a dry run over 3 events", out)
	}
	p.settled()
	if n := attempts(); n != 0 {
		t.Errorf("a dry run made %d attempts", n)
	}
	p.command("replay", "--source", "stripe", "--yes")
	p.settled()
	if n, told := attempts(), len(p.messages(payer)); n != 3 || told != before {
		t.Errorf("replay made %d attempts and told the payer %d times, want 3 and none", n, told-before)
	}
	p.command("replay", "--source", "stripe", "--yes", "--notify")
	p.settled()
	if told := len(p.messages(payer)); told != before+3 {
		t.Errorf("replay --notify told the payer %d times, want 3", told-before)
	}
}

func deadLetters(t *testing.T, p *program) {
	poison := filepath.Join(t.TempDir(), "poison.json")
	if err := os.WriteFile(poison, poisonBody("evt_dead"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.command("send", "stripe", "--file", poison, "--id", "evt_dead")
	p.settled()
	var letters []struct {
		Sequence uint64 `json:"sequence"`
		EventID  string `json:"event_id"`
	}
	if err := json.Unmarshal([]byte(p.command("dead", "ls", "--json")), &letters); err != nil || len(letters) != 1 {
		t.Fatalf("dead ls --json: %+v, %v, want one letter", letters, err)
	}
	seq := strconv.FormatUint(letters[0].Sequence, 10)
	if out := p.command("dead", "show", seq); !strings.Contains(out, "currency is missing") || !strings.Contains(out, "evt_dead") {
		t.Errorf("dead show says %q", out)
	}
	if out := p.command("events", "show", "evt_dead"); !strings.Contains(out, "FAILED") || !strings.Contains(out, "dead letter #"+seq) {
		t.Errorf("events show says %q", out)
	}
	failures := func() int {
		return count(t, p.pool(), "SELECT count(*) FROM webhook_attempts WHERE outcome = 'failed'")
	}
	for n, args := range [][]string{{"dead", "retry", seq}, {"events", "retry", "evt_dead"}, {"events", "retry", "--status", "failed"}} {
		if out := p.command(args...); !strings.Contains(out, "on their way again") && !strings.Contains(out, "is on its way again") {
			t.Errorf("%v says %q", args, out)
		}
		p.settled()
		if got := failures(); got != n+2 {
			t.Errorf("after %v there are %d failed attempts, want %d", args, got, n+2)
		}
	}
	if out := p.command("events", "retry", "--status", "failed", "--dry-run"); !strings.Contains(out, "1 would be retried") {
		t.Errorf("events retry --dry-run says %q", out)
	}
	if out := p.command("events", "ls", "--status", "failed"); !strings.Contains(out, "evt_dead") {
		t.Errorf("events ls --status failed says %q", out)
	}
	if done := ukbot(t, p.besides(), "events", "show", "evt_unheard_of"); done.code != exitFailed || !strings.Contains(done.err, "evt_unheard_of") {
		t.Errorf("an event there is not: exit %d, %q", done.code, done.err)
	}
}

// mistypes is what hands do at night: the answer says what was wrong, and
// nothing is made of it.
func mistypes(t *testing.T, p *program) {
	before := p.command("company", "ls")
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"seed", "--tenant", "A B"}, exitFailed, `tenant "A B": lower-case`},
		{[]string{"company", "add", "b", "--name", " "}, exitFailed, "--name must have 1 to 200 characters"},
		{[]string{"company", "add", "b", "--name", "b", "--zone", "Moon"}, exitFailed, `no time zone "Moon"`},
		{[]string{"token", "--tenant", "unheard-of"}, exitFailed, `no tenant "unheard-of"`},
		{[]string{"keys", "ls", "--tenant", "unheard-of"}, exitFailed, `no tenant "unheard-of"`},
		{[]string{"keys", "add", "bot", "--tenant", "unheard-of", "--scope", "all"}, exitFailed, `no tenant "unheard-of"`},
		{[]string{"keys", "add", "bot", "--scope", "all", "--expires=-5h"}, exitFailed, "never have counted"},
		{[]string{"import", "go.mod", "--tenant", "unheard-of", "--apply"}, exitFailed, `no tenant "unheard-of"`},
		{[]string{"import"}, exitUsage, "see `ukbot import --help`"},
		{[]string{"keys"}, exitUsage, "see `ukbot keys --help`"},
		{[]string{"token", "--as", "boss"}, exitUsage, "see `ukbot token --help`"},
		{[]string{"frobnicate"}, exitUsage, "see `ukbot --help`"},
	} {
		done := ukbot(t, p.besides(), tc.args...)
		if done.code != tc.code || !strings.Contains(done.err, tc.want) || done.out != "" {
			t.Errorf("%v: exit %d, %q, %q; want %d, %q", tc.args, done.code, done.out, done.err, tc.code, tc.want)
		}
	}
	if after := p.command("company", "ls"); after != before {
		t.Errorf("the companies were\n%sand are\n%s", before, after)
	}
}
