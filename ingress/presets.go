package ingress

import (
	"fmt"
	"slices"

	"ukbot/events"
)

// NoPrefix as a configuration's prefix means that there is none, where empty
// would mean the preset's.
const NoPrefix = "none"

// defaultMaxRetries is how often a webhook is tried again where neither its
// configuration nor its preset says.
const defaultMaxRetries = 5

// Presets is what each provider's contract fixes. "|" separates alternatives:
// the first header or JSON path that holds something is taken. Rows without an
// id header or path have the id by their scheme, in X-Event-ID, or as the hash
// of the body.
var Presets = map[string]events.Hook{
	// docs.stripe.com/webhooks: a new timestamp and signature per retry, the same id.
	"stripe": {
		Scheme: events.SchemeStripe, Header: "Stripe-Signature", Encoding: "hex",
		IDPath: "id", TypePath: "type", MaxRetries: defaultMaxRetries,
	},
	// Standard Webhooks 1.0.0: the id is signed, and kept by retries.
	"standard": {
		Scheme: events.SchemeStandard, Header: "webhook-signature", Encoding: "base64",
		TimestampHeader: "webhook-timestamp",
		IDHeader:        "webhook-id", TypePath: "type", MaxRetries: defaultMaxRetries,
	},
	// GitHub keeps the delivery id when it redelivers.
	"github": {
		Scheme: events.SchemeHMAC, Header: "X-Hub-Signature-256", Prefix: "sha256=", Encoding: "hex",
		IDHeader: "X-GitHub-Delivery", TypeHeader: "X-GitHub-Event", MaxRetries: defaultMaxRetries,
	},
	// Shopify: the event id is the same in every subscription, the webhook id names one delivery of it.
	"shopify": {
		Scheme: events.SchemeHMAC, Header: "X-Shopify-Hmac-SHA256", Encoding: "base64",
		IDHeader: "X-Shopify-Event-Id|X-Shopify-Webhook-Id", TypeHeader: "X-Shopify-Topic", MaxRetries: defaultMaxRetries,
	},
	"slack": {
		Scheme: events.SchemeHMAC, Header: "X-Slack-Signature", Prefix: "v0=", Encoding: "hex",
		TimestampHeader: "X-Slack-Request-Timestamp", SignedTemplate: "v0:{timestamp}:{body}",
		IDPath: "event_id", TypePath: "event.type|type", MaxRetries: defaultMaxRetries,
	},
	// Telegram signs nothing: it repeats the secret_token given to setWebhook.
	"telegram": {
		Scheme: events.SchemeToken, Header: "X-Telegram-Bot-Api-Secret-Token",
		IDPath: "update_id", MaxRetries: defaultMaxRetries,
	},
	// Google push channels sign nothing; id and type are made of X-Goog-* headers.
	"google": {
		Scheme: events.SchemeGoogle, Header: "X-Goog-Channel-Token",
		TypeHeader: "X-Goog-Resource-State", MaxRetries: defaultMaxRetries,
	},
	// Yandex Maps has no public webhook contract: this is a form of generic that
	// an intermediary can sign for, not a claim of compatibility.
	"yandex": {
		Scheme: events.SchemeHMAC, Header: "X-Yandex-Signature", Encoding: "hex",
		IDHeader: "X-Event-ID", TypeHeader: "X-Event-Type", TypePath: "type|event_type|event", MaxRetries: defaultMaxRetries,
	},
	"generic": {
		Scheme: events.SchemeHMAC, Header: "X-Signature", Prefix: "sha256=", Encoding: "hex",
		IDHeader: "X-Event-ID", TypeHeader: "X-Event-Type", TypePath: "type|event_type|event", MaxRetries: defaultMaxRetries,
	},
}

// ApplyPreset fills what h leaves empty from the row that h.Preset names; a
// configuration without a preset only gets the default of its retries.
func ApplyPreset(h *events.Hook) error {
	row, known := Presets[h.Preset]
	if !known && h.Preset != "" {
		return fmt.Errorf("%w: no preset %q", events.ErrHook, h.Preset)
	}
	for _, field := range []struct{ own, preset *string }{
		{&h.Scheme, &row.Scheme},
		{&h.Header, &row.Header},
		{&h.Prefix, &row.Prefix},
		{&h.Encoding, &row.Encoding},
		{&h.TimestampHeader, &row.TimestampHeader},
		{&h.SignedTemplate, &row.SignedTemplate},
		{&h.IDHeader, &row.IDHeader},
		{&h.IDPath, &row.IDPath},
		{&h.TypeHeader, &row.TypeHeader},
		{&h.TypePath, &row.TypePath},
	} {
		if *field.own == "" {
			*field.own = *field.preset
		}
	}
	if len(h.Events) == 0 {
		h.Events = slices.Clone(row.Events)
	}
	if h.MaxRetries == 0 {
		h.MaxRetries = max(row.MaxRetries, 0)
	}
	if h.MaxRetries == 0 {
		h.MaxRetries = defaultMaxRetries
	}
	return nil
}
