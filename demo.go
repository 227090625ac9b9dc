package main

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"ukbot/events"
	"ukbot/housing/seed"
	"ukbot/ingress"
	"ukbot/ops"
	"ukbot/secret"
	"ukbot/sql/db"
)

// demoPeople is the demo company: the payer whom `ukbot send stripe` names, and
// the manager. The chats are the simulator's.
var demoPeople = []db.SetPersonParams{
	{TenantID: events.DefaultTenant, PersonID: "demo-payer", ChatID: 1001, Name: "Дилноза Каримова", Role: "applicant", Language: "uz"},
	{TenantID: events.DefaultTenant, PersonID: "demo-manager", ChatID: 2002, Name: "Ольга Петрова", Role: "manager", Language: "ru"},
}

// demoPhones are the people whose phones the simulator's page shows at first:
// resident, executor, manager and administrator. They have started the bot.
var demoPhones = []int64{1001, 3003, 2002, 4004}

// strangers are people whom the demo company does not know yet.
var strangers = []seed.Face{
	{Telegram: 9001, Name: "Лола Назарова", Language: "ru"},
	{Telegram: 9002, Name: "Akmal Toʻrayev", Language: "uz"},
	{Telegram: 9003, Name: "John Smith", Language: "en"},
}

// demoHooks are the demo company's webhook configurations, by source and preset.
var demoHooks = []struct{ source, preset string }{
	{"stripe", "stripe"},
	{"google-sheets", "google"},
	{"yandex-maps", "yandex"},
	{"demo", "generic"},
}

// demoSubscription lets the manager have every event of the generic demo source.
var demoSubscription = db.SubscribeParams{TenantID: events.DefaultTenant, ChatID: 2002, Pattern: "demo.demo.*", Language: "ru"}

// seedDemo makes the demo company. What is there stays as it is.
func (n *node) seedDemo(ctx context.Context) error {
	pool, err := n.database(ctx)
	if err != nil {
		return err
	}
	conn, err := n.connect("seed")
	if err != nil {
		return err
	}
	q := db.New(pool)
	for _, person := range demoPeople {
		if err := q.SetPerson(ctx, person); err != nil {
			return err
		}
	}
	if err := q.Subscribe(ctx, demoSubscription); err != nil {
		return err
	}
	if err := seed.Demo(ctx, pool, events.DefaultTenant, time.Now()); err != nil {
		return err
	}
	keys, err := n.settings.keyset()
	if err != nil {
		return err
	}
	for _, demo := range demoHooks {
		_, err := ops.FindHook(ctx, pool, events.DefaultTenant, demo.source)
		if errors.Is(err, ops.ErrNoHook) {
			_, err = ops.SetHook(ctx, pool, conn, demoHook(demo.source, demo.preset, keys))
		}
		if err != nil {
			return err
		}
	}
	return ops.SyncHooks(ctx, pool, conn)
}

func demoHook(source, preset string, keys *secret.Keyset) events.Hook {
	hook := events.Hook{Tenant: events.DefaultTenant, Source: source, Preset: preset, Enabled: true}
	_ = ingress.ApplyPreset(&hook) // the table above names presets there are; a test sends with each
	hook.Secrets = []string{keys.Seal(demoSecret(), events.HookOwner(hook.Tenant, hook.Source))}
	return hook
}

// demoSecret is a fresh secret, of the form that Stripe and Standard Webhooks use too.
func demoSecret() secret.Text { return secret.Text("whsec_" + rand.Text() + rand.Text()[:6]) }
