// Command ukbot is the event backbone and the Telegram front of a
// property-management company: one binary, a role per argument.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is what ukbot can be asked to do, one line each.
type cli struct {
	Settings

	Dev     devCommand     `cmd:"" help:"Everything on this machine: streams, database, all roles, a Telegram simulator, a demo company." group:"Run:"`
	Ingress ingressCommand `cmd:"" help:"Take webhooks in. Needs NATS only." group:"Run:"`
	Workers workersCommand `cmd:"" help:"Turn webhooks into records and events; serve the operators' API." group:"Run:"`
	Housing housingCommand `cmd:"" help:"Serve people, buildings, requests and shifts." group:"Run:"`
	Botgw   botgwCommand   `cmd:"" help:"The Telegram bot: answer people, tell them what concerns them." group:"Run:"`
	All     allCommand     `cmd:"" help:"All roles in one process, against NATS_URL and DATABASE_URL." group:"Run:"`

	Migrate  migrateCommand  `cmd:"" help:"Bring the database's schema up to date." group:"Set up:"`
	Apply    applyCommand    `cmd:"" help:"Bring streams, buckets and consumers to what this version needs." group:"Set up:"`
	Hooks    hooksCommand    `cmd:"" help:"Webhook configurations: who may send, how it is verified." group:"Set up:"`
	People   peopleCommand   `cmd:"" help:"Whom the bot tells: people, their chats, roles and languages." group:"Set up:"`
	Bots     botsCommand     `cmd:"" help:"Telegram bots: whose each is." group:"Set up:"`
	Commands commandsCommand `cmd:"" help:"Commands of a tenant's bot: open, closed, for whom, how described." group:"Set up:"`
	Subs     subsCommand     `cmd:"" help:"Chats that get events by pattern." group:"Set up:"`
	Config   configCommand   `cmd:"" help:"Show the settings in force, secrets masked." group:"Set up:"`
	Doctor   doctorCommand   `cmd:"" help:"Check everything ukbot leans on and say what to do." group:"Set up:"`

	Company companyCommand `cmd:"" help:"Tenants of the housing services." group:"Company:"`
	Keys    keysCommand    `cmd:"" help:"API keys of machines; the key that signs people's tokens." group:"Company:"`
	Token   tokenCommand   `cmd:"" help:"Print an access token of a person, to try the API." group:"Company:"`
	Import  importCommand  `cmd:"" help:"Import yards, buildings and apartments from CSV." group:"Company:"`
	Seed    seedCommand    `cmd:"" help:"Fill a tenant with made-up people and requests, for load." group:"Company:"`

	Send   sendCommand   `cmd:"" help:"Sign and post an event, as its provider would." group:"Events:"`
	Events eventsCommand `cmd:"" help:"List, show and retry recorded webhooks." group:"Events:"`
	Replay replayCommand `cmd:"" help:"Handle stored webhooks again. Tells nobody twice." group:"Events:"`
	Dead   deadCommand   `cmd:"" help:"What was given up: list, show, retry." group:"Events:"`

	Bench      benchCommand      `cmd:"" help:"Measure this machine with ukbot's own load." group:"More:"`
	BenchChild benchChildCommand `cmd:"" hidden:""`

	Version versionCommand `cmd:"" help:"Print the version." group:"More:"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// run is main without the process: what a test calls.
func run(ctx context.Context, args []string) int {
	var asked cli
	parser, err := newParser(&asked)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ukbot:", err)
		return exitFailed
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "ukbot: %v (see `%s --help`)\n", err, asFarAs(err))
		return exitUsage
	}
	if err := asked.Check(); err != nil {
		fmt.Fprintln(os.Stderr, "ukbot:", err)
		return exitUsage
	}
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(&asked.Settings); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "ukbot:", err)
		return exitFailed
	}
	return 0
}

// asFarAs is the command that was understood before the arguments went wrong:
// its help has the answer.
func asFarAs(err error) string {
	name := "ukbot"
	var wrong *kong.ParseError
	if !errors.As(err, &wrong) || wrong.Context == nil {
		return name
	}
	for _, step := range wrong.Context.Path {
		if step.Command != nil {
			name += " " + step.Command.Name
		}
	}
	return name
}

func newParser(asked *cli) (*kong.Kong, error) {
	return kong.New(asked,
		kong.Name("ukbot"),
		kong.Description("Webhooks in, durable records and Telegram messages out; people, buildings, repair requests and shifts behind one API.\n\nTry it: `ukbot dev`, then `ukbot send stripe` in a second terminal, or /docs in a browser. Is something wrong? `ukbot doctor`."),
		kong.Vars{"presets": presetList(), "scopes": scopeList(), "scenarios": strings.Join(benchNames(), ", ")},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.ExplicitGroups(groups()),
	)
}

// groups are the headings of the help, in their order.
func groups() (all []kong.Group) {
	for _, title := range []string{"Run:", "Set up:", "Company:", "Events:", "More:", "Settings:"} {
		all = append(all, kong.Group{Key: title, Title: title})
	}
	return all
}
