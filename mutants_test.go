package main_test // nothing of main is needed, and main has many names

import (
	"go/build/constraint"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// brokenReceiver is a mistake that receivers of webhooks are known to make. It
// sleeps behind its build tag; with the tag on, the named tests must fail:
// tests that pass with it would not have found it.
type brokenReceiver struct {
	tag  string // build tag and file name: broken_<flaw>.go beside broken_<flaw>_off.go
	pkg  string // whose tests notice
	run  string // -run: only what should notice, so that all of them take seconds
	flaw string
}

// brokenReceivers is all of them; `task mutants` switches each on in turn.
var brokenReceivers = []brokenReceiver{
	{"broken_ack_before_store", "./nats", "^TestPublishAnswersOnlyWhatIsStored$", "a webhook is answered once it is sent, stored or not"},
	{"broken_check_then_insert", "./workers", "^TestTwentyAtOnce", "what comes twice at once is looked for first and stored twice then"},
	{"broken_fail_open", "./ingress", "^TestCompileRefuses", "a scheme nobody knows is let through"},
	{"broken_parsed_json", "./ingress", "^TestEveryProviderIsTakenIn", "the signature is checked over parsed and printed JSON"},
	{"broken_secret_in_log", "./ingress", "^TestEveryRefusal$", "headers and body go to the log, secrets with them"},
	{"broken_stale", "./ingress", "^TestEveryRefusal$|^TestVerifyStripe$", "an old timestamp with a right signature is let through"},
}

// TestBrokenReceiversAreListed keeps the table and the tree in step: a tag
// without a row would never be tried, a row without a tag would test nothing.
func TestBrokenReceiversAreListed(t *testing.T) {
	inTree := brokenTags(t)
	for _, m := range brokenReceivers {
		if !slices.Contains(inTree, m.tag) {
			t.Errorf("table lists %s, which no file's go:build line names", m.tag)
		}
	}
	for _, tag := range inTree {
		if !slices.ContainsFunc(brokenReceivers, func(m brokenReceiver) bool { return m.tag == tag }) {
			t.Errorf("tag %s is in the tree but not in brokenReceivers", tag)
		}
	}
}

var buildLine = regexp.MustCompile(`(?m)^//go:build .*$`)

// brokenTags is every tag broken_… of a go:build line in the tree.
func brokenTags(t *testing.T) []string {
	t.Helper()
	var tags []string
	for _, path := range filesOf(t, ".", ".go") {
		source, err := os.ReadFile(filepath.FromSlash(path))
		if err != nil {
			t.Fatal(err)
		}
		line := buildLine.Find(source)
		if line == nil {
			continue
		}
		expr, err := constraint.Parse(string(line))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		expr.Eval(func(tag string) bool { // Eval asks for each tag it needs
			if strings.HasPrefix(tag, "broken_") && !slices.Contains(tags, tag) {
				tags = append(tags, tag)
			}
			return true
		})
	}
	return tags
}
