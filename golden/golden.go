// Package golden compares what leaves the process with a file. It is for tests
// only: go test PACKAGE -update rewrites the files, and the diff is reviewed.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

// rewrite is of the test program, not of ukbot: no other file of the program imports this package.
var rewrite = flag.Bool("update", false, "rewrite golden files")

// Equal fails unless testdata/<file> reads like got.
func Equal(t testing.TB, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(file))
	if *rewrite {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (-update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-update rewrites it); got:\n%s\nwant:\n%s", path, got, want)
	}
}
