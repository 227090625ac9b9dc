package buildings

import (
	"context"
	"io"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/unit"
)

// ImportOptions is how to import a file.
type ImportOptions struct {
	DryRun   bool                  // only tell what would happen
	SkipBad  bool                  // import the good lines of a file with bad ones
	MaxBytes int64                 // of the file; default 8 MiB, beyond it too_large
	Progress func(done, total int) // called now and then while the register is compared and written; may be nil
}

// maxBytes is what the API takes; api/openapi.yaml says the same.
const maxBytes = 8 << 20

// Import brings a tenant's register to what a CSV file says, all or nothing.
// Whatever is wrong with the file is in the report, not in the error: there is
// none when the file was refused for it (Report.Refusal), or on a dry run.
func Import(ctx context.Context, store unit.Store, tenant string, source io.Reader, opt ImportOptions) (Report, error) {
	if opt.MaxBytes == 0 {
		opt.MaxBytes = maxBytes
	}
	if opt.Progress == nil {
		opt.Progress = func(int, int) {}
	}
	said, report, err := readFile(source, opt.MaxBytes)
	report.DryRun = opt.DryRun
	if err != nil || report.unreadable || !opt.DryRun && !opt.SkipBad && !report.Clean() {
		return report, err
	}
	if opt.SkipBad {
		report.Skipped = report.Bad
	}
	if opt.DryRun {
		err = compare(ctx, store, tenant, said, &report, opt)
	} else {
		err = write(ctx, store, tenant, said, &report, opt)
	}
	return report, err
}

// compare counts what an import would do.
func compare(ctx context.Context, store unit.Store, tenant string, said *content, report *Report, opt ImportOptions) error {
	q := store.Read(ctx)
	if _, err := q.Company(ctx, tenant); err != nil {
		return found(err, "company")
	}
	return (&register{q: q, tenant: tenant, dry: true, progress: opt.Progress}).bring(ctx, said, report)
}

// write imports, one import at a time.
func write(ctx context.Context, store unit.Store, tenant string, said *content, report *Report, opt ImportOptions) error {
	err := store.Do(ctx, func(w *unit.Work) error {
		if _, err := w.LockImport(ctx, tenant); err != nil {
			return found(err, "company")
		}
		return (&register{q: w.Queries, tenant: tenant, now: w.Now, progress: opt.Progress}).bring(ctx, said, report)
	})
	report.Imported = err == nil
	return err
}

// ImportBuildings imports a CSV file.
func (h *Handlers) ImportBuildings(ctx context.Context, r api.ImportBuildingsRequestObject) (api.ImportBuildingsResponseObject, error) {
	tenant, err := tenantFor(ctx, access.BuildingsImport)
	if err != nil {
		return nil, err
	}
	select {
	case h.importing <- struct{}{}:
		defer func() { <-h.importing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	report, err := Import(ctx, h.store, tenant, r.Body, ImportOptions{
		DryRun:  r.Params.DryRun == nil || *r.Params.DryRun,
		SkipBad: r.Params.SkipBad != nil && *r.Params.SkipBad,
	})
	if err != nil {
		return nil, err
	}
	if err := report.Refusal(); err != nil {
		return nil, err
	}
	return api.ImportBuildings200JSONResponse(presentReport(report)), nil
}

func presentReport(r Report) api.ImportReport {
	problems := make([]api.ImportProblem, 0, len(r.Problems))
	for _, p := range r.Problems {
		problems = append(problems, api.ImportProblem{Line: p.Line, Column: p.Column, Detail: p.Detail})
	}
	return api.ImportReport{
		DryRun: r.DryRun, Imported: r.Imported, Lines: r.Lines, Good: r.Good, Bad: r.Bad, Skipped: r.Skipped,
		Created: presentCounts(r.Created), Updated: presentCounts(r.Updated), Unchanged: presentCounts(r.Unchanged),
		Problems: problems, MoreProblems: r.More,
	}
}

func presentCounts(c Counts) api.ImportCounts {
	return api.ImportCounts{Yards: c.Yards, Buildings: c.Buildings, Entrances: c.Entrances, Apartments: c.Apartments}
}
