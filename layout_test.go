package main_test // nothing of main is needed, and main has many names

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// arrows is the house plan: what of ukbot each package may import. "std" in
// front of a list means: and of everybody else's, the standard library only.
// Roles (ingress, workers, housing, botgw, ops) never import one another: they
// meet in the streams or over HTTP. Tests may import more; they are not looked at.
var arrows = map[string]string{
	".":              "*", // wires everything
	"events":         "std",
	"secret":         "std",
	"secret/logtest": "std", // a log for tests
	"golden":         "std", // files to compare with, for tests
	"nats":           "events secret",
	"nats/natstest":  "nats",
	"ingress":        "events nats secret",
	"workers":        "events nats secret sql/db integrations",
	"integrations":   "secret",
	"housing":        "api events nats secret sql/db housing/access housing/auth housing/buildings housing/clocks housing/company housing/files housing/problem housing/reports housing/requests housing/shifts housing/unit housing/users",
	// What every part of the company may lean on.
	"housing/access":   "housing/problem",
	"housing/problem":  "std",
	"housing/rest":     "housing/problem",
	"housing/spelling": "std",
	"housing/unit":     "events sql/db",
	"housing/workflow": "housing/access",
	"housing/company":  "api sql/db housing/access housing/problem housing/rest housing/unit",
	// The parts. One imports another only where the change of one is a change of the other.
	"housing/auth":        "api events nats secret sql/db housing/access housing/problem housing/rest housing/unit",
	"housing/users":       "api events sql/db housing/access housing/company housing/problem housing/rest housing/spelling housing/unit",
	"housing/buildings":   "api sql/db housing/access housing/problem housing/rest housing/spelling housing/unit",
	"housing/sla":         "events sql/db housing/company housing/unit housing/workflow",
	"housing/requests":    "api events sql/db housing/access housing/company housing/problem housing/rest housing/sla housing/unit housing/workflow",
	"housing/clocks":      "events nats sql/db housing/requests housing/sla housing/unit",
	"housing/files":       "api events nats sql/db housing/access housing/problem housing/requests housing/unit",
	"housing/reports":     "api sql/db housing/access housing/company housing/problem housing/requests housing/rest housing/unit housing/workflow",
	"housing/shifts":      "api events sql/db housing/access housing/company housing/problem housing/rest housing/unit",
	"housing/seed":        "events sql/db housing/access housing/company housing/requests housing/sla housing/spelling housing/unit housing/workflow",
	"housing/housingtest": "*", // a company for tests
	"botgw":               "events nats secret sql/db api botgw/bots botgw/company botgw/desk botgw/flow botgw/forms botgw/gate botgw/pace botgw/requests botgw/speak botgw/talk botgw/telegram botgw/updates botgw/words",
	// Telegram itself, and what a conversation is made of.
	"botgw/telegram":      "secret",
	"botgw/pace":          "events",
	"botgw/words":         "",
	"botgw/talk":          "api events botgw/telegram botgw/words",
	"botgw/talk/talktest": "botgw/talk botgw/telegram", // Telegram's limits, for tests
	"botgw/company":       "api secret botgw/talk",
	// In: from Telegram to the lanes, and who may go on.
	"botgw/bots":    "events nats secret sql/db botgw/telegram",
	"botgw/updates": "events nats secret botgw/bots botgw/talk botgw/telegram",
	"botgw/gate":    "api events nats secret sql/db botgw/company botgw/speak botgw/talk botgw/telegram botgw/words",
	// Talking.
	"botgw/speak":              "events nats sql/db api botgw/pace botgw/talk botgw/telegram botgw/words",
	"botgw/flow":               "api events nats botgw/talk botgw/words",
	"botgw/forms":              "api botgw/company botgw/flow botgw/talk botgw/telegram botgw/words",
	"botgw/requests":           "api botgw/company botgw/flow botgw/forms botgw/talk botgw/telegram botgw/words",
	"botgw/desk":               "api events sql/db botgw/company botgw/flow botgw/forms botgw/talk botgw/words",
	"botgw/simulator":          "",
	"botgw/simulator/pagetest": "", // a browser for tests
	"ops":                      "events nats secret sql/db integrations api",
	"api":                      "",
	"api/apitest":              "api",
	"sql":                      "", // a test only: every query names its tenant
	"sql/db":                   "events secret sql/migrations",
	"sql/pglocal":              "",
	"sql/dbtest":               "sql/db sql/migrations sql/pglocal",
	"sql/migrations":           "", // embeds its files
	"deploy/nats":              "", // a test only
	"load":                     "events ingress nats secret",
}

// TestImportsFollowTheArrows reads every package's imports from the go command.
func TestImportsFollowTheArrows(t *testing.T) {
	own := map[string]bool{}
	packages := goList(t, "./...")
	for _, p := range packages {
		own[p.ImportPath] = true
	}
	for _, p := range packages {
		name := ownName(p.ImportPath)
		allowed, listed := arrows[name]
		if !listed {
			t.Errorf("package %s has no row in arrows: say what it may import", name)
			continue
		}
		for _, imported := range p.Imports {
			if why := forbidden(imported, own[imported], strings.Fields(allowed)); why != "" {
				t.Errorf("%s imports %s: %s", name, imported, why)
			}
		}
	}
}

