package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"ukbot/housing/buildings"
	"ukbot/housing/unit"
	"ukbot/sql/db"
)

type importCommand struct {
	File    string `arg:"" help:"CSV with a header: yard, address, and if you like entrance, apartment, floor, lat, lon (or двор, адрес, подъезд, квартира, этаж, широта, долгота). '-' reads standard input."`
	Tenant  string `default:"default" help:"Whose buildings."`
	Apply   bool   `help:"Import. Without it nothing changes: you read what would happen and every bad line."`
	SkipBad bool   `help:"Import the good lines of a file with bad ones."`
}

// importLimit is the largest file, in bytes; the API takes 8 MiB. A million lines
// are about 60 MiB, and take about four times that in memory.
const importLimit = 64 << 20

func (c importCommand) Run(ctx context.Context, s *Settings) error {
	file := os.Stdin
	if c.File != "-" {
		var err error
		if file, err = os.Open(c.File); err != nil {
			return err
		}
		defer file.Close()
	}
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		if err := thereIs(ctx, db.New(open.Pool), c.Tenant); err != nil {
			return err
		}
		report, err := c.load(ctx, unit.Store{Pool: open.Pool, Now: time.Now}, file)
		if err != nil {
			return fmt.Errorf("import %s into %s: %w", c.File, c.Tenant, err)
		}
		if err := printImport(os.Stdout, report); err != nil {
			return err
		}
		return c.verdict(report)
	})
}

func (c importCommand) load(ctx context.Context, store unit.Store, file io.Reader) (buildings.Report, error) {
	var bar *progressbar.ProgressBar
	report, err := buildings.Import(ctx, store, c.Tenant, file, buildings.ImportOptions{
		DryRun: !c.Apply, SkipBad: c.SkipBad, MaxBytes: importLimit,
		Progress: func(done, total int) {
			if bar == nil {
				bar = newBar(total, "apartments")
			}
			_ = bar.Set(done) // a bar that cannot be drawn stops nothing
		},
	})
	if bar != nil {
		_ = bar.Finish()
	}
	return report, err
}

// verdict is an error where somebody has to correct the file.
func (c importCommand) verdict(r buildings.Report) error {
	switch {
	case r.Clean(), c.SkipBad && r.Good > 0:
		return nil
	case r.Bad == 0:
		return fmt.Errorf("%s is no CSV of buildings, see above", c.File)
	}
	return fmt.Errorf("%d of %d lines are bad: correct them, or --skip-bad leaves them out", r.Bad, r.Lines)
}

// printImport writes a report for people.
func printImport(out io.Writer, r buildings.Report) error {
	for _, p := range r.Problems {
		fmt.Fprintln(out, p)
	}
	if r.More > 0 {
		fmt.Fprintf(out, "and %d problems more\n", r.More)
	}
	if r.Lines == 0 {
		_, err := fmt.Fprintln(out, "Nothing was imported: the file has no lines of data that can be read.")
		return err
	}
	fmt.Fprintf(out, "%d lines: %d good, %d bad, %d skipped\n\n", r.Lines, r.Good, r.Bad, r.Skipped)
	if !r.Imported && !r.DryRun {
		_, err := fmt.Fprintln(out, "Nothing was imported.")
		return err
	}
	err := table(out, "KIND\tNEW\tCHANGED\tAS BEFORE", func(row func(...any)) {
		row("yards", r.Created.Yards, r.Updated.Yards, r.Unchanged.Yards)
		row("buildings", r.Created.Buildings, r.Updated.Buildings, r.Unchanged.Buildings)
		row("entrances", r.Created.Entrances, r.Updated.Entrances, r.Unchanged.Entrances)
		row("apartments", r.Created.Apartments, r.Updated.Apartments, r.Unchanged.Apartments)
	})
	if err == nil && r.DryRun {
		_, err = fmt.Fprintln(out, "\nNothing was changed: --apply imports it.")
	}
	return err
}
