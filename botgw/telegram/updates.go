package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"ukbot/secret"
)

// Limits of getUpdates, from Telegram's server.
const (
	PollMax   = 50 * time.Second // a longer wait is cut to this
	pollBatch = 100
)

// GetUpdates waits until there are updates from offset on, at most for wait, and
// returns them as they came. Asking confirms all below offset for ever. allowed
// is the kinds to keep from now on; an empty list is refused here, because
// Telegram takes it for its own choice.
func (b *Bot) GetUpdates(ctx context.Context, offset int64, wait time.Duration, allowed []string) ([]json.RawMessage, error) {
	p := tgbotapi.Params{"limit": strconv.Itoa(pollBatch), "timeout": strconv.Itoa(int(min(wait, PollMax).Seconds()))}
	p.AddNonZero64("offset", offset)
	if err := addAllowed(p, allowed); err != nil {
		return nil, err
	}
	raw, err := b.call(ctx, b.poller, min(wait, PollMax)+b.timeout, "getUpdates", p)
	if err != nil {
		return nil, err
	}
	var updates []json.RawMessage
	if err := json.Unmarshal(raw, &updates); err != nil {
		return nil, fmt.Errorf("telegram getUpdates: read result: %w", err)
	}
	return updates, nil
}

// Webhook is where Telegram is to bring updates.
type Webhook struct {
	URL            string
	Secret         secret.Text // comes back in X-Telegram-Bot-Api-Secret-Token: 1–256 of A-Z a-z 0-9 _ -
	Allowed        []string    // kinds of updates
	MaxConnections int         // 1–100; 0 leaves Telegram's 40
}

// SetWebhook has updates brought; polling is refused from then on.
func (b *Bot) SetWebhook(ctx context.Context, w Webhook) error {
	p := tgbotapi.Params{"url": w.URL}
	p.AddNonEmpty("secret_token", w.Secret.Reveal())
	p.AddNonZero("max_connections", w.MaxConnections)
	if err := addAllowed(p, w.Allowed); err != nil {
		return err
	}
	return b.do(ctx, "setWebhook", p)
}

// DeleteWebhook goes back to polling. What waits stays waiting.
func (b *Bot) DeleteWebhook(ctx context.Context) error {
	return b.do(ctx, "deleteWebhook", tgbotapi.Params{})
}

// WebhookInfo says where updates are brought, and how that goes.
func (b *Bot) WebhookInfo(ctx context.Context) (tgbotapi.WebhookInfo, error) {
	var info tgbotapi.WebhookInfo
	raw, err := b.Call(ctx, "getWebhookInfo", nil)
	if err != nil {
		return info, err
	}
	if err := json.Unmarshal(raw, &info); err != nil {
		return info, fmt.Errorf("telegram getWebhookInfo: read result: %w", err)
	}
	return info, nil
}

// addAllowed sets the kinds of updates that are asked for.
func addAllowed(p tgbotapi.Params, allowed []string) error {
	if len(allowed) == 0 {
		return errors.New("no kinds of updates are asked for")
	}
	return addJSON(p, "allowed_updates", allowed)
}
