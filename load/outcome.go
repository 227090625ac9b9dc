package load

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Expected is the status of a webhook that was stored for the first time.
const Expected = 202

// noAnswer is the status of a request whose connection failed.
const noAnswer = 0

// Outcome is what came of a load.
type Outcome struct {
	Done     int64         // expected answers in the measured time
	Measured time.Duration // the measured time
	Statuses map[int]int64 // answers by status, warm-up included; 0: no answer
	Latency  *hdrhistogram.Histogram
	Late     *hdrhistogram.Histogram // how late requests were sent (Open): the loader's share in Latency, unless the connection waited for an answer
	Sample   string                  // the first answer that was not expected
	Shots    []Shot                  // one per event in order (Open)
}

// newHistogram counts microseconds up to two minutes, to three digits.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, (2 * time.Minute).Microseconds(), 3)
}

// record counts a latency; what is longer than the histogram counts as its end.
func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(d.Microseconds(), h.LowestTrackableValue()), h.HighestTrackableValue()))
}

// Rate is expected answers a second.
func (o Outcome) Rate() float64 {
	if o.Measured <= 0 {
		return 0
	}
	return float64(o.Done) / o.Measured.Seconds()
}

// Unexpected is how many requests got no answer or another one.
func (o Outcome) Unexpected() int64 {
	var n int64
	for status, count := range o.Statuses {
		if status != Expected {
			n += count
		}
	}
	return n
}

// Quantile is the latency that p percent of the answers kept below.
func (o Outcome) Quantile(p float64) time.Duration { return Quantile(o.Latency, p) }

// Quantile is the value that p percent of a histogram of microseconds keep below.
func Quantile(h *hdrhistogram.Histogram, p float64) time.Duration {
	if h == nil {
		return 0
	}
	return time.Duration(h.ValueAtPercentile(p)) * time.Microsecond
}

// String is the outcome in one line.
func (o Outcome) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%.0f/s", o.Rate())
	b.WriteString(" " + Quantiles(o.Latency))
	if o.Late != nil {
		fmt.Fprintf(&b, " (sent late p99 %s)", Milliseconds(Quantile(o.Late, 99)))
	}
	for _, status := range slices.Sorted(maps.Keys(o.Statuses)) {
		name := fmt.Sprint(status)
		if status == noAnswer {
			name = "no answer"
		}
		fmt.Fprintf(&b, ", %s: %d", name, o.Statuses[status])
	}
	if o.Sample != "" {
		fmt.Fprintf(&b, ", first: %s", o.Sample)
	}
	return b.String()
}

// Quantiles is a histogram of microseconds in one line.
func Quantiles(h *hdrhistogram.Histogram) string {
	return fmt.Sprintf("p50 %s p99 %s p99.9 %s max %s",
		Milliseconds(Quantile(h, 50)), Milliseconds(Quantile(h, 99)), Milliseconds(Quantile(h, 99.9)), Milliseconds(Quantile(h, 100)))
}

// Milliseconds is a duration as figures are told.
func Milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000)
}

// merge adds the outcome of one driver.
func (o *Outcome) merge(other Outcome) {
	o.Done += other.Done
	for status, n := range other.Statuses {
		o.Statuses[status] += n
	}
	if o.Sample == "" {
		o.Sample = other.Sample
	}
	if other.Latency != nil {
		o.Latency.Merge(other.Latency)
	}
}

// note counts an answer and keeps the first unexpected one.
func (o *Outcome) note(a answer) {
	o.Statuses[a.status]++
	if a.status == Expected || o.Sample != "" {
		return
	}
	if a.err != nil {
		o.Sample = a.err.Error()
	} else {
		o.Sample = fmt.Sprintf("%d %s", a.status, a.text)
	}
}

// Arrival is the end of an event's way beyond its answer.
type Arrival struct {
	Due  time.Time // in the load's schedule
	From time.Time // where the way that is measured begins
	At   time.Time
}

// Arrivals is how long the ways took of the events that were due from a time on. An
// end may come before the loader has read the answer: then it took nothing.
func Arrivals(all []Arrival, from time.Time) *hdrhistogram.Histogram {
	h := newHistogram()
	for _, a := range all {
		if !a.Due.Before(from) {
			record(h, a.At.Sub(a.From))
		}
	}
	return h
}
