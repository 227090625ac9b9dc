package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ukbot/events"
	"ukbot/sql/db"
)

type companyCommand struct {
	Add companyAdd `cmd:"" help:"Make a tenant: a company with people, buildings and requests of its own."`
	Ls  companyLs  `cmd:"" help:"List the tenants."`
}

type companyAdd struct {
	Tenant   string `arg:"" help:"Its short name: lower-case letters, digits, - and _. It stands in subjects and never changes."`
	Name     string `required:"" help:"Its name, as people read it."`
	Zone     string `default:"Asia/Tashkent" help:"Time zone (IANA): days, request numbers and reports follow it."`
	Language string `default:"ru" enum:"ru,uz,en" help:"ru, uz or en."`
}

func (a companyAdd) Run(ctx context.Context, s *Settings) error {
	if !events.ValidName(a.Tenant) {
		return fmt.Errorf("tenant %q: lower-case letters, digits, - and _, at most 48", a.Tenant)
	}
	if name := strings.TrimSpace(a.Name); name == "" || utf8.RuneCountInString(name) > companyNameMax {
		return fmt.Errorf("--name must have 1 to %d characters: people read it", companyNameMax)
	}
	if _, err := time.LoadLocation(a.Zone); err != nil || a.Zone == "Local" || a.Zone == "" {
		return fmt.Errorf("no time zone %q: an IANA name such as Asia/Tashkent or Europe/Moscow", a.Zone)
	}
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		rows, err := db.New(open.Pool).AddCompany(ctx, db.AddCompanyParams{
			TenantID: a.Tenant, Name: strings.TrimSpace(a.Name), TimeZone: a.Zone, Language: a.Language, Settings: []byte("{}"),
		})
		if err != nil {
			return fmt.Errorf("add company: %w", err)
		}
		if rows == 0 {
			return fmt.Errorf("there is a tenant %s already; PATCH /api/v1/company changes it", a.Tenant)
		}
		fmt.Printf("tenant %s is there. Next, a key for whoever sets it up:\n  ukbot keys add setup --tenant %s --scope all --expires 24h\n", a.Tenant, a.Tenant)
		return nil
	})
}

// companyNameMax is the longest name of a company, in characters; the API's limit too.
const companyNameMax = 200

// thereIs refuses a tenant that nobody made: a word mistyped must not look like
// a company with nothing in it.
func thereIs(ctx context.Context, q *db.Queries, tenant string) error {
	_, err := q.Company(ctx, tenant)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("no tenant %q: `ukbot company ls` lists them, `ukbot company add` makes one", tenant)
	}
	return err
}

type companyLs struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// tenantLine is a row of `company ls`.
type tenantLine struct {
	Tenant   string    `json:"tenant"`
	Name     string    `json:"name"`
	Zone     string    `json:"time_zone"`
	Language string    `json:"language"`
	Since    time.Time `json:"created_at"`
}

func (l companyLs) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		rows, err := db.New(open.Pool).Companies(ctx)
		if err != nil {
			return fmt.Errorf("list companies: %w", err)
		}
		lines := make([]tenantLine, 0, len(rows))
		for _, row := range rows {
			lines = append(lines, tenantLine{row.TenantID, row.Name, row.TimeZone, row.Language, row.CreatedAt})
		}
		if l.JSON {
			return printJSON(lines)
		}
		return table(os.Stdout, "TENANT\tNAME\tTIME ZONE\tLANGUAGE", func(row func(...any)) {
			for _, line := range lines {
				row(line.Tenant, line.Name, line.Zone, line.Language)
			}
		})
	})
}
