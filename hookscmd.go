package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"ukbot/events"
	"ukbot/ingress"
	"ukbot/ops"
	"ukbot/secret"
)

type hooksCommand struct {
	Set hooksSet `cmd:"" help:"Create a webhook configuration, or change what is given of one; live within a second."`
	Ls  hooksLs  `cmd:"" help:"List them, secrets not shown."`
	Rm  hooksRm  `cmd:"" help:"Remove one: its sender is answered 404 from then on."`
}

type hooksSet struct {
	Source string `arg:"" help:"stripe, google/sheets, yandex/maps, or a name of its own for /webhooks/generic/NAME."`
	Tenant string `default:"default" help:"Whose it is."`

	Preset          string        `help:"Where the fields not given come from: ${presets}. Default: by the source, else generic."`
	Secret          []secret.Text `sep:"none" help:"Signing secret or token; several while rotating. '-' reads one from standard input, out of the shell's history."`
	NewSecret       bool          `help:"Make a fresh secret and print it once."`
	Scheme          string        `help:"stripe, standard, hmac, google, token or none (none needs --ip)."`
	Header          string        `help:"Header that carries the signature."`
	Prefix          string        `help:"What stands before the signature (sha256=); 'none' for nothing."`
	Encoding        string        `help:"Encoding of the signature: hex or base64."`
	TimestampHeader string        `help:"Header of a signed timestamp."`
	SignedTemplate  string        `help:"What is signed, of {timestamp} and {body}."`
	Tolerance       time.Duration `help:"How far a signed timestamp may be from now, either way (300s)."`

	IDHeader   string   `help:"Header of the idempotency key."`
	IDPath     string   `help:"JSON path of the idempotency key in the body: data.id; alternatives by |."`
	TypeHeader string   `help:"Header of the event type."`
	TypePath   string   `help:"JSON path of the event type in the body."`
	Events     []string `help:"Take only types that match: 'payment_intent.*'. Others are answered 200 and dropped."`
	IP         []string `name:"ip" help:"Address or CIDR range that may send; several. None: all may."`
	Rate       *float64 `help:"Events a second that are taken; more is answered 429. 0: no limit."`
	Burst      *int     `help:"Events above the rate that are taken at once."`
	MaxRetries *int     `help:"Attempts after the first (1 to 30)."`
	Disable    bool     `help:"Keep it, but answer 404."`
	JSON       bool     `name:"json" help:"Print JSON."`
}

func (h hooksSet) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		hook, made, err := h.hook(ctx, open)
		if err != nil {
			return err
		}
		if hook, err = ops.SetHook(ctx, open.Pool, open.NATS, hook); err != nil {
			return err
		}
		if h.JSON {
			return printJSON(hookView(hook))
		}
		fmt.Printf("%s/%s is set (%s). Its address: http://%s%s\n", hook.Tenant, hook.Source, hook.Scheme, s.HTTPAddr, hookPath(hook))
		if made != "" {
			fmt.Printf("Its secret, shown once: %s\n", made.Reveal())
		}
		return nil
	})
}

// sourceNames are the sources with a path of their own, as people write them.
var sourceNames = map[string]string{"google/sheets": "google-sheets", "yandex/maps": "yandex-maps"}

// sourcePresets is the preset of a source that names none.
var sourcePresets = map[string]string{"stripe": "stripe", "google-sheets": "google", "yandex-maps": "yandex"}

func sourceName(text string) string {
	text = strings.TrimPrefix(text, "generic/")
	if name, fixed := sourceNames[text]; fixed {
		return name
	}
	return text
}

// hook is the configuration that there is, or a new one, with what the flags
// say and its secrets sealed.
func (h hooksSet) hook(ctx context.Context, open *session) (hook events.Hook, made secret.Text, err error) {
	if open.keys == nil {
		_, err := open.settings.keyset()
		return hook, "", err
	}
	name := sourceName(h.Source)
	if !events.ValidName(h.Tenant) || !events.ValidName(name) {
		return hook, "", errors.New("tenant and source take lower-case letters, digits, single dashes and _, at most 48")
	}
	hook, err = ops.FindHook(ctx, open.Pool, h.Tenant, name)
	switch {
	case errors.Is(err, ops.ErrNoHook), err == nil && h.Preset != "" && h.Preset != hook.Preset:
		hook = events.Hook{Tenant: h.Tenant, Source: name, Preset: presetOf(name), Secrets: hook.Secrets}
	case err != nil:
		return hook, "", err
	}
	h.change(&hook)
	if err := ingress.ApplyPreset(&hook); err != nil {
		return hook, "", err
	}
	secrets, made, err := h.secrets()
	if len(secrets) > 0 {
		hook.Secrets = nil
	}
	for _, plain := range secrets {
		hook.Secrets = append(hook.Secrets, open.keys.Seal(plain, events.HookOwner(hook.Tenant, hook.Source)))
	}
	return hook, made, err
}

