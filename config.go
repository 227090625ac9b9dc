package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ukbot/secret"
)

// Settings is every setting there is: a flag, an environment variable, a
// default, a sentence. `ukbot config --env-example` prints .env.example from it.
type Settings struct {
	HTTPAddr string      `name:"http-addr" env:"UKBOT_HTTP_ADDR" default:"127.0.0.1:8009" help:"Address of the HTTP server: webhooks, API, health, metrics." group:"Settings:"`
	DataDir  string      `name:"data-dir" env:"UKBOT_DATA_DIR" default:"./.ukbot" type:"path" help:"Folder of everything that dev keeps." group:"Settings:"`
	NATSAddr string      `name:"nats-addr" env:"UKBOT_NATS_ADDR" default:"127.0.0.1:4222" help:"Address of the server inside dev; the stock nats CLI connects there." group:"Settings:"`
	NATSURL  string      `name:"nats-url" env:"NATS_URL" help:"NATS servers, comma-separated. Empty: those of the dev beside, or dev's own." group:"Settings:"`
	Database secret.Text `name:"database-url" env:"DATABASE_URL" help:"PostgreSQL URL. Empty: that of the dev beside, or dev's own." group:"Settings:"`

	Replicas int    `name:"replicas" env:"UKBOT_REPLICAS" default:"1" help:"Copies of each stream: 1, or 3 on a cluster." group:"Settings:"`
	Sync     string `name:"sync" env:"UKBOT_SYNC" default:"always" help:"When dev's streams go to disk: always (202 means on disk) or every duration (1s: a power failure may lose that much)." group:"Settings:"`

	Keys    secret.Text `name:"keys" env:"UKBOT_KEYS" help:"Keyset that encrypts secrets at rest: name:base64 of 32 bytes, comma-separated, the first encrypts. dev makes its own." group:"Settings:"`
	APIKeys secret.Text `name:"api-keys" env:"UKBOT_API_KEYS" help:"Who may use the API: name:tenant:sha256 of the key in hex, comma-separated; tenant * is all. dev makes one." group:"Settings:"`

	TelegramToken secret.Text `name:"telegram-token" env:"TELEGRAM_TOKEN" help:"Bot token. Empty in dev: the simulator." group:"Settings:"`
	TelegramAPI   string      `name:"telegram-api" env:"UKBOT_TELEGRAM_API" default:"https://api.telegram.org" help:"Endpoint of the Bot API: what stands before /bot." group:"Settings:"`
	TelegramHook  string      `name:"telegram-webhook" env:"UKBOT_TELEGRAM_WEBHOOK" help:"Public https address of this server; Telegram then delivers to <address>/telegram/<bot>. Empty: the bot asks Telegram (long poll)." group:"Settings:"`
	TelegramRate  float64     `name:"telegram-rate" env:"UKBOT_TELEGRAM_RATE" default:"30" help:"Messages a second for the whole bot; Telegram's own limit is about 30. 0: no limit." group:"Settings:"`

	HousingURL  string      `name:"housing-url" env:"UKBOT_HOUSING_URL" help:"Where the bot finds the housing services, as in http://housing:8009. Empty: in this process." group:"Settings:"`
	BotKey      secret.Text `name:"bot-key" env:"UKBOT_BOT_KEY" help:"The bot's API key for the housing services. Empty: it makes its own in the database." group:"Settings:"`
	OperatorURL string      `name:"bot-operator-url" env:"UKBOT_BOT_OPERATOR_URL" help:"Where the bot finds the operators' API, as in http://workers:8009. Empty: where the housing services are." group:"Settings:"`
	OperatorKey secret.Text `name:"bot-operator-key" env:"UKBOT_BOT_OPERATOR_KEY" help:"A key of UKBOT_API_KEYS with which administrators see failed webhooks in the bot. Empty: they do not." group:"Settings:"`

	BotLimits string `name:"bot-limits" env:"UKBOT_BOT_LIMITS" help:"How much a person may write to the bot, per role: executor=40/300/10/120,all=20/100/5/60 is messages a minute / an hour, commands a minute, taps a minute; 0 is no limit. Empty: 20/100/5/60." group:"Settings:"`
	Emergency string `name:"emergency" env:"UKBOT_EMERGENCY" help:"Phone of the emergency line, as people read it in the bot." group:"Settings:"`

	BodyLimit      int           `name:"body-limit" env:"UKBOT_BODY_LIMIT" default:"1048576" help:"Largest webhook body, bytes; at most 1 MiB." group:"Settings:"`
	PublishTimeout time.Duration `name:"publish-timeout" env:"UKBOT_PUBLISH_TIMEOUT" default:"5s" help:"Wait for the stream before a webhook is answered 503." group:"Settings:"`
	TrustedProxies []string      `name:"trusted-proxies" env:"UKBOT_TRUSTED_PROXIES" help:"Proxies whose X-Forwarded-For is believed (addresses or CIDR)." group:"Settings:"`
	DatabaseConns  int           `name:"database-conns" env:"UKBOT_DATABASE_CONNS" default:"12" help:"Connections to PostgreSQL of one process." group:"Settings:"`
	RetentionDays  int           `name:"retention-days" env:"UKBOT_RETENTION_DAYS" default:"90" help:"Days that records of webhooks are kept." group:"Settings:"`

	Log     string `name:"log" env:"UKBOT_LOG" default:"info" enum:"trace,debug,info,warn,error" help:"Least level of log lines: trace, debug, info, warn, error." group:"Settings:"`
	LogJSON bool   `name:"log-json" env:"UKBOT_LOG_JSON" help:"Log JSON lines on a terminal too." group:"Settings:"`
}

