package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"time"

	"ukbot/sql/db"
)

type peopleCommand struct {
	Set peopleSet `cmd:"" help:"Add a person or change one."`
	Ls  peopleLs  `cmd:"" help:"List a tenant's people."`
	Rm  peopleRm  `cmd:"" help:"Forget a person."`
}

type peopleSet struct {
	ID       string `arg:"" help:"What payments name the person by in their metadata (resident_id)."`
	Tenant   string `default:"default" help:"Whose person."`
	Chat     int64  `required:"" help:"Telegram chat id; the person must have started the bot."`
	Name     string `required:"" help:"Name, as managers read it."`
	Role     string `default:"applicant" enum:"applicant,executor,manager,admin" help:"applicant, executor, manager or admin."`
	Language string `default:"ru" enum:"ru,uz,en" help:"ru, uz or en."`
}

func (p peopleSet) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		err := db.New(open.Pool).SetPerson(ctx, db.SetPersonParams{
			TenantID: p.Tenant, PersonID: p.ID, ChatID: p.Chat, Name: p.Name, Role: p.Role, Language: p.Language,
		})
		if err != nil {
			return fmt.Errorf("set person: %w", err)
		}
		fmt.Printf("%s/%s is told in %s as %s\n", p.Tenant, p.ID, p.Language, p.Role)
		return nil
	})
}

type peopleLs struct {
	Tenant string `default:"default" help:"Whose people."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// person is a row of `people ls`.
type person struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Role        string     `json:"role"`
	Language    string     `json:"language"`
	Chat        int64      `json:"chat"`
	Unreachable *time.Time `json:"unreachable_since,omitempty"` // blocked the bot
}

func (p peopleLs) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		rows, err := db.New(open.Pool).People(ctx, p.Tenant)
		if err != nil {
			return fmt.Errorf("list people: %w", err)
		}
		people := make([]person, 0, len(rows))
		for _, row := range rows {
			people = append(people, person{row.PersonID, row.Name, row.Role, row.Language, row.ChatID, row.UnreachableAt})
		}
		if p.JSON {
			return printJSON(people)
		}
		return table(os.Stdout, "ID\tNAME\tROLE\tLANGUAGE\tCHAT\tREACHABLE", func(row func(...any)) {
			for _, one := range people {
				row(one.ID, one.Name, one.Role, one.Language, one.Chat, reachable(one.Unreachable))
			}
		})
	})
}

func reachable(unreachable *time.Time) string {
	if unreachable == nil {
		return "yes"
	}
	return "not since " + unreachable.Local().Format("2006-01-02 15:04")
}

type peopleRm struct {
	ID     string `arg:"" help:"The person's id."`
	Tenant string `default:"default" help:"Whose person."`
}

func (p peopleRm) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		rows, err := db.New(open.Pool).RemovePerson(ctx, p.Tenant, p.ID)
		if err != nil {
			return fmt.Errorf("remove person: %w", err)
		}
		if rows == 0 {
			return fmt.Errorf("no person %s/%s", p.Tenant, p.ID)
		}
		fmt.Printf("%s/%s is forgotten\n", p.Tenant, p.ID)
		return nil
	})
}

type subsCommand struct {
	Add subsAdd `cmd:"" help:"Let a chat have the generic events of a pattern."`
	Ls  subsLs  `cmd:"" help:"List a tenant's subscriptions."`
	Rm  subsRm  `cmd:"" help:"End one."`
}

type subsAdd struct {
	Chat     int64  `arg:"" help:"Telegram chat id; a group's is negative."`
	Pattern  string `arg:"" help:"Source and type: 'github.push', 'shop.orders*', '*'."`
	Tenant   string `default:"default" help:"Whose events."`
	Language string `default:"ru" enum:"ru,uz,en" help:"ru, uz or en."`
}

func (a subsAdd) Run(ctx context.Context, s *Settings) error {
	if _, err := path.Match(a.Pattern, ""); err != nil {
		return fmt.Errorf("pattern %q: %w", a.Pattern, err)
	}
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		err := db.New(open.Pool).Subscribe(ctx, db.SubscribeParams{TenantID: a.Tenant, ChatID: a.Chat, Pattern: a.Pattern, Language: a.Language})
		if err != nil {
			return fmt.Errorf("subscribe: %w", err)
		}
		fmt.Printf("chat %d has %s of %s\n", a.Chat, a.Pattern, a.Tenant)
		return nil
	})
}

type subsLs struct {
	Tenant string `default:"default" help:"Whose subscriptions."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// subscription is a row of `subs ls`.
type subscription struct {
	Chat        int64      `json:"chat"`
	Pattern     string     `json:"pattern"`
	Language    string     `json:"language"`
	Unreachable *time.Time `json:"unreachable_since,omitempty"`
}

func (l subsLs) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		rows, err := db.New(open.Pool).AllSubscriptions(ctx, l.Tenant)
		if err != nil {
			return fmt.Errorf("list subscriptions: %w", err)
		}
		subs := make([]subscription, 0, len(rows))
		for _, row := range rows {
			subs = append(subs, subscription{row.ChatID, row.Pattern, row.Language, row.UnreachableAt})
		}
		if l.JSON {
			return printJSON(subs)
		}
		return table(os.Stdout, "CHAT\tPATTERN\tLANGUAGE\tREACHABLE", func(row func(...any)) {
			for _, sub := range subs {
				row(sub.Chat, sub.Pattern, sub.Language, reachable(sub.Unreachable))
			}
		})
	})
}

type subsRm struct {
	Chat    int64  `arg:"" help:"Telegram chat id."`
	Pattern string `arg:"" help:"The pattern, as subs ls shows it."`
	Tenant  string `default:"default" help:"Whose events."`
}

func (r subsRm) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		rows, err := db.New(open.Pool).Unsubscribe(ctx, db.UnsubscribeParams{TenantID: r.Tenant, ChatID: r.Chat, Pattern: r.Pattern})
		if err != nil {
			return fmt.Errorf("unsubscribe: %w", err)
		}
		if rows == 0 {
			return fmt.Errorf("chat %d has no subscription %q of %s", r.Chat, r.Pattern, r.Tenant)
		}
		fmt.Printf("chat %d has %s of %s no more\n", r.Chat, r.Pattern, r.Tenant)
		return nil
	})
}
