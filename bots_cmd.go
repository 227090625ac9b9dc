package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"ukbot/botgw/bots"
	"ukbot/botgw/telegram"
	"ukbot/housing/auth"
	"ukbot/housing/unit"
	"ukbot/secret"
	"ukbot/sql/db"
)

type botsCommand struct {
	Add botsAdd `cmd:"" help:"Give a tenant its bot, or the bot it has another token; served within a second. The token is read from UKBOT_BOT_TOKEN or the first line of the standard input: as an argument it would stay in the shell's history and show in the list of processes."`
	Ls  botsLs  `cmd:"" help:"List the tenants' bots; tokens and keys are not shown."`
	Rm  botsRm  `cmd:"" help:"Stop serving a tenant's bot and forget its token."`
}

// botTokenEnv is where `bots add` looks for a token before it reads the standard input.
const botTokenEnv = "UKBOT_BOT_TOKEN" //nolint:gosec // a variable's name

type botsAdd struct {
	Tenant  string `default:"default" help:"Whose bot."`
	WithKey bool   `help:"The next line of the standard input is the bot's API key (UKBOT_BOT_KEY does as well). Without: the key that the tenant's bot has, or a fresh one."`
}

func (b botsAdd) Run(ctx context.Context, s *Settings) error {
	given, err := b.read(os.Stdin)
	if err != nil {
		return err
	}
	if given.Key == "" && os.Getenv("UKBOT_BOT_KEY") != "" {
		given.Key = s.BotKey
	}
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		if open.keys == nil {
			_, err := s.keyset()
			return err
		}
		if err := thereIs(ctx, db.New(open.Pool), b.Tenant); err != nil {
			return err
		}
		record, err := b.ask(ctx, s, given.Token)
		if err != nil {
			return err
		}
		if given.Key, err = b.key(ctx, open, given.Key); err != nil {
			return err
		}
		err = bots.Set(ctx, open.Pool, open.NATS, open.keys, record, given)
		if errors.Is(err, bots.ErrTaken) {
			return fmt.Errorf("@%s serves another tenant: `ukbot bots ls` tells which, `ukbot bots rm` ends that", record.Username)
		}
		if err != nil {
			return err
		}
		fmt.Printf("@%s serves %s\n", record.Username, b.Tenant)
		return nil
	})
}

// read takes token and key from where they may be.
func (b botsAdd) read(in io.Reader) (given bots.Secrets, err error) {
	lines := bufio.NewReader(in)
	if given.Token = secret.Text(strings.TrimSpace(os.Getenv(botTokenEnv))); given.Token == "" {
		if isatty.IsTerminal(os.Stdin.Fd()) {
			fmt.Fprint(os.Stderr, "Token, as @BotFather gives it: ")
		}
		if given.Token = nextLine(lines); given.Token == "" {
			return given, fmt.Errorf("no token: put it into %s, or on the standard input", botTokenEnv)
		}
	}
	if b.WithKey {
		if given.Key = nextLine(lines); given.Key == "" {
			return given, errors.New("no key on the standard input, where --with-key says it is")
		}
	}
	return given, nil
}

func nextLine(in *bufio.Reader) secret.Text {
	line, _ := in.ReadString('\n') // what an error leaves is empty
	return secret.Text(strings.TrimSpace(line))
}

// ask has Telegram say whose token this is.
func (b botsAdd) ask(ctx context.Context, s *Settings, token secret.Text) (bots.Record, error) {
	client := telegram.New(token, s.TelegramAPI, telegramTimeout)
	defer client.Close()
	me, err := client.Me(ctx)
	switch {
	case telegram.Classify(err).Action == telegram.Fatal:
		return bots.Record{}, fmt.Errorf("Telegram (%s) does not know this token", s.TelegramAPI) //nolint:staticcheck // a name
	case err != nil:
		return bots.Record{}, fmt.Errorf("ask Telegram whose token this is: %w", err)
	case me.ID != client.ID():
		return bots.Record{}, errors.New("that is no bot's token: it begins with another number than its bot has")
	}
	return bots.Record{Tenant: b.Tenant, ID: me.ID, Username: me.UserName}, nil
}

// key is the given key, else the one that the tenant's bot has, else a fresh one.
func (b botsAdd) key(ctx context.Context, open *session, given secret.Text) (secret.Text, error) {
	store := unit.Store{Pool: open.Pool, Now: time.Now}
	doors, err := auth.New(auth.Config{Store: store, Keys: open.keys, Conn: open.NATS, Log: open.Log})
	if err != nil {
		return "", err
	}
	if given != "" {
		if _, err := doors.Key(ctx, given); err != nil {
			return "", fmt.Errorf("the bot's key: %w", err)
		}
		return given, nil
	}
	if have, err := bots.Find(ctx, open.Pool, b.Tenant); err == nil {
		if kept, err := have.Open(open.keys); err == nil && kept.Key != "" {
			if _, err := doors.Key(ctx, kept.Key); err == nil {
				return kept.Key, nil
			}
		}
	}
	return makeKey(ctx, store, doors, b.Tenant, "bot-"+strings.ToLower(rand.Text()[:6]), botScopes, 0)
}

type botsLs struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// botLine is a row of `bots ls`.
type botLine struct {
	Tenant   string    `json:"tenant"`
	ID       int64     `json:"bot_id"`
	Username string    `json:"username"`
	Since    time.Time `json:"updated_at"`
	Opens    bool      `json:"opens"` // with this keyset
}

func (l botsLs) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		records, err := bots.List(ctx, open.Pool)
		if err != nil {
			return err
		}
		lines := make([]botLine, len(records))
		for i, r := range records {
			_, sealed := r.Open(open.keys)
			lines[i] = botLine{r.Tenant, r.ID, r.Username, r.UpdatedAt, sealed == nil}
		}
		if l.JSON {
			return printJSON(lines)
		}
		return table(os.Stdout, "TENANT\tBOT\tID\tSINCE\tTOKEN", func(row func(...any)) {
			for _, line := range lines {
				row(line.Tenant, botName(bots.Record{ID: line.ID, Username: line.Username}), line.ID, since(line.Since), tokenState(line.Opens))
			}
		})
	})
}

// botName is what people call a bot; its number until Telegram has said more.
func botName(r bots.Record) string {
	if r.Username == "" {
		return "bot " + strconv.FormatInt(r.ID, 10)
	}
	return "@" + r.Username
}

func tokenState(opens bool) string {
	if opens {
		return "sealed"
	}
	return "does not open with these UKBOT_KEYS"
}

type botsRm struct {
	Tenant string `arg:"" help:"Whose bot."`
	Yes    bool   `short:"y" help:"Do it. Without: only say what would end, and ask on a terminal."`
}

func (r botsRm) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		have, err := bots.Find(ctx, open.Pool, r.Tenant)
		if err != nil {
			return fmt.Errorf("%w: `ukbot bots ls` lists them", err)
		}
		what := fmt.Sprintf("%s of tenant %s would answer nobody any more, and its token be forgotten.", botName(have), r.Tenant)
		if !r.Yes && !agreed(what) {
			fmt.Printf("%s Nothing was done: --yes does it\n", what)
			return nil
		}
		if err := bots.Remove(ctx, open.Pool, open.NATS, r.Tenant); err != nil {
			return err
		}
		fmt.Printf("%s serves %s no more. Its API key stays: `ukbot keys ls --tenant %s`\n", botName(have), r.Tenant, r.Tenant)
		return nil
	})
}
