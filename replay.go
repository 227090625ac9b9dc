package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/mattn/go-isatty"

	"ukbot/nats"
	"ukbot/ops"
)

type replayCommand struct {
	Tenant  string `help:"Of one tenant. Default: all."`
	Source  string `help:"Of one source."`
	Subject string `help:"Of subjects that match; 'integration.payment.>' replays our own events instead of webhooks."`
	FromSeq uint64 `help:"From this stream sequence on."`
	ToSeq   uint64 `help:"Up to this stream sequence."`
	Since   string `help:"Stored since: 90m, 1h, 7d, or RFC 3339."`
	Until   string `help:"Stored before."`
	Notify  bool   `help:"Tell people again."`
	Rate    int    `help:"Events a second. 0: as fast as they are stored."`
	Replays bool   `help:"Take copies of earlier replays too."`
	ID      string `help:"Go on with an interrupted replay."`
	Yes     bool   `short:"y" help:"Do it. Without: only count, and ask on a terminal."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

func (r replayCommand) Run(ctx context.Context, s *Settings) error {
	after, until, err := chosen{Since: r.Since, Until: r.Until}.times()
	if err != nil {
		return err
	}
	filter := ops.ReplayFilter{
		Tenant: r.Tenant, Subject: r.Subject, Source: sourceName(r.Source), FromSeq: r.FromSeq, ToSeq: r.ToSeq,
		Since: after, Until: until, Notify: r.Notify, Rate: r.Rate, Replays: r.Replays, ID: r.ID, DryRun: true,
	}
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		counted, err := r.step(ctx, open, filter, "counting")
		if err != nil {
			return err
		}
		if counted.Matched == 0 || !r.Yes && !agreed(fmt.Sprintf("%d events of %s would be handled again%s.", counted.Matched, counted.Stream, telling(r.Notify))) {
			return r.print(counted)
		}
		filter.DryRun = false
		done, err := r.step(ctx, open, filter, "replaying")
		if err != nil {
			fmt.Fprintf(os.Stderr, "interrupted; to go on: ukbot replay --id %s --from-seq %d --yes with the same filters\n", done.ID, done.LastSeq+1)
			return err
		}
		return r.print(done)
	})
}

func (r replayCommand) step(ctx context.Context, open *session, filter ops.ReplayFilter, what string) (ops.ReplayResult, error) {
	bar := newBar(1, what)
	result, err := ops.Replay(ctx, open.Deps, filter, func(done, total int64) {
		bar.ChangeMax64(max(total, 1))
		_ = bar.Set64(min(done, max(total, 1)))
	})
	_ = bar.Finish()
	return result, err
}

func telling(notify bool) string {
	if notify {
		return ", and people TOLD AGAIN"
	}
	return "; nobody is told again"
}

// agreed asks on a terminal; elsewhere only --yes agrees.
func agreed(question string) bool {
	if !isatty.IsTerminal(os.Stdin.Fd()) {
		return false
	}
	fmt.Fprintf(os.Stderr, "%s Go on? [y/N] ", question)
	var reply string
	_, _ = fmt.Scanln(&reply)
	return reply == "y" || reply == "Y"
}

func (r replayCommand) print(result ops.ReplayResult) error {
	if r.JSON {
		return printJSON(result)
	}
	if result.DryRun {
		fmt.Printf("%d events match. Nothing was done: --yes replays them%s\n", result.Matched, telling(r.Notify))
		return nil
	}
	fmt.Printf("%d events are on their way again as %s\n", result.Published, result.ID)
	return nil
}

type deadCommand struct {
	Ls    deadLs    `cmd:"" help:"List dead letters, oldest first."`
	Show  deadShow  `cmd:"" help:"Show one with its payload."`
	Retry deadRetry `cmd:"" help:"Handle one again."`
}

type deadLs struct {
	Tenant string `help:"Of one tenant. Default: all."`
	From   uint64 `help:"From this sequence on."`
	Limit  int    `default:"50" help:"At most this many (1000)."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

func (d deadLs) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		letters, err := ops.DeadList(ctx, open.Deps, d.Tenant, d.From, d.Limit)
		if err != nil {
			return err
		}
		if d.JSON {
			return printJSON(letters)
		}
		if len(letters) == 0 {
			fmt.Println("no dead letters")
			return nil
		}
		return printLetters(letters)
	})
}

func printLetters(letters []nats.DeadLetter) error {
	return table(os.Stdout, "SEQ\tWHEN\tTENANT\tFROM\tEVENT\tERROR", func(row func(...any)) {
		for _, l := range letters {
			row(l.Sequence, since(l.At), l.Tenant, l.Stream+" #"+strconv.FormatUint(l.Origin, 10), l.EventID, cut(l.Error, errorShown))
		}
	})
}

type deadShow struct {
	Seq    uint64 `arg:"" help:"Sequence, as in dead ls."`
	Tenant string `help:"Only if it is this tenant's."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

func (d deadShow) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		story, err := ops.DeadShow(ctx, open.Deps, d.Tenant, d.Seq)
		if errors.Is(err, ops.ErrNotFound) {
			return fmt.Errorf("no dead letter %d", d.Seq)
		}
		if err != nil {
			return err
		}
		if d.JSON {
			return printJSON(story)
		}
		fmt.Printf("dead letter %d of %s, %s\nevent    %s\nfrom     %s #%d, %s\nconsumer %s, delivered %d times\nerror    %s\n\n%s\n",
			story.Sequence, story.Tenant, story.At.Local().Format("2006-01-02 15:04:05"), story.EventID,
			story.Stream, story.Origin, story.Subject, story.Consumer, story.Deliveries, story.Error, payload(story.Payload))
		return nil
	})
}

type deadRetry struct {
	Seq    uint64 `arg:"" help:"Sequence, as in dead ls."`
	Tenant string `help:"Only if it is this tenant's."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

func (d deadRetry) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		result, err := ops.DeadRetry(ctx, open.Deps, d.Tenant, d.Seq)
		switch {
		case errors.Is(err, ops.ErrNotFound):
			return fmt.Errorf("no dead letter %d", d.Seq)
		case errors.Is(err, ops.ErrCompleted):
			return fmt.Errorf("the event of dead letter %d is completed already", d.Seq)
		case err != nil:
			return err
		case d.JSON:
			return printJSON(result)
		}
		fmt.Printf("%s is on its way again as %s\n", result.EventID, result.RetryID)
		return nil
	})
}
