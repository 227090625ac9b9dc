package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"
)

// FetchMax is the largest file that Telegram gives to bots, in bytes
// (core.telegram.org/bots/api#getfile).
const FetchMax = 20 << 20

// fileTimeout bounds the transfer of one file: 20 MB at 3 Mbit/s.
const fileTimeout = time.Minute

// ErrTooLarge says that a file is larger than asked for, or than Telegram gives.
var ErrTooLarge = errors.New("file is too large")

// How often a file is asked for while Telegram is down or busy, and the pause
// before the second try, doubled for the third.
const (
	fetchTries = 3
	fetchPause = 300 * time.Millisecond
)

// Fetch gets a file that somebody sent, of at most limit bytes; FetchMax when
// limit is not positive. The error is ErrTooLarge for a larger one. A hiccup of
// Telegram costs no photo: asking again does no harm.
func (b *Bot) Fetch(ctx context.Context, fileID string, limit int64) ([]byte, error) {
	for try := 1; ; try++ {
		data, err := b.fetch(ctx, fileID, limit)
		v := Classify(err)
		if try == fetchTries || errors.Is(err, ErrTooLarge) || v.Action != Retry && v.Action != HoldChat {
			return data, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(max(fetchPause<<(try-1), v.RetryAfter)):
		}
	}
}

func (b *Bot) fetch(ctx context.Context, fileID string, limit int64) ([]byte, error) {
	if limit <= 0 || limit > FetchMax {
		limit = FetchMax
	}
	path, err := b.filePath(ctx, fileID, limit)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, max(b.timeout, fileTimeout))
	defer cancel()
	// Not the library's File.Link: it knows Telegram's own address only.
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+"/file/bot"+b.token+"/"+path, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("telegram file: %w", b.redact(err))
	}
	resp, err := b.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("telegram file: %w", b.redact(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("telegram file: %w", &tgbotapi.Error{Code: resp.StatusCode, Message: "status " + resp.Status})
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("telegram file: %w", b.redact(err))
	case int64(len(data)) > limit:
		return nil, ErrTooLarge
	}
	return data, nil
}

// filePath asks where a file lies.
func (b *Bot) filePath(ctx context.Context, fileID string, limit int64) (string, error) {
	raw, err := b.Call(ctx, "getFile", tgbotapi.Params{"file_id": fileID})
	if refusal, ok := errors.AsType[*tgbotapi.Error](err); ok && strings.Contains(refusal.Message, "file is too big") {
		return "", ErrTooLarge
	}
	if err != nil {
		return "", err
	}
	var file struct {
		Path string `json:"file_path"`
		Size int64  `json:"file_size"`
	}
	if err := json.Unmarshal(raw, &file); err != nil || file.Path == "" {
		return "", errors.New("telegram getFile: no path in the result")
	}
	if file.Size > limit {
		return "", ErrTooLarge
	}
	parts := strings.Split(file.Path, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/"), nil
}