// change sets the fields whose flags are given.
func (h hooksSet) change(hook *events.Hook) {
	for field, value := range map[*string]string{
		&hook.Preset: h.Preset, &hook.Scheme: h.Scheme, &hook.Header: h.Header, &hook.Prefix: h.Prefix, &hook.Encoding: h.Encoding,
		&hook.TimestampHeader: h.TimestampHeader, &hook.SignedTemplate: h.SignedTemplate, &hook.IDHeader: h.IDHeader,
		&hook.IDPath: h.IDPath, &hook.TypeHeader: h.TypeHeader, &hook.TypePath: h.TypePath,
	} {
		if value != "" {
			*field = value
		}
	}
	if h.Tolerance > 0 {
		hook.Tolerance = events.Seconds(h.Tolerance / time.Second)
	}
	if h.Events != nil {
		hook.Events = h.Events
	}
	if h.IP != nil {
		hook.IPs = h.IP
	}
	if h.Rate != nil {
		hook.Rate = *h.Rate
	}
	if h.Burst != nil {
		hook.Burst = *h.Burst
	}
	if h.MaxRetries != nil {
		hook.MaxRetries = *h.MaxRetries
	}
	hook.Enabled = !h.Disable
}

// presetOf is the preset of a source that names none: its own, one of its name, or generic.
func presetOf(source string) string {
	if preset, fixed := sourcePresets[source]; fixed {
		return preset
	}
	if _, named := ingress.Presets[source]; named {
		return source
	}
	return "generic"
}

// presetList is for the help.
func presetList() string {
	return strings.Join(slices.Sorted(maps.Keys(ingress.Presets)), ", ")
}

func (h hooksSet) secrets() (all []secret.Text, made secret.Text, err error) {
	for _, given := range h.Secret {
		if given == "-" {
			line, err := bufio.NewReader(os.Stdin).ReadString('\n')
			if line == "" {
				return nil, "", fmt.Errorf("read the secret from standard input: %w", err)
			}
			given = secret.Text(strings.TrimRight(line, "\r\n"))
		}
		all = append(all, given)
	}
	if h.NewSecret {
		made = demoSecret()
		all = append(all, made)
	}
	return all, made, nil
}

// hookPath is where a configuration's events are posted.
func hookPath(h events.Hook) string {
	path := "generic/" + h.Source
	for written, name := range sourceNames {
		if name == h.Source {
			path = written
		}
	}
	if h.Source == "stripe" {
		path = "stripe"
	}
	if h.Tenant == events.DefaultTenant {
		return "/api/v1/webhooks/" + path
	}
	return "/api/v1/t/" + h.Tenant + "/webhooks/" + path
}

// hookSummary is a configuration without its secrets.
type hookSummary struct {
	events.Hook
	Secrets int    `json:"secrets"` // how many
	Path    string `json:"path"`
}

func hookView(h events.Hook) hookSummary {
	return hookSummary{Hook: h, Secrets: len(h.Secrets), Path: hookPath(h)}
}

type hooksLs struct {
	Tenant string `default:"*" help:"Of one tenant; * is all."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

func (h hooksLs) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		hooks, err := ops.ListHooks(ctx, open.Pool, h.Tenant)
		if err != nil {
			return err
		}
		views := make([]hookSummary, 0, len(hooks))
		for _, hook := range hooks {
			views = append(views, hookView(hook))
		}
		if h.JSON {
			return printJSON(views)
		}
		return table(os.Stdout, "TENANT\tSOURCE\tSCHEME\tSECRETS\tRATE\tEVENTS\tSTATE\tPATH", func(row func(...any)) {
			for _, v := range views {
				row(v.Tenant, v.Source, v.Scheme, v.Secrets, orDash(v.Rate), orAll(v.Events), enabled(v.Enabled), v.Path)
			}
		})
	})
}

func orDash(rate float64) string {
	if rate == 0 {
		return "-"
	}
	return fmt.Sprintf("%g/s", rate)
}

func orAll(patterns []string) string {
	if len(patterns) == 0 {
		return "all"
	}
	return strings.Join(patterns, ",")
}

func enabled(yes bool) string {
	if yes {
		return "on"
	}
	return "off"
}

type hooksRm struct {
	Source string `arg:"" help:"Source of the configuration."`
	Tenant string `default:"default" help:"Whose it is."`
}

func (h hooksRm) Run(ctx context.Context, s *Settings) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		if err := ops.RemoveHook(ctx, open.Pool, open.NATS, h.Tenant, sourceName(h.Source)); err != nil {
			return err
		}
		fmt.Printf("%s/%s is removed\n", h.Tenant, sourceName(h.Source))
		return nil
	})
}
