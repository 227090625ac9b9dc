package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ukbot/load"
)

// benchCommand measures what one machine does, loader included.
type benchCommand struct {
	Only     []string      `help:"Scenarios to run: ${scenarios}. Default: all."`
	Quick    bool          `help:"Everything small, within about a minute: does it work at all? Its figures say little."`
	Duration time.Duration `help:"Measured time of each load. Default: 10s, with --quick 1.5s."`
	Rounds   int           `help:"Rounds of each load; what is compared takes turns in each. Default: 3, with --quick 1."`
	Out      string        `help:"File of the results. Default: load/results.md for a full run, else none."`
	Profile  string        `help:"Folder for CPU profiles of the servers under load."`
	JSON     bool          `name:"json" help:"Print the results as JSON."`
}

// benchSize is how much is measured.
type benchSize struct {
	warm, measure time.Duration // of each load
	rounds        int
	backlog       int64         // events that wait for the workers
	flood         int64         // events under which memory is watched
	drain         time.Duration // watched after the workers begin on the flood
	idle          time.Duration // before the memory of an idle dev is read
}

var (
	benchFull  = benchSize{2 * time.Second, 10 * time.Second, 3, 500_000, 2_000_000, 20 * time.Second, 30 * time.Second}
	benchQuick = benchSize{300 * time.Millisecond, 1500 * time.Millisecond, 1, 20_000, 60_000, 2 * time.Second, 3 * time.Second}
)

// benchScenario is one row of the bench.
type benchScenario struct {
	name  string
	what  string
	goals []load.Goal
	run   func(*bench, context.Context) error
	limit time.Duration // it never takes longer
}

// benchScenarios is all that is measured and what it should come to.
var benchScenarios = []benchScenario{
	{"ingress", "rate of a bare Fiber handler and of the ingress with workers paused, in turns", []load.Goal{
		{Name: "bare-64", What: "bare handler, 64 connections", Unit: "/s", Report: true},
		{Name: "always-64", What: "ingress, 202 = on disk, 64 connections", Unit: "/s", Report: true},
		{Name: "interval-64", What: "ingress, sync every second, 64 connections", Unit: "/s", Report: true},
		{Name: "always-64-ratio", What: "202 = on disk against bare, 64 connections", Unit: "%", Least: 25},
		{Name: "interval-64-ratio", What: "sync every second against bare, 64 connections", Unit: "%", Least: 35},
		{Name: "bare-1000", What: "bare handler, 1,000 connections", Unit: "/s", Report: true},
		{Name: "always-1000", What: "ingress, 202 = on disk, 1,000 connections", Unit: "/s", Report: true},
		{Name: "interval-1000", What: "ingress, sync every second, 1,000 connections", Unit: "/s", Report: true},
		{Name: "always-1000-ratio", What: "202 = on disk against bare, 1,000 connections", Unit: "%", Least: 30},
		{Name: "interval-1000-ratio", What: "sync every second against bare, 1,000 connections", Unit: "%", Least: 35},
		{Name: "ingress-errors", What: "answers other than 202 under these loads", Zero: true},
	}, (*bench).ingress, 20 * time.Minute},
	{"open", "1,000 requests a second on a schedule over 1,000 connections, in turns", []load.Goal{
		{Name: "open-bare-p99", What: "bare handler, 1,000/s on a schedule, 1,000 connections: p99 from due to 202", Unit: "ms", Report: true},
		{Name: "open-p99", What: "202 = on disk, 1,000/s on a schedule, 1,000 connections: p99 from due to 202", Unit: "ms", Most: 5},
		{Name: "open-errors", What: "answers other than 202 there", Zero: true},
	}, (*bench).open, 5 * time.Minute},
	{"backlog", "workers on a backlog, half payments, half generic", []load.Goal{
		{Name: "backlog-rate", What: "workers on a backlog: recorded and handled", Unit: "/s", Least: 10_000},
		{Name: "backlog-growth", What: "memory while they do: last third against the middle", Unit: "×", Most: 1.2},
		{Name: "backlog-peak", What: "memory while they do: highest", Unit: "MiB", Report: true},
		{Name: "backlog-lost", What: "events of the backlog not completed", Zero: true},
	}, (*bench).backlog, 20 * time.Minute},
	{"both", "workers while the ingress takes 2,100 a second", []load.Goal{
		{Name: "both-rate", What: "recorded while 2,100/s come in", Unit: "/s", Least: 2000},
		{Name: "both-p99", What: "from 202 to the record's commit, p99", Unit: "ms", Most: 250},
		{Name: "both-lost", What: "answers other than 202, and 202 without a record", Zero: true},
	}, (*bench).both, 10 * time.Minute},
	{"telegram", "payments of 5,000 people at 500 a second, until the Telegram simulator has the message", []load.Goal{
		{Name: "telegram-p99", What: "500/s: from due to the message in the simulator, p99", Unit: "ms", Most: 100},
		{Name: "telegram-lost", What: "answers other than 202, and payments not told of once", Zero: true},
	}, (*bench).telegram, 10 * time.Minute},
	{"idle", "memory of a dev that has nothing to do", []load.Goal{
		{Name: "idle-memory", What: "idle dev: resident", Unit: "MiB", Most: 150},
	}, (*bench).idle, 5 * time.Minute},
	{"memory", "memory under a flood that nobody works on, and while the workers begin", []load.Goal{
		{Name: "memory-fill", What: "flood comes in: highest resident", Unit: "MiB", Most: 400},
		{Name: "memory-drain", What: "workers begin on it: highest resident", Unit: "MiB", Most: 400},
	}, (*bench).memory, 20 * time.Minute},
}

