package shifts

import (
	"testing"
	"time"
)

func TestClocksOnTheWall(t *testing.T) {
	for name, tc := range map[string]struct {
		zone   string
		day    string
		minute int
		want   string
	}{
		"a zone without changes":           {"Asia/Tashkent", "2026-03-02", 8 * 60, "2026-03-02T03:00:00Z"},
		"midnight of the next day":         {"Asia/Tashkent", "2026-12-31", dayMinutes, "2026-12-31T19:00:00Z"},
		"before the clocks go forward":     {"Europe/Berlin", "2026-03-28", 8 * 60, "2026-03-28T07:00:00Z"},
		"after they went forward":          {"Europe/Berlin", "2026-03-29", 8 * 60, "2026-03-29T06:00:00Z"},
		"a skipped time lies later":        {"Europe/Berlin", "2026-03-29", 2*60 + 30, "2026-03-29T01:30:00Z"},
		"just before the skip":             {"Europe/Berlin", "2026-03-29", 2*60 - 1, "2026-03-29T00:59:00Z"},
		"just after the skip":              {"Europe/Berlin", "2026-03-29", 3 * 60, "2026-03-29T01:00:00Z"},
		"a time shown twice is its first":  {"Europe/Berlin", "2026-10-25", 2*60 + 30, "2026-10-25T00:30:00Z"},
		"after the clocks went back":       {"Europe/Berlin", "2026-10-25", 3 * 60, "2026-10-25T02:00:00Z"},
		"a zone that changes by half":      {"Australia/Lord_Howe", "2026-04-05", 8 * 60, "2026-04-04T21:30:00Z"},
		"west of Greenwich, going forward": {"America/New_York", "2026-03-08", 2*60 + 30, "2026-03-08T07:30:00Z"},
		"a midnight that is skipped":       {"America/Santiago", "2026-09-06", 0, "2026-09-06T04:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			got := onWall(day(t, tc.day), tc.minute, zone(t, tc.zone)).UTC().Format(time.RFC3339)
			if got != tc.want {
				t.Errorf("%s + %d min in %s = %s, want %s", tc.day, tc.minute, tc.zone, got, tc.want)
			}
		})
	}
}

func TestSpansOfADay(t *testing.T) {
	for name, tc := range map[string]struct {
		day          string
		starts, ends int
		want         time.Duration
		ok           bool
	}{
		"twelve hours":                       {"2026-03-02", 8 * 60, 20 * 60, 12 * time.Hour, true},
		"over midnight":                      {"2026-03-02", 20 * 60, 8 * 60, 12 * time.Hour, true},
		"round the clock":                    {"2026-03-02", 8 * 60, 8 * 60, 24 * time.Hour, true},
		"the night the clocks go forward":    {"2026-03-28", 20 * 60, 8 * 60, 11 * time.Hour, true},
		"the night the clocks go back":       {"2026-10-24", 20 * 60, 8 * 60, 13 * time.Hour, true},
		"round the clock, going back":        {"2026-10-25", 0, 0, 25 * time.Hour, true},
		"all of it skipped":                  {"2026-03-29", 2 * 60, 3 * 60, 0, false},
		"its end lies after, its start not":  {"2026-03-29", 2*60 + 30, 3*60 + 15, 0, false},
		"its start is skipped, its end late": {"2026-03-29", 2*60 + 30, 4 * 60, 30 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			from, to, ok := spanOn(day(t, tc.day), tc.starts, tc.ends, zone(t, "Europe/Berlin"))
			if ok != tc.ok || ok && to.Sub(from) != tc.want {
				t.Errorf("got %v to %v (%v), %v; want %v, %v", from, to, to.Sub(from), ok, tc.want, tc.ok)
			}
		})
	}
}

func day(t *testing.T, text string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
