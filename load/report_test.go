package load

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"ukbot/golden"
)

func TestReportReadsAsTheGoldenFile(t *testing.T) {
	report := Report{
		At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Took: 90 * time.Second, Command: "ukbot bench",
		Machine: Machine{Cores: 2, CPU: "Example", Memory: "8.0 GiB", Kernel: "6.1", Filesystem: "ext4", Go: "go1.26", PostgreSQL: "15.18"},
		Figures: []Figure{
			NewFigure(Goal{Name: "bare", What: "bare handler", Unit: "/s", Report: true}, []float64{91_000, 93_456.7, 92_000}),
			NewFigure(Goal{Name: "ratio", What: "share of it", Unit: "%", Least: 25}, []float64{24.9}),
			NewFigure(Goal{Name: "p99", What: "p99", Unit: "ms", Most: 5}, []float64{1.234, 9, 2}),
			NewFigure(Goal{Name: "errors", What: "errors", Zero: true}, []float64{0, 0, 1}),
			NewFigure(Goal{Name: "memory", What: "memory", Unit: "MiB", Most: 150}, nil),
		},
		Method: []string{"with care"}, Raw: []string{"one", "two"},
	}
	var b strings.Builder
	if err := report.Write(&b); err != nil {
		t.Fatal(err)
	}
	golden.Equal(t, "report.golden.md", b.String())
	if report.Unmet() != 3 {
		t.Errorf("%d goals missed, want 3", report.Unmet())
	}
}

func TestMedianIsTheMiddle(t *testing.T) {
	for name, tc := range map[string]struct {
		values []float64
		want   float64
	}{
		"none": {nil, 0},
		"one":  {[]float64{7}, 7},
		"odd":  {[]float64{9, 1, 5}, 5},
		"even": {[]float64{4, 1, 2, 9}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Median(tc.values); got != tc.want {
				t.Errorf("Median(%v) = %v, want %v", tc.values, got, tc.want)
			}
		})
	}
}

func TestGrowthComparesTheLastThirdWithTheMiddle(t *testing.T) {
	samples := []Sample{}
	for _, resident := range []int64{10, 90, 100, 100, 110, 100, 121, 120, 115} {
		samples = append(samples, Sample{Resident: resident})
	}
	if got := Growth(samples); got != 1.1 {
		t.Errorf("Growth = %v, want 1.1", got)
	}
	if got := Growth(samples[:5]); got != 0 {
		t.Errorf("Growth of 5 samples = %v, want 0: too few to say", got)
	}
}

func TestMemoryAndTimeOfThisProcessAreRead(t *testing.T) {
	before, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	writer, after := testSeries.Writer(), before
	began := time.Now()
	for after <= before && time.Since(began) < 20*time.Second { // a busy machine may give it no time at first
		for range 1000 {
			writer.Append(nil, 1, began) // work, of which some must be seen
		}
		if after, err = CPU(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	if most := time.Duration(runtime.NumCPU()) * (time.Since(began) + time.Second); after <= before || after-before > most {
		t.Errorf("worked %s in %s", after-before, time.Since(began))
	}
	resident, peak, err := Memory(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if resident < MiB || peak < resident/2 {
		t.Errorf("resident %d, peak %d bytes", resident, peak)
	}
}
