package load_test

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"ukbot/load"
)

// figures reads the bot's log: a line of each update says how long it took.
type figures struct {
	mu       sync.Mutex
	lines    []line
	outcomes map[string]int
	trouble  []string // the first lines that say that something is wrong
}

// line is what the log says of an update, in milliseconds.
type line struct{ handler, api, telegram float64 }

// mark is a moment's counts, to be taken from a later one's.
type mark struct {
	at         time.Time
	cpu        time.Duration
	lines      int
	transition histogram
	age        histogram
	allocated  uint64
}

func newFigures() *figures { return &figures{outcomes: map[string]int{}} }

const troubleMax = 5

// Write takes a line of the log.
func (f *figures) Write(text []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !bytes.Contains(text, []byte(`"update handled"`)) {
		if (bytes.Contains(text, []byte(`"level":"warn"`)) || bytes.Contains(text, []byte(`"level":"error"`))) && len(f.trouble) < troubleMax {
			f.trouble = append(f.trouble, string(text))
		}
		return len(text), nil
	}
	f.lines = append(f.lines, line{field(text, `"handler_ms":`), field(text, `"api_ms":`), field(text, `"telegram_ms":`)})
	_, rest, _ := bytes.Cut(text, []byte(`"outcome":"`))
	outcome, _, _ := bytes.Cut(rest, []byte(`"`))
	f.outcomes[string(outcome)]++
	if string(outcome) == "failed" && len(f.trouble) < troubleMax {
		f.trouble = append(f.trouble, string(text))
	}
	return len(text), nil
}

// field is a number of a line.
func field(text []byte, name string) float64 {
	_, rest, _ := bytes.Cut(text, []byte(name))
	end := bytes.IndexAny(rest, ",}")
	n, _ := strconv.ParseFloat(string(rest[:max(end, 0)]), 64)
	return n
}

// mark is how things stand now.
func (b *bot) mark() mark {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	cpu, err := load.CPU(os.Getpid())
	if err != nil {
		b.t.Error(err)
	}
	b.figures.mu.Lock()
	lines := len(b.figures.lines)
	b.figures.mu.Unlock()
	return mark{
		at: time.Now(), cpu: cpu, lines: lines, allocated: memory.TotalAlloc,
		transition: b.histogram("ukbot_bot_transition_seconds"), age: b.histogram("ukbot_update_age_seconds"),
	}
}

// histogram is one of Prometheus: how many are at most so long, by that.
type histogram map[time.Duration]uint64

func (b *bot) histogram(name string) histogram {
	families, err := b.registry.Gather()
	if err != nil {
		b.t.Error(err)
		return nil
	}
	h := histogram{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			for _, bucket := range metric.GetHistogram().GetBucket() {
				h[time.Duration(bucket.GetUpperBound()*float64(time.Second))] += bucket.GetCumulativeCount()
			}
		}
	}
	return h
}

// since is what came after an earlier moment.
func (h histogram) since(before histogram) histogram {
	later := histogram{}
	for bound, n := range h {
		later[bound] = n - before[bound]
	}
	return later
}

// at is a percentile: where it lies within its bucket is drawn as a straight line.
func (h histogram) at(percent float64) time.Duration {
	bounds := slices.Sorted(maps.Keys(h))
	if len(bounds) == 0 {
		return 0
	}
	wanted := float64(h[bounds[len(bounds)-1]]) * percent / 100
	below, from := uint64(0), time.Duration(0)
	for _, bound := range bounds {
		if n := h[bound]; float64(n) >= wanted && n > below {
			return from + time.Duration(float64(bound-from)*(wanted-float64(below))/float64(n-below))
		}
		below, from = h[bound], bound
	}
	return from
}

func (h histogram) count() (n uint64) {
	for _, c := range h {
		n = max(n, c)
	}
	return n
}

// row is a line of the table.
type row struct {
	name string
	n    int
	at   func(percent float64) time.Duration
	goal time.Duration // of p99; 0: none
}

