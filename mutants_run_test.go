//go:build mutants

package main_test // nothing of main is needed, and main has many names

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// TestBrokenReceivers switches each broken receiver on and expects a test to
// fail. It runs `go test` within a test and takes minutes, hence the build tag.
func TestBrokenReceivers(t *testing.T) {
	for _, m := range brokenReceivers {
		t.Run(m.tag, func(t *testing.T) {
			t.Parallel()
			// First without running: a package that does not compile fails for the wrong reason.
			if out, err := goTest(t, m, "^$"); err != nil {
				t.Fatalf("%s does not build with -tags %s: %v\n%s", m.pkg, m.tag, err, out)
			}
			out, err := goTest(t, m, m.run)
			if err == nil {
				t.Fatalf("%s: no test of %s matching %q noticed", m.flaw, m.pkg, m.run)
			}
			if !bytes.Contains(out, []byte("--- FAIL: ")) {
				t.Fatalf("%s: no test failed, go test did: %v\n%s", m.flaw, err, out)
			}
			t.Logf("%s: noticed by %s", m.flaw, firstFailure(out))
		})
	}
}

func goTest(t *testing.T, m brokenReceiver, run string) ([]byte, error) {
	t.Helper()
	return exec.CommandContext(t.Context(), "go", "test", "-count=1", "-failfast", "-tags", m.tag, "-run", run, m.pkg).CombinedOutput()
}

func firstFailure(out []byte) string {
	_, rest, _ := strings.Cut(string(out), "--- FAIL: ")
	name, _, _ := strings.Cut(rest, " ")
	return name
}