// forbidden says why a package that may import `allowed` may not import this one.
func forbidden(imported string, own bool, allowed []string) string {
	switch {
	case own && !slices.Contains(allowed, ownName(imported)) && !slices.Contains(allowed, "*"):
		return "that arrow is not in the plan"
	case !own && slices.Contains(allowed, "std") && strings.Contains(strings.Split(imported, "/")[0], "."):
		return "it keeps to the standard library"
	}
	return ""
}

// ownName is a package's name in the table: its folder, "." for the root.
func ownName(importPath string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(importPath, "ukbot"), "/")
	if name == "" {
		return "."
	}
	return name
}

type listed struct {
	ImportPath string
	Imports    []string
}

func goList(t *testing.T, pattern string) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", pattern)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
}

// rooms are the places of later issues that a document may name before they
// exist, and what appears only when the program runs. Delete a line when its
// room is built.
var rooms = []string{
	"integrations/",
	".ukbot/", ".bin/",
}

// TestNoDocumentNamesAPathThatIsGone looks up every path/like.go and folder/
// that a document names in backticks or in a block.
func TestNoDocumentNamesAPathThatIsGone(t *testing.T) {
	documents := []string{}
	for _, path := range filesOf(t, ".", ".md") {
		if !strings.Contains(path, "/") || strings.HasPrefix(path, "docs/") || strings.HasPrefix(path, "load/") {
			documents = append(documents, path)
		}
	}
	for _, document := range documents {
		if document == "CHANGELOG.md" { // it also tells what has gone
			continue
		}
		text, err := os.ReadFile(filepath.FromSlash(document))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range namedPaths(string(text)) {
			if !pathExists(path) {
				t.Errorf("%s names %s, which does not exist", document, path)
			}
		}
	}
}

var (
	codeSpan = regexp.MustCompile("(?s)```.*?```|`[^`\n]+`")
	// pathToken is a relative path of this tree: it ends in a known suffix, or in
	// a slash. What a URL, a subject or an import path looks like is not one.
	pathToken = regexp.MustCompile(`(?:^|[\s"'(=\x60│├└─])((?:\./)?[A-Za-z0-9_.][A-Za-z0-9_.\-/]*(?:\.(?:go|sql|yaml|yml|json|md|conf|txt|tmpl)|/))(?:$|[\s"'),.:;\x60])`)
)

// namedPaths is every path of the tree that a document's code spans name.
func namedPaths(text string) []string {
	var paths []string
	for _, span := range codeSpan.FindAllString(text, -1) {
		for line := range strings.Lines(span) {
			// A match takes the space after it, which the next one needs before it.
			for _, word := range strings.Fields(line) {
				if m := pathToken.FindStringSubmatch(word); m != nil && m[1] != "./" && !strings.Contains(m[1], "..") { // "./" is what ./... begins with
					paths = append(paths, strings.TrimPrefix(m[1], "./"))
				}
			}
		}
	}
	return paths
}

// pathExists also takes a bare file name that some folder has, as in trees
// that indent.
func pathExists(path string) bool {
	if slices.ContainsFunc(rooms, func(room string) bool { return strings.HasPrefix(path, room) }) {
		return true
	}
	if _, err := os.Stat(filepath.FromSlash(path)); err == nil {
		return true
	}
	for _, pattern := range []string{"*/" + path, "*/*/" + path} {
		if found, _ := filepath.Glob(filepath.FromSlash(pattern)); len(found) > 0 {
			return true
		}
	}
	return false
}

func TestPathsOfADocumentAreFound(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"a file in backticks":            {"see `nats/publish.go`.", []string{"nats/publish.go"}},
		"a folder in a tree":             {"```\nnats/   THE STREAMS\n  config/  JSON\n```", []string{"nats/", "config/"}},
		"an argument":                    {"`nats stream add --config nats/config/WEBHOOKS.json`", []string{"nats/config/WEBHOOKS.json"}},
		"two in one way":                 {"`a/b.go → c/d.go`", []string{"a/b.go", "c/d.go"}},
		"prose is not looked at":         {"see nats/publish.go", nil},
		"a URL is no path":               {"`http://127.0.0.1:8009/health/`", nil},
		"a route is no path":             {"`/api/v1/webhooks/`", nil},
		"a subject is no path":           {"`integration.webhook.>`", nil},
		"another project's path is none": {"`../shared/spec.md`", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := namedPaths(tc.text); !slices.Equal(got, tc.want) {
				t.Errorf("namedPaths(%q) = %q, want %q", tc.text, got, tc.want)
			}
		})
	}
}

// filesOf is every file below root with this suffix, without hidden and
// foreign folders, as slash-separated paths.
func filesOf(t *testing.T, root, suffix string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata") {
			return filepath.SkipDir
		}
		if !entry.IsDir() && strings.HasSuffix(name, suffix) {
			files = append(files, filepath.ToSlash(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