// benchMethod is what a reader of the figures should know.
var benchMethod = []string{
	"Requests are signed when they are sent, with bodies of 1 KiB and unique ids. Every server is a fresh process beside the loader's; what is compared takes turns in each round.",
	"Highest rates: each connection sends its next request when it has the answer to the last. “Cores busy” says how the loader and the server shared the processor; the database is in neither.",
	"Schedules: a latency counts from the moment a request was due, so that a server which stands still shows in all that fell due meanwhile.",
	"Backlogs are stored in the stream without HTTP. Workers are done when their consumers have nothing pending and nothing unanswered; then the records are counted.",
	"A record's time is that of its commit, by PostgreSQL itself (track_commit_timestamp); 202 counts from when the loader has read it. A message's time is the simulator's.",
	"Memory is that of the Go process (VmRSS, its peak VmHWM): streams, roles and simulator, without PostgreSQL.",
}

func benchNames() []string {
	names := make([]string, len(benchScenarios))
	for i, s := range benchScenarios {
		names[i] = s.name
	}
	return names
}

// resultsFile is where a full run leaves its results.
const resultsFile = "load/results.md"

func (c benchCommand) Run(ctx context.Context, s *Settings) error {
	scenarios, err := c.scenarios()
	if err != nil {
		return err
	}
	// What is not whole does not replace what is.
	if c.Out == "" && !c.Quick && len(scenarios) == len(benchScenarios) {
		c.Out = resultsFile
	}
	if c.Out != "" {
		if info, err := os.Stat(filepath.Dir(c.Out)); err != nil || !info.IsDir() {
			return fmt.Errorf("no folder for the results %s: run it in the project's folder, or name another file with --out", c.Out)
		}
	}
	if c.Profile != "" {
		if c.Profile, err = filepath.Abs(c.Profile); err != nil {
			return err
		}
		if err := os.MkdirAll(c.Profile, 0o750); err != nil {
			return err
		}
	}
	b, err := newBench(ctx, s, c.size(), c.Profile)
	if err != nil {
		return err
	}
	defer b.close()
	report, err := c.measure(ctx, b, scenarios)
	if err != nil {
		return err
	}
	return c.tell(report)
}

func (c benchCommand) scenarios() ([]benchScenario, error) {
	if len(c.Only) == 0 {
		return benchScenarios, nil
	}
	var chosen []benchScenario
	for _, name := range c.Only {
		i := slices.IndexFunc(benchScenarios, func(s benchScenario) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no scenario %q: there are %s", name, strings.Join(benchNames(), ", "))
		}
		chosen = append(chosen, benchScenarios[i])
	}
	return chosen, nil
}

func (c benchCommand) size() benchSize {
	size := benchFull
	if c.Quick {
		size = benchQuick
	}
	if c.Duration > 0 {
		size.measure = c.Duration
	}
	if c.Rounds > 0 {
		size.rounds = c.Rounds
	}
	return size
}

// measure runs the scenarios, one after the other.
func (c benchCommand) measure(ctx context.Context, b *bench, scenarios []benchScenario) (load.Report, error) {
	report := load.Report{
		At: time.Now(), Command: "ukbot " + strings.Join(os.Args[1:], " "), Machine: b.machine, Method: benchMethod,
	}
	if c.Quick {
		report.Note = "quick: sizes far below those of the goals; its verdicts say little"
	}
	for _, scenario := range scenarios {
		b.line("# %s: %s", scenario.name, scenario.what)
		limited, cancel := context.WithTimeoutCause(ctx, scenario.limit, fmt.Errorf("not done after %s", scenario.limit))
		err := scenario.run(b, limited)
		cancel()
		if err != nil {
			return report, fmt.Errorf("%s: %w", scenario.name, err)
		}
		for _, goal := range scenario.goals {
			report.Figures = append(report.Figures, load.NewFigure(goal, b.measured[goal.Name]))
		}
	}
	report.Took, report.Raw = time.Since(report.At), b.raw
	return report, nil
}

// tell writes the report where it was asked for. Speed that is missed is a
// result; an answer or an event that is missing is a failure.
func (c benchCommand) tell(report load.Report) error {
	var text bytes.Buffer
	if err := report.Write(&text); err != nil {
		return err
	}
	if c.Out != "" {
		if err := os.WriteFile(c.Out, text.Bytes(), 0o644); err != nil { //nolint:gosec // results are for everybody
			return err
		}
		fmt.Fprintf(os.Stderr, "written to %s\n", c.Out)
	}
	var err error
	if c.JSON {
		err = printJSON(report)
	} else {
		_, err = os.Stdout.Write(text.Bytes())
	}
	for _, figure := range report.Figures {
		if figure.Zero && !figure.Met() {
			err = errors.Join(err, fmt.Errorf("%s: %v", figure.What, figure.Value))
		}
	}
	return err
}
