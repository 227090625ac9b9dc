package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/sql/db"
)

// settings shows all that the person has chosen.
func (d *Desk) settings(ctx context.Context, t *talk.Turn) error {
	t.Step = "settings"
	screen, err := d.settingsScreen(ctx, t)
	if err == nil {
		t.Say(screen)
	}
	return err
}

func (d *Desk) tapSettings(ctx context.Context, t *talk.Turn, _ []string) error {
	t.Step = "settings"
	screen, err := d.settingsScreen(ctx, t)
	if err == nil {
		t.Show(screen)
	}
	return err
}

func (d *Desk) settingsScreen(ctx context.Context, t *talk.Turn) (talk.Screen, error) {
	chosen, err := d.chosen(ctx, t)
	if err != nil {
		return talk.Screen{}, err
	}
	kinds := kindsFor(t.Person)
	off := slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return !slices.Contains(chosen.Muted, kind) })
	text := t.Book.Text("settings.title", words.Args{
		"Name": t.Person.Name, "Role": roleName(t, t.Person.Role), "Language": t.Book.LanguageName(t.Book.Language()),
		"On": len(kinds) - len(off), "Of": len(kinds), "Quiet": quietText(t, chosen),
	})
	rows := [][]talk.Button{
		row(button(t, "settings.language", doLanguage), button(t, "settings.notices", doNotices)),
		row(button(t, "settings.quiet", doQuiet)),
	}
	if len(t.Person.Roles) > 1 {
		rows[1] = append(rows[1], button(t, "settings.role", doRole))
	}
	return talk.Screen{Text: text, Rows: rows}, nil
}

// chosen is what the person chose; who chose nothing hears everything at any hour.
func (d *Desk) chosen(ctx context.Context, t *talk.Turn) (db.NoticeSettingsRow, error) {
	chosen, err := db.New(d.cfg.Settings).NoticeSettings(ctx, t.Tenant, t.Person.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		return db.NoticeSettingsRow{}, nil
	}
	if err != nil {
		return chosen, fmt.Errorf("settings of a person: %w", err)
	}
	return chosen, nil
}

// know sees to it that the person has a row to keep settings in.
func (d *Desk) know(ctx context.Context, t *talk.Turn) error {
	roles := make([]string, len(t.Person.Roles))
	for i, role := range t.Person.Roles {
		roles[i] = string(role)
	}
	err := db.New(d.cfg.Settings).KnowPerson(ctx, db.KnowPersonParams{
		TenantID: t.Tenant, PersonID: t.Person.ID, ChatID: t.From.ID, Name: t.Person.Name,
		Role: string(t.Person.Role), Language: t.Book.Language(), Roles: roles,
	})
	if err != nil {
		return fmt.Errorf("note a person: %w", err)
	}
	return nil
}
