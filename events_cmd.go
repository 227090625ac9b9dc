package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"ukbot/ops"
)

type eventsCommand struct {
	Ls    eventsLs    `cmd:"" help:"List recorded webhooks, newest first."`
	Show  eventsShow  `cmd:"" help:"Tell an event's whole story: request, attempts, rows, further events, messages."`
	Retry eventsRetry `cmd:"" help:"Handle failed events again: one by id, or all that match."`
}

// chosen are the flags that choose events.
type chosen struct {
	Tenant string `default:"default" help:"Whose events."`
	Source string `help:"Of one source."`
	Type   string `help:"Of types that match: 'payment_intent.*'."`
	Status string `help:"completed, failed or retrying."`
	Error  string `help:"Whose last error contains this."`
	Since  string `help:"Received since: 90m, 1h, 7d, or RFC 3339."`
	Until  string `help:"Received before."`
}

// times reads --since and --until.
func (c chosen) times() (since, until time.Time, err error) {
	for _, part := range []struct {
		name, text string
		at         *time.Time
	}{{"since", c.Since, &since}, {"until", c.Until, &until}} {
		if part.text == "" {
			continue
		}
		if *part.at, err = ops.ParseTime(part.name, part.text, time.Now()); err != nil {
			return since, until, err
		}
	}
	return since, until, nil
}

type eventsLs struct {
	chosen
	Limit  int    `default:"30" help:"At most this many (200)."`
	Cursor string `help:"Go on where a page ended."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

func (e eventsLs) Run(ctx context.Context, s *Settings) error {
	after, until, err := e.times()
	if err != nil {
		return err
	}
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		page, err := ops.ListEvents(ctx, open.Deps, ops.Filter{
			Tenant: e.Tenant, Source: sourceName(e.Source), Type: e.Type, Status: e.Status, Error: e.Error,
			Since: after, Until: until, Limit: e.Limit, Cursor: e.Cursor,
		})
		if err != nil {
			return err
		}
		if e.JSON {
			return printJSON(page)
		}
		if len(page.Events) == 0 {
			fmt.Println("no such events; `ukbot send stripe` makes one")
			return nil
		}
		return printEvents(page)
	})
}

func printEvents(page ops.Page) error {
	err := table(os.Stdout, "RECEIVED\tSOURCE\tTYPE\tEVENT\tSTATUS\tTRIES\tREPEATS\tERROR", func(row func(...any)) {
		for _, e := range page.Events {
			row(since(e.ReceivedAt), e.Source, e.Type, e.EventID, e.Status, e.RetryCount+1, e.DuplicateCount, cut(e.LastError, errorShown))
		}
	})
	if page.Next != "" {
		fmt.Printf("more: --cursor %s\n", page.Next)
	}
	return err
}

// errorShown is how much of an error a list shows, in characters.
const errorShown = 60

func cut(text string, n int) string {
	runes := []rune(strings.ReplaceAll(text, "\n", " "))
	if len(runes) <= n {
		return string(runes)
	}
	return string(runes[:n-1]) + "…"
}

type eventsShow struct {
	ID     string `arg:"" help:"The provider's id (evt_…) or the record's."`
	Tenant string `default:"default" help:"Whose event."`
	Source string `help:"Where several sources have the id."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

func (e eventsShow) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		story, err := ops.ShowEvent(ctx, open.Deps, e.Tenant, e.ID, sourceName(e.Source))
		if errors.Is(err, ops.ErrNotFound) {
			return fmt.Errorf("no event %q of tenant %s is recorded; accepted a moment ago, it may still be on its way", e.ID, e.Tenant)
		}
		if err != nil {
			return err
		}
		if e.JSON {
			return printJSON(story)
		}
		return tell(os.Stdout, story)
	})
}

type eventsRetry struct {
	chosen
	ID     string `arg:"" optional:"" help:"One event; without it, all that the flags choose."`
	DryRun bool   `help:"Only count and show a sample."`
	Limit  int    `default:"1000" help:"At most this many (10000)."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

func (e eventsRetry) Run(ctx context.Context, s *Settings) error {
	after, until, err := e.times()
	if err != nil {
		return err
	}
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		if e.ID != "" {
			return e.one(ctx, open)
		}
		bar := newBar(-1, "retrying")
		result, err := ops.RetryEvents(ctx, open.Deps, ops.RetryFilter{
			Tenant: e.Tenant, Source: sourceName(e.Source), Type: e.Type, Status: e.Status, Error: e.Error,
			Since: after, Until: until, Limit: e.Limit,
		}, e.DryRun, func(done int64) { _ = bar.Set64(done) })
		_ = bar.Finish()
		if err != nil {
			return err
		}
		if e.JSON {
			return printJSON(result)
		}
		return e.printMany(result)
	})
}

func (e eventsRetry) one(ctx context.Context, open *session) error {
	result, err := ops.RetryEvent(ctx, open.Deps, e.Tenant, e.ID, sourceName(e.Source))
	if errors.Is(err, ops.ErrCompleted) {
		return fmt.Errorf("%s is completed already; `ukbot replay` runs completed events again", e.ID)
	}
	if err != nil {
		return err
	}
	if e.JSON {
		return printJSON(result)
	}
	fmt.Printf("%s is on its way again as %s\n", result.EventID, result.RetryID)
	return nil
}

func (e eventsRetry) printMany(result ops.RetriedMany) error {
	if err := printEvents(ops.Page{Events: result.Sample}); err != nil {
		return err
	}
	if e.DryRun {
		fmt.Printf("%d would be retried; without --dry-run they are\n", result.Matched)
		return nil
	}
	fmt.Printf("%d of %d are on their way again, %d skipped\n", result.Retried, result.Matched, result.Skipped)
	if result.More {
		fmt.Println("there are more: run it again")
	}
	return nil
}