// rowOf is a row of times that are known one by one.
func rowOf(name string, goal time.Duration, took []time.Duration) row {
	slices.Sort(took)
	return row{name, len(took), func(percent float64) time.Duration {
		if len(took) == 0 {
			return 0
		}
		return took[min(int(math.Ceil(float64(len(took))*percent/100)), len(took))-1]
	}, goal}
}

// rows is what is told of the measured time.
func (r *run) rows() []row {
	f := r.bot.figures
	f.mu.Lock()
	lines := slices.Clone(f.lines[r.from.lines:r.to.lines])
	f.mu.Unlock()
	var handler, alone, asking, api, telegram []time.Duration
	for _, l := range lines {
		handler = append(handler, milliseconds(l.handler))
		telegram = append(telegram, milliseconds(l.telegram))
		if l.api == 0 {
			alone = append(alone, milliseconds(l.handler))
			continue
		}
		asking, api = append(asking, milliseconds(l.handler)), append(api, milliseconds(l.api))
	}
	age, transition := r.to.age.since(r.from.age), r.to.transition.since(r.from.transition)
	return []row{
		rowOf("handler, without Telegram", goalHandler, handler),
		rowOf("… of those that ask no service", 0, alone),
		rowOf("… of those that do", 0, asking),
		rowOf("… in the services alone", 0, api),
		{"state read and written", int(transition.count()), transition.at, goalTransition},
		{"age when handling begins", int(age.count()), age.at, 0},
		rowOf("Telegram (a plain one)", 0, telegram),
		rowOf("due until shown", 0, r.walked.answers),
	}
}

func milliseconds(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

// print prints the table, and fails the test where something was far too slow or
// was not answered.
func (r *run) print() {
	t := r.bot.t
	t.Helper()
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 1, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tn\tp50 ms\tp95 ms\tp99 ms\tmax ms\tgoal p99 ms\t")
	for _, row := range r.rows() {
		verdict := "—"
		if row.goal > 0 {
			verdict = fmt.Sprintf("%d met", row.goal.Milliseconds())
			if row.at(99) > row.goal {
				verdict = fmt.Sprintf("%d missed", row.goal.Milliseconds())
			}
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t\n", row.name, row.n, ms(row.at(50)), ms(row.at(95)), ms(row.at(99)), ms(row.at(100)), verdict)
		if row.goal > 0 && row.at(50) > botGross*row.goal {
			t.Errorf("%s: p50 is %s ms, the goal of p99 %d ms", row.name, ms(row.at(50)), row.goal.Milliseconds())
		}
	}
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s\n%s", r.summary(), text.String())
	f := r.bot.figures
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.walked.lost > 0 || f.outcomes["failed"] > 0 {
		t.Errorf("%d of the crowd were not answered; outcomes %v; %s", r.walked.lost, f.outcomes, strings.Join(f.trouble, ""))
	}
}

// summary is what is no time.
func (r *run) summary() string {
	took := r.to.at.Sub(r.from.at)
	handled := r.to.lines - r.from.lines
	_, peak, _ := load.Memory(os.Getpid())
	per := func(n float64) float64 { return n / float64(max(handled, 1)) }
	return fmt.Sprintf("%d people, %d updates/s asked for: %.0f/s handled in %s; %d done, %d times somebody still waited for the last answer, %d never answered\n"+
		"%.2f cores busy, %.0f µs and %.0f KiB allocated per update with loader, Telegram, streams and services; %d connections to Telegram; at most %d MiB resident; outcomes %v",
		r.size.people, r.size.rate, float64(handled)/took.Seconds(), took.Round(100*time.Millisecond), r.walked.sent, r.walked.waited, r.walked.lost,
		(r.to.cpu-r.from.cpu).Seconds()/took.Seconds(), per(float64((r.to.cpu - r.from.cpu).Microseconds())), per(float64(r.to.allocated-r.from.allocated))/1024,
		r.telegram.dials.Load(), peak/load.MiB, r.bot.figures.counts())
}

func (f *figures) counts() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.outcomes)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }
