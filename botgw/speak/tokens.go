package speak

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"ukbot/botgw/talk"
	"ukbot/nats"
)

// lost is the callback data of a button whose call could be kept nowhere: a tap
// on it is stale, and the screen is drawn anew.
const lost = "~"

// tokenMark begins a token and no call: encode never writes it.
const tokenMark = "~="

// tokenTimeout bounds one look into the bucket: a person waits.
const tokenTimeout = 2 * time.Second

// data is the callback data of a button. A call that is too long waits in a
// bucket behind a token; without the bucket, the button is stale from the start.
func (s *Speaker) data(ctx context.Context, bot, chat int64, call talk.Call) string {
	text := encode(call)
	if len(text) <= dataMax {
		return text
	}
	token := tokenOf(text)
	if err := s.keep(ctx, tokenKey(bot, chat, token), text); err != nil {
		s.log.Warn().Err(err).Str("do", call.Do).Msg("button without what it asks for")
		return lost
	}
	return token
}

// tokenOf is computed from what it stands for: a screen drawn again has the
// same buttons, and the message is not modified.
func tokenOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return tokenMark + base64.RawURLEncoding.EncodeToString(sum[:16])
}

// tokenKey has the chat in it: in another chat the token means nothing.
func tokenKey(bot, chat int64, token string) string {
	return strconv.FormatInt(bot, 10) + "." + strconv.FormatInt(chat, 10) + "." + token[len(tokenMark):]
}

// isToken tells a token from a call.
func isToken(data string) bool {
	token, ok := strings.CutPrefix(data, tokenMark)
	if !ok || len(token) != uuidText {
		return false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	return err == nil && len(raw) == 16
}

// Decode reads what a tap asks for. stale says that this cannot be known any
// more, or never was ours; an error, nats.RetryAfter, that the bucket does not
// say now.
func (s *Speaker) Decode(ctx context.Context, u talk.Update) (call talk.Call, stale bool, err error) {
	data := u.Data
	if isToken(data) {
		data, err = s.kept(ctx, tokenKey(u.Bot, u.Chat, data))
		switch {
		case err != nil:
			return talk.Call{}, false, nats.RetryAfter(turnPause+jitter(), err)
		case data == "":
			return talk.Call{}, true, nil
		}
	}
	call, err = decode(data)
	return call, err != nil, nil
}

// keep stores a call for as long as the bucket keeps it.
func (s *Speaker) keep(ctx context.Context, key, text string) error {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	bucket, err := s.callbacks.Open(ctx)
	if err != nil {
		return err
	}
	_, err = bucket.PutString(ctx, key, text)
	return err
}

// kept finds a call again; "" when it is gone.
func (s *Speaker) kept(ctx context.Context, key string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	bucket, err := s.callbacks.Open(ctx)
	if err != nil {
		return "", err
	}
	entry, err := bucket.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("bucket %s: %w", nats.BucketCallbacks, err)
	}
	return string(entry.Value()), nil
}
