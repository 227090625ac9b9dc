package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	composeService  = regexp.MustCompile(`(?m)^  ([a-z0-9-]+):`)
	composeSetting  = regexp.MustCompile(`(?m)^      ([A-Z_]+):`)
	composeVariable = regexp.MustCompile(`\$\{([A-Z_]+)`)
)

// neededBy is what a role cannot do its work without, or would look for in its
// own process, where it is not.
var neededBy = map[string][]string{
	"ingress": {"NATS_URL", "UKBOT_KEYS"},
	"workers": {"NATS_URL", "DATABASE_URL", "UKBOT_API_KEYS"},
	"housing": {"NATS_URL", "DATABASE_URL", "UKBOT_KEYS"},
	"botgw":   {"NATS_URL", "DATABASE_URL", "UKBOT_KEYS", "UKBOT_HOUSING_URL", "UKBOT_BOT_OPERATOR_URL"},
}

// TestComposeGivesEachRoleWhatItNeeds reads compose.yaml beside the settings and
// the file that is copied to .env.
func TestComposeGivesEachRoleWhatItNeeds(t *testing.T) {
	t.Parallel()
	compose, example := fileText(t, "compose.yaml"), fileText(t, "deploy/compose.env.example")
	_, services, found := strings.Cut(compose, "\nservices:\n")
	if !found {
		t.Fatal("compose.yaml has no services")
	}
	known := map[string]bool{}
	parser, err := newParser(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range settingFlags(parser.Model) {
		known[flag.Envs[0]] = true
	}
	starts := composeService.FindAllStringSubmatchIndex(services, -1)
	for i, at := range starts {
		name, body := services[at[2]:at[3]], services[at[1]:]
		if i+1 < len(starts) {
			body = services[at[1]:starts[i+1][0]]
		}
		given := map[string]bool{}
		for _, setting := range composeSetting.FindAllStringSubmatch(body, -1) {
			given[setting[1]] = true
			if !known[setting[1]] {
				t.Errorf("%s is given %s, which is no setting", name, setting[1])
			}
		}
		for _, setting := range neededBy[name] {
			if !given[setting] {
				t.Errorf("%s is not given %s", name, setting)
			}
		}
	}
	for _, variable := range composeVariable.FindAllStringSubmatch(compose, -1) {
		if !strings.Contains(example, "\n"+variable[1]+"=") && !strings.Contains(example, "\n#"+variable[1]+"=") {
			t.Errorf("compose.yaml wants %s, which deploy/compose.env.example does not name", variable[1])
		}
	}
}

func fileText(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
