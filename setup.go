package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/alecthomas/kong"
	"github.com/rs/zerolog"

	"ukbot/nats"
	"ukbot/secret"
	"ukbot/sql/db"
)

type (
	migrateCommand struct{}
	applyCommand   struct {
		Plan bool `help:"Only show what would change."`
		JSON bool `name:"json" help:"Print JSON."`
	}
	configCommand struct {
		JSON       bool `name:"json" help:"Print JSON."`
		EnvExample bool `help:"Print .env.example, made from the table of settings."`
		NewKeys    bool `help:"Print a fresh keyset for UKBOT_KEYS."`
	}
	versionCommand struct {
		JSON bool `name:"json" help:"Print JSON."`
	}
)

func (migrateCommand) Run(ctx context.Context, s *Settings) error {
	if err := s.beside(); err != nil {
		return err
	}
	if err := s.needs(false, true); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	pending, err := db.PendingMigrations(ctx, s.Database.Reveal())
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx, s.Database.Reveal()); err != nil {
		return err
	}
	fmt.Printf("schema is current, %d migrations applied\n", pending)
	return nil
}

func (a applyCommand) Run(ctx context.Context, s *Settings) error {
	if err := s.beside(); err != nil {
		return err
	}
	if err := s.needs(true, false); err != nil {
		return err
	}
	conn, err := nats.Connect(s.NATSURL, "admin", zerolog.Nop())
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	if err := conn.Ready(ctx); err != nil {
		return fmt.Errorf("streams do not answer: %w", err)
	}
	changes, err := nats.Plan(ctx, conn.JS, s.Replicas)
	if err != nil {
		return err
	}
	if !a.Plan {
		if err := nats.Apply(ctx, conn.JS, s.Replicas); err != nil {
			return err
		}
	}
	if a.JSON {
		return printJSON(changes)
	}
	return printChanges(changes, a.Plan)
}

func printChanges(changes []nats.Change, planned bool) error {
	counts := map[string]int{}
	for _, change := range changes {
		counts[change.Action]++
	}
	err := table(os.Stdout, "WHAT\tNAME\tACTION\tDETAIL", func(row func(...any)) {
		for _, change := range changes {
			if change.Action != "same" {
				row(change.Kind, change.Name, change.Action, change.Detail)
			}
		}
	})
	verb := "applied"
	if planned {
		verb = "planned, nothing changed yet"
	}
	fmt.Printf("%d to create, %d to update, %d refused, %d as they should be: %s\n",
		counts["create"], counts["update"], counts["refuse"], counts["same"], verb)
	return err
}

func (c configCommand) Run(_ context.Context, s *Settings, app *kong.Kong) error {
	switch {
	case c.NewKeys:
		fmt.Println(secret.NewKey("main").Reveal())
		return nil
	case c.EnvExample:
		return writeEnvExample(os.Stdout, app.Model)
	}
	if err := s.beside(); err != nil {
		return err
	}
	settings := effective(s, app.Model)
	if c.JSON {
		return printJSON(settings)
	}
	return table(os.Stdout, "SETTING\tVALUE\tFROM", func(row func(...any)) {
		for _, setting := range settings {
			row(setting.Env, setting.Value, setting.From)
		}
	})
}

// version is set by the linker of a release.
var version = "dev"

func (v versionCommand) Run(context.Context) error {
	facts := struct {
		Version string `json:"version"`
		Commit  string `json:"commit,omitempty"`
		Go      string `json:"go"`
		Target  string `json:"target"`
	}{Version: version, Go: runtime.Version(), Target: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				facts.Commit = setting.Value
			}
		}
	}
	if v.JSON {
		return printJSON(facts)
	}
	fmt.Printf("ukbot %s %s (%s %s)\n", facts.Version, facts.Commit, facts.Go, facts.Target)
	return nil
}