// syncAlways is the value of UKBOT_SYNC that makes 202 mean on disk.
const syncAlways = "always"

// syncInterval is UKBOT_SYNC as the interval of background syncs; 0 is always.
func (s Settings) syncInterval() (time.Duration, error) {
	if s.Sync == syncAlways {
		return 0, nil
	}
	interval, err := time.ParseDuration(s.Sync)
	if err != nil || interval < 100*time.Millisecond {
		return 0, fmt.Errorf("UKBOT_SYNC is %q: want %q or a duration of at least 100ms, such as 1s", s.Sync, syncAlways)
	}
	return interval, nil
}

// bodyMax is the largest UKBOT_BODY_LIMIT: with its headers it must fit a message.
const bodyMax = 1 << 20

// Check refuses settings that cannot work, all together.
func (s Settings) Check() error {
	var problems []error
	if _, err := s.syncInterval(); err != nil {
		problems = append(problems, err)
	}
	if s.BodyLimit < 1 || s.BodyLimit > bodyMax {
		problems = append(problems, fmt.Errorf("UKBOT_BODY_LIMIT is %d: want 1 to %d bytes", s.BodyLimit, bodyMax))
	}
	if s.Replicas != 1 && s.Replicas != 3 && s.Replicas != 5 {
		problems = append(problems, fmt.Errorf("UKBOT_REPLICAS is %d: want 1, 3 or 5", s.Replicas))
	}
	if !strings.HasPrefix(s.TelegramAPI, "http://") && !strings.HasPrefix(s.TelegramAPI, "https://") {
		problems = append(problems, fmt.Errorf("UKBOT_TELEGRAM_API is %q: want an http or https URL", s.TelegramAPI))
	}
	if s.RetentionDays < 1 || s.DatabaseConns < 4 {
		problems = append(problems, errors.New("UKBOT_RETENTION_DAYS must be at least 1, UKBOT_DATABASE_CONNS at least 4"))
	}
	if _, err := parseLimits(s.BotLimits); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// devFile is what a running dev tells the commands beside it: where everything
// is and how to get in. It lies in the data folder, readable by its owner.
type devFile struct {
	PID      int    `json:"pid"`
	HTTP     string `json:"http"`
	NATS     string `json:"nats"`
	Database string `json:"database"`
	Keys     string `json:"keys"`
	APIKey   string `json:"api_key"`
	APIKeys  string `json:"api_keys"` // the entries, with hashes
	Bot      string `json:"telegram_token"`
	BotAPI   string `json:"telegram_api"`
}

func devFilePath(dataDir string) string { return filepath.Join(dataDir, "dev.json") }

func (d devFile) write(dataDir string) error {
	raw, err := json.MarshalIndent(d, "", "  ") //nolint:gosec // G117: handing the key over is its purpose; the file is 0600
	if err != nil {
		return err
	}
	return os.WriteFile(devFilePath(dataDir), raw, 0o600)
}

// errNothingRuns explains what a command misses that needs a running ukbot.
var errNothingRuns = errors.New("no ukbot to talk to: start `ukbot dev` in this folder, or set NATS_URL and DATABASE_URL")

// beside fills what is not set from the dev of the same data folder. Without
// one, what is missing stays missing.
func (s *Settings) beside() error {
	raw, err := os.ReadFile(devFilePath(s.DataDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var dev devFile
	if err := json.Unmarshal(raw, &dev); err != nil {
		return fmt.Errorf("%s is damaged: %w", devFilePath(s.DataDir), err)
	}
	if s.NATSURL == "" {
		s.NATSURL = dev.NATS
	}
	for text, value := range map[*secret.Text]string{
		&s.Database: dev.Database, &s.Keys: dev.Keys, &s.APIKeys: dev.APIKeys, &s.TelegramToken: dev.Bot,
	} {
		if *text == "" {
			*text = secret.Text(value)
		}
	}
	if dev.BotAPI != "" && os.Getenv("UKBOT_TELEGRAM_API") == "" {
		s.TelegramAPI = dev.BotAPI
	}
	if dev.HTTP != "" && os.Getenv("UKBOT_HTTP_ADDR") == "" {
		s.HTTPAddr = dev.HTTP
	}
	return nil
}

// needs says which of the two connections is missing.
func (s Settings) needs(natsURL, database bool) error {
	if natsURL && s.NATSURL == "" || database && s.Database == "" {
		return errNothingRuns
	}
	return nil
}

// keyset is UKBOT_KEYS, parsed.
func (s Settings) keyset() (*secret.Keyset, error) {
	if s.Keys == "" {
		return nil, errors.New("UKBOT_KEYS is not set: it encrypts the secrets of webhooks; make one with `ukbot config --new-keys`")
	}
	keys, err := secret.ParseKeyset(s.Keys)
	if err != nil {
		return nil, fmt.Errorf("UKBOT_KEYS: %w", err)
	}
	return keys, nil
}
