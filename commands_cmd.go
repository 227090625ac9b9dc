package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"ukbot/api"
	"ukbot/botgw/desk"
	"ukbot/botgw/requests"
	"ukbot/botgw/speak"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/sql/db"
)

type commandsCommand struct {
	Ls    commandsLs    `cmd:"" help:"List a bot's commands: who may use each, and what the company changed."`
	Set   commandsSet   `cmd:"" help:"Change what is given of a command; in force within half a minute."`
	Reset commandsReset `cmd:"" help:"Leave a command as the bot has it."`
}

// botOrders are the commands of the bot and the keys of its main menu, in the
// order of its list.
func botOrders() []talk.Order {
	return append(desk.New(desk.Config{}).Orders(), requests.New(nil, nil).Orders()...)
}

// orderCalled is an order of the bot by its name.
func orderCalled(name string) (talk.Order, error) {
	name = strings.TrimPrefix(name, "/")
	orders := botOrders()
	i := slices.IndexFunc(orders, func(o talk.Order) bool { return o.Name == name })
	if i < 0 {
		return talk.Order{}, fmt.Errorf("the bot has no command %q: `ukbot commands ls` lists them", name)
	}
	return orders[i], nil
}

type commandsLs struct {
	Tenant string `default:"default" help:"Whose bot."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// orderLine is a row of `commands ls`.
type orderLine struct {
	Command      string            `json:"command"`
	Enabled      bool              `json:"enabled"`
	Roles        []api.Role        `json:"roles"` // who may now
	Strangers    bool              `json:"strangers"`
	Descriptions map[string]string `json:"descriptions"` // as the company changed them
	Changed      bool              `json:"changed"`
}

func (l commandsLs) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		if err := thereIs(ctx, db.New(open.Pool), l.Tenant); err != nil {
			return err
		}
		changed, err := changedCommands(ctx, open, l.Tenant)
		if err != nil {
			return err
		}
		lines := []orderLine{}
		for _, o := range botOrders() {
			lines = append(lines, lineOf(o, changed))
		}
		if l.JSON {
			return printJSON(lines)
		}
		return table(os.Stdout, "COMMAND\tOPEN TO\tCHANGED", func(row func(...any)) {
			for _, line := range lines {
				row("/"+line.Command, line.openTo(), line.whatChanged())
			}
		})
	})
}

// allRoles are the roles in the order they are printed.
var allRoles = []api.Role{api.RoleApplicant, api.RoleExecutor, api.RoleManager, api.RoleAdmin}

func lineOf(o talk.Order, changed map[string]db.BotCommandsRow) orderLine {
	change, there := changeOf(changed, o.Name)
	line := orderLine{
		Command: o.Name, Enabled: !change.Off, Changed: there, Descriptions: change.Descriptions,
		Roles: []api.Role{}, Strangers: speak.Allowed(o, change, ""),
	}
	for _, role := range allRoles {
		if speak.Allowed(o, change, role) {
			line.Roles = append(line.Roles, role)
		}
	}
	return line
}

// changeOf is what a tenant changed about a command. Descriptions that cannot be
// read count for nothing, as in the bot.
func changeOf(changed map[string]db.BotCommandsRow, command string) (change speak.Change, there bool) {
	row, there := changed[command]
	if there {
		change, _ = speak.ChangeOf(row)
	}
	return change, there
}

func (l orderLine) openTo() string {
	switch {
	case len(l.Roles) == 0:
		return "nobody"
	case l.Strangers:
		return "anybody"
	case len(l.Roles) == len(allRoles):
		return "every role"
	}
	names := make([]string, len(l.Roles))
	for i, role := range l.Roles {
		names[i] = string(role)
	}
	return strings.Join(names, ", ")
}

func (l orderLine) whatChanged() string {
	var parts []string
	switch {
	case !l.Changed:
		return "-"
	case !l.Enabled:
		parts = append(parts, "off")
	}
	for _, language := range slices.Sorted(maps.Keys(l.Descriptions)) {
		parts = append(parts, language+": "+l.Descriptions[language])
	}
	if len(parts) == 0 {
		return "roles"
	}
	return strings.Join(parts, "; ")
}

type commandsSet struct {
	Command string `arg:"" help:"A name of ukbot commands ls, as in shifts."`
	Tenant  string `default:"default" help:"Whose bot."`

	Off      bool              `xor:"off" help:"Close it to everybody; its key of the main menu is refused too."`
	On       bool              `xor:"off" help:"Open it again."`
	Role     []string          `xor:"roles" help:"Only who acts in this role may use it; several. What they may do with it the services decide as ever."`
	AllRoles bool              `xor:"roles" help:"Whom the bot itself opens it to."`
	Describe map[string]string `mapsep:"none" help:"Description in the command list, by language: --describe uz='Navbatlarim'. An empty one is the bot's own."`
}

func (c commandsSet) Run(ctx context.Context, s *Settings) error {
	order, err := orderCalled(c.Command)
	if err != nil {
		return err
	}
	if err := c.check(order); err != nil {
		return err
	}
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		if err := thereIs(ctx, db.New(open.Pool), c.Tenant); err != nil {
			return err
		}
		changed, err := changedCommands(ctx, open, c.Tenant)
		if err != nil {
			return err
		}
		have, _ := changeOf(changed, order.Name)
		next, err := c.apply(order.Name, have)
		if err != nil {
			return err
		}
		if err := db.New(open.Pool).SetBotCommand(ctx, next); err != nil {
			return fmt.Errorf("change /%s: %w", order.Name, err)
		}
		line := lineOf(order, map[string]db.BotCommandsRow{order.Name: {Enabled: next.Enabled, Roles: next.Roles, Descriptions: next.Descriptions}})
		fmt.Printf("/%s of %s is open to: %s. The bot knows within half a minute\n", order.Name, c.Tenant, line.openTo())
		return nil
	})
}

// check refuses what would change nothing, or could not be meant.
func (c commandsSet) check(order talk.Order) error {
	switch {
	case !c.Off && !c.On && len(c.Role) == 0 && !c.AllRoles && len(c.Describe) == 0:
		return errors.New("nothing to change: --off, --on, --role, --all-roles or --describe")
	case order.Name == speak.Door && (c.Off || len(c.Role) > 0):
		return fmt.Errorf("/%s stays open to anybody: without it nobody gets in", order.Name)
	}
	for _, role := range c.Role {
		if !slices.Contains(allRoles, api.Role(role)) {
			return fmt.Errorf("no role %q: applicant, executor, manager or admin", role)
		}
	}
	for language := range c.Describe {
		if !slices.Contains(words.Languages, language) {
			return fmt.Errorf("no language %q: %s", language, strings.Join(words.Languages, ", "))
		}
	}
	return nil
}

// apply is what a command is after what is given was changed.
func (c commandsSet) apply(name string, have speak.Change) (db.SetBotCommandParams, error) {
	next := db.SetBotCommandParams{TenantID: c.Tenant, Command: name, Enabled: !have.Off}
	if c.Off || c.On {
		next.Enabled = c.On
	}
	switch {
	case len(c.Role) > 0:
		next.Roles = c.Role
	case !c.AllRoles && have.Roles != nil:
		next.Roles = []string{}
		for _, role := range have.Roles {
			next.Roles = append(next.Roles, string(role))
		}
	}
	descriptions := map[string]string{}
	maps.Copy(descriptions, have.Descriptions)
	maps.Copy(descriptions, c.Describe)
	maps.DeleteFunc(descriptions, func(_, text string) bool { return strings.TrimSpace(text) == "" })
	var err error
	next.Descriptions, err = json.Marshal(descriptions)
	return next, err
}

type commandsReset struct {
	Command string `arg:"" help:"A name of ukbot commands ls."`
	Tenant  string `default:"default" help:"Whose bot."`
}

func (c commandsReset) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		name := strings.TrimPrefix(c.Command, "/")
		rows, err := db.New(open.Pool).ResetBotCommand(ctx, c.Tenant, name)
		if err != nil {
			return fmt.Errorf("reset /%s: %w", name, err)
		}
		if rows == 0 {
			return fmt.Errorf("nothing of /%s is changed for %s: `ukbot commands ls --tenant %s`", name, c.Tenant, c.Tenant)
		}
		fmt.Printf("/%s of %s is as the bot has it\n", name, c.Tenant)
		return nil
	})
}

// changedCommands is what a tenant changed, by command.
func changedCommands(ctx context.Context, open *session, tenant string) (map[string]db.BotCommandsRow, error) {
	rows, err := db.New(open.Pool).BotCommands(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("commands of %s: %w", tenant, err)
	}
	changed := map[string]db.BotCommandsRow{}
	for _, row := range rows {
		changed[row.Command] = row
	}
	return changed, nil
}
