package speak

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
	"ukbot/nats"
)

// introParts is what a bot says of itself: the description stands in a chat
// before it is begun, the short one on the bot's page and in links to it. Its
// name stays what the company chose.
var introParts = []struct {
	method, key string
	max, name   int // UTF-16 units of the text (core.telegram.org/bots/api#setmydescription), and of the company's name in it
	set         func(b *telegram.Bot, ctx context.Context, language, text string) error
}{
	{"setMyDescription", "intro.description", 512, 200, (*telegram.Bot).SetDescription},
	{"setMyShortDescription", "intro.short", 120, 50, (*telegram.Bot).SetShortDescription},
}

// IntroConfig is what introductions stand on.
type IntroConfig struct {
	Conn    *nats.Conn // for what bots say already
	Metrics *Metrics
	Log     zerolog.Logger
}

// Intro has bots say whose they are and what they are for, in each language. It
// sets what has changed since it was set last, as far as the bucket remembers:
// Telegram takes few of these calls, and a company may have written something else.
type Intro struct {
	cfg    IntroConfig
	bucket *nats.Bucket

	mu   sync.Mutex
	held map[int64]time.Time // by bot: nothing before, Telegram said so
}

// NewIntro reads and calls nothing yet.
func NewIntro(cfg IntroConfig) *Intro {
	return &Intro{cfg: cfg, bucket: nats.NewBucket(cfg.Conn, nats.BucketCards), held: map[int64]time.Time{}}
}

// errHeld says that Telegram wants no more of these calls for now.
var errHeld = errors.New("telegram takes no introductions for now")

// Introduce has a bot say that it is a company's. An error means that not all is
// set; what was is not set again.
func (i *Intro) Introduce(ctx context.Context, bot *telegram.Bot, company string) error {
	kv, err := i.bucket.Open(ctx)
	if err != nil {
		return err
	}
	for _, language := range words.Languages {
		for _, part := range introParts {
			name := telegram.Line(company, part.name)
			text := telegram.Cut(words.For(language).Plain(part.key, words.Args{"Company": name}), part.max)
			key := fmt.Sprintf("intro.%d.%s.%s", bot.ID(), language, part.method)
			sum := sumOf(text)
			entry, err := kv.Get(ctx, key)
			switch {
			case err == nil && string(entry.Value()) == sum:
				continue
			case err != nil && !errors.Is(err, jetstream.ErrKeyNotFound):
				return fmt.Errorf("what the bot says already: %w", err)
			}
			err = i.call(bot.ID(), part.method, func() error { return part.set(bot, ctx, codeOf(language), text) })
			if err != nil {
				return err
			}
			if _, err := kv.PutString(ctx, key, sum); err != nil {
				return fmt.Errorf("what the bot says now: %w", err)
			}
		}
	}
	return nil
}

// call makes a call unless Telegram has asked to wait.
func (i *Intro) call(bot int64, method string, do func() error) error {
	i.mu.Lock()
	held := i.held[bot]
	i.mu.Unlock()
	if time.Now().Before(held) {
		return errHeld
	}
	began := time.Now()
	err := do()
	v := telegram.Classify(err)
	i.cfg.Metrics.call(method, v.Action.String(), began)
	if v.Action == telegram.HoldChat {
		i.mu.Lock()
		i.held[bot] = time.Now().Add(v.RetryAfter)
		i.mu.Unlock()
	}
	return err
}

// codeOf is a language as Telegram is told it: one of ours is for all the others.
func codeOf(language string) string {
	if language == restLanguage {
		return ""
	}
	return language
}

// sumOf is equal for equal texts.
func sumOf(text string) string {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(text))
	return strconv.FormatUint(sum.Sum64(), 36)
}
