package apitest

import (
	"strings"
	"testing"
)

func TestNamedPathsWinOverParameters(t *testing.T) {
	all := []described{
		{"GET", strings.Split("/a/{b}", "/"), nil}, {"GET", strings.Split("/a/c", "/"), nil}, {"GET", strings.Split("/a/{b}/d", "/"), nil},
	}
	for path, want := range map[string][]int{
		"/a/c": {1, 2, -1}, "/a/x": {1, -1, -1}, "/a/x/d": {-1, -1, 2}, "/b": {-1, -1, -1},
	} {
		for i, d := range all {
			if got := d.matches("GET", strings.Split(path, "/")); (got >= 0) != (want[i] >= 0) {
				t.Errorf("%v matches %s: %d", d.segments, path, got)
			}
		}
		if all[0].matches("POST", strings.Split(path, "/")) >= 0 {
			t.Errorf("another method matches %s", path)
		}
	}
	if got := all[1].matches("GET", strings.Split("/a/c", "/")); got <= all[0].matches("GET", strings.Split("/a/c", "/")) {
		t.Errorf("/a/c is found as /a/{b}")
	}
}
