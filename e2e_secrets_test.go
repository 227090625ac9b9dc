package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"ukbot/events"
	"ukbot/ops"
	"ukbot/secret"
)

// secretsOf is what must never be seen but on dev's own screen.
func secretsOf(t *testing.T, p *program) []string {
	t.Helper()
	_, key, _ := strings.Cut(p.dev.Keys, ":")
	_, rest, _ := strings.Cut(p.dev.Database, "://")
	user, _, _ := strings.Cut(rest, "@")
	_, password, _ := strings.Cut(user, ":")
	all := []string{key, p.dev.APIKey, password}
	keys, err := secret.ParseKeyset(secret.Text(p.dev.Keys))
	if err != nil {
		t.Fatal(err)
	}
	hooks, err := ops.ListHooks(t.Context(), p.pool(), "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, hook := range hooks {
		for _, sealed := range hook.Secrets {
			plain, err := keys.Open(sealed, events.HookOwner(hook.Tenant, hook.Source))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, plain.Reveal(), sealed)
		}
	}
	for _, s := range all {
		if len(s) < 16 {
			t.Fatalf("a secret of %d characters cannot be looked for", len(s))
		}
	}
	return all
}

func free(t *testing.T, what, text string, secrets []string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(text, s) {
			t.Errorf("%s shows a secret: %s", what, strings.ReplaceAll(text, s, "<HERE>"))
		}
	}
}

func configMasks(t *testing.T, p *program) {
	secrets := secretsOf(t, p)
	for _, args := range [][]string{{"config"}, {"config", "--json"}, {"config", "--env-example"}, {"doctor"}, {"doctor", "--json"}, {"hooks", "ls"}, {"hooks", "ls", "--json"}} {
		free(t, strings.Join(args, " "), p.command(args...), secrets)
	}
	var settings []setting
	if err := json.Unmarshal([]byte(p.command("config", "--json")), &settings); err != nil {
		t.Fatal(err)
	}
	masked := 0
	for _, s := range settings {
		if s.Value == "***" {
			masked++
		}
	}
	if len(settings) < 15 || masked < 2 {
		t.Errorf("config --json lists %d settings, %d of them masked; want all, and keyset and database masked", len(settings), masked)
	}
}

func noSecretSeen(t *testing.T, p *program) {
	secrets := secretsOf(t, p)
	free(t, "dev's log", p.err.text(), secrets)
	for _, args := range [][]string{{"events", "show", "evt_replay_0", "--json"}, {"events", "ls", "--json"}, {"dead", "ls", "--json"}} {
		free(t, strings.Join(args, " "), p.command(args...), secrets)
	}
	for _, page := range []string{"/metrics", "/health/detailed", "/ready", "/health"} {
		status, body, err := get(t.Context(), "http://"+p.http+page)
		if err != nil || status != http.StatusOK {
			t.Errorf("%s: %d, %v", page, status, err)
		}
		free(t, page, body, secrets)
	}
}
