package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"ukbot/events"
	"ukbot/ops"
	"ukbot/secret"
)

// welcome tells the commands beside where everything is, and prints it for
// people: addresses, demo secrets, three things to try.
func (n *node) welcome(ctx context.Context, took time.Duration) {
	s := n.settings
	file := devFile{
		PID: os.Getpid(), HTTP: s.HTTPAddr, NATS: s.NATSURL, Database: s.Database.Reveal(),
		Keys: s.Keys.Reveal(), APIKey: n.apiKey.Reveal(), APIKeys: s.APIKeys.Reveal(),
		Bot: s.TelegramToken.Reveal(), BotAPI: s.TelegramAPI,
	}
	if n.server != nil {
		file.NATS = n.server.ClientURL()
	}
	if err := file.write(s.DataDir); err != nil {
		n.log.Error().Err(err).Msg("commands beside this dev need settings of their own")
	}
	var text strings.Builder
	fmt.Fprintf(&text, "\nukbot dev is ready (%.1f s). Everything it keeps is in %s; Ctrl-C stops it.\n\n", took.Seconds(), s.DataDir)
	fmt.Fprintf(&text, "  webhooks   http://%s/api/v1/webhooks/…   health /health/detailed   metrics /metrics\n", s.HTTPAddr)
	fmt.Fprintf(&text, "             what came: /api/v1/webhooks/events   key %s\n", orSet(n.apiKey))
	if n.companyKey != "" {
		fmt.Fprintf(&text, "  company    http://%s/docs   X-API-Key %s\n", s.HTTPAddr, n.companyKey.Reveal())
	}
	fmt.Fprintf(&text, "  streams    %s   (nats -s %s stream ls)\n", file.NATS, file.NATS)
	fmt.Fprintf(&text, "  database   psql '%s'\n", file.Database)
	fmt.Fprintf(&text, "  telegram   %s\n\n", n.telegramLine())
	n.writeSecrets(ctx, &text)
	if n.companyKey == "" {
		text.WriteString(tryEmpty)
	} else {
		fmt.Fprintf(&text, tryThese, s.HTTPAddr, s.HTTPAddr)
	}
	fmt.Print(text.String())
}

const tryThese = `
Try, in a second terminal in this folder:

  open http://%s/simulator   file a request as the resident, assign it as the manager, do it as the executor
  go run . send stripe --type payment_intent.succeeded   a signed payment; again: duplicate, nobody is told twice
  go run . events ls                                     what came; events show ID tells the whole story
  curl -H "Authorization: Bearer $(go run . token --as manager)" 'http://%s/api/v1/requests?status_group=open'   what waits
  go run . send generic/demo --type load.test --count 1000 --rate 200   some load; events ls shows it arrive

`

// tryEmpty is for a dev without the demo company: nobody sends, nobody is told yet.
const tryEmpty = `
There is no company yet. In a second terminal in this folder:

  go run . company add acme --name 'ООО «Чиланзар Сервис»'   a company; it says what comes next
  go run . hooks set stripe --tenant acme --secret whsec_…   whose webhooks are taken
  go run . doctor                                            is all well, and if not, what to do

`

func orSet(key secret.Text) string {
	if key == "" {
		return "(as set in UKBOT_API_KEYS)"
	}
	return key.Reveal()
}

func (n *node) telegramLine() string {
	if n.settings.TelegramToken == simulatorToken {
		return fmt.Sprintf("http://%s/simulator   four phones: write, tap, send photos; no internet needed", n.settings.HTTPAddr)
	}
	return "the real one, with your bot"
}

// writeSecrets lists the demo's webhook secrets, for curl or a provider's console.
func (n *node) writeSecrets(ctx context.Context, text *strings.Builder) {
	keys, err := n.settings.keyset()
	if err != nil {
		return
	}
	hooks, err := ops.ListHooks(ctx, n.pool, events.DefaultTenant)
	if err != nil {
		return
	}
	for _, hook := range hooks {
		if len(hook.Secrets) == 0 {
			continue
		}
		if plain, err := keys.Open(hook.Secrets[0], events.HookOwner(hook.Tenant, hook.Source)); err == nil {
			fmt.Fprintf(text, "  secret     %-14s %s\n", hook.Source, plain.Reveal())
		}
	}
}
