package rest_test

import (
	"testing"
	"time"

	"ukbot/housing/problem"
	"ukbot/housing/rest"
)

type key struct {
	At time.Time
	ID string
}

func TestCursorsCarryTheSortKeyWhole(t *testing.T) {
	want := key{time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC), "ключ"}
	cursor := rest.Cursor(want)
	var got key
	if err := rest.ReadCursor(&cursor, &got); err != nil || got != want {
		t.Errorf("ReadCursor(Cursor(%v)) = %v, %v", want, got, err)
	}
}

func TestWhatIsNoCursorIsNamed(t *testing.T) {
	for name, cursor := range map[string]string{
		"not base64":             "§§§",
		"not JSON":               "AAAA",
		"of another kind":        rest.Cursor([]int{1}),
		"cut":                    rest.Cursor(key{time.Now(), "x"})[:10],
		"with a time that is no": "eyJBdCI6InllcyJ9",
	} {
		t.Run(name, func(t *testing.T) {
			var got key
			err := rest.ReadCursor(&cursor, &got)
			p := problem.As(err)
			if p == nil || p.Code != problem.Invalid || p.Errors[0].Pointer != "query/cursor" {
				t.Errorf("ReadCursor(%q) = %v, want invalid at query/cursor", cursor, err)
			}
		})
	}
}

func TestAPageKnowsWhetherThereIsMore(t *testing.T) {
	for name, tc := range map[string]struct {
		have, limit, want int
		more              bool
	}{
		"fewer than fit":  {3, 5, 3, false},
		"just as many":    {5, 5, 5, false},
		"one more":        {6, 5, 5, true},
		"nothing at all":  {0, 5, 0, false},
		"one and one too": {2, 1, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			items := make([]int, tc.have)
			got, next := rest.Page(items, tc.limit, func(i int) any { return i })
			if len(got) != tc.want || (next != nil) != tc.more {
				t.Errorf("%d of %d, more: %t; want %d, more: %t", len(got), tc.have, next != nil, tc.want, tc.more)
			}
		})
	}
}

func TestIfMatchNamesTheVersionThereIs(t *testing.T) {
	text := func(s string) *string { return &s }
	for name, tc := range map[string]struct {
		ifMatch *string
		must    bool
		want    problem.Code
	}{
		"the version":               {text(`"7"`), true, ""},
		"one of several":            {text(`"6", "7"`), true, ""},
		"any":                       {text("*"), true, ""},
		"an older one":              {text(`"6"`), true, problem.Stale},
		"a weak tag":                {text(`W/"7"`), true, problem.Stale},
		"no quotes":                 {text("7"), true, problem.Stale},
		"none where it must be":     {nil, true, problem.MatchRequired},
		"none where it may be":      {nil, false, ""},
		"an older one where it may": {text(`"1"`), false, problem.Stale},
	} {
		t.Run(name, func(t *testing.T) {
			match := rest.Match
			if tc.must {
				match = rest.MustMatch
			}
			err := match(tc.ifMatch, 7)
			if got := problem.As(err); (got == nil) != (tc.want == "") || got != nil && got.Code != tc.want {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}

func TestLimitsStayInBounds(t *testing.T) {
	for asked, want := range map[int]int{-5: 1, 0: 1, 1: 1, 200: 200, 10_000: 200} {
		if got := rest.Limit(&asked); got != want {
			t.Errorf("Limit(%d) = %d, want %d", asked, got, want)
		}
	}
	if got := rest.Limit(nil); got != rest.PageDefault {
		t.Errorf("Limit(nil) = %d", got)
	}
}
