package speak

import (
	"context"
	"strconv"
	"sync"
	"time"

	"ukbot/nats"
)

const (
	// shownMax bounds the chats remembered in memory; the bucket has them all.
	shownMax = 20_000
	// shownFresh is how long memory is believed: another replica may have had the
	// chat in between.
	shownFresh = time.Minute
)

type chatKey struct{ bot, chat int64 }

// bucketKey stands among the cards of chats, whose keys begin otherwise.
func (k chatKey) bucketKey() string {
	return "commands." + strconv.FormatInt(k.bot, 10) + "." + strconv.FormatInt(k.chat, 10)
}

// shown is which command list each chat has: in memory, and behind that in a
// bucket for other replicas and after a restart. Without the bucket a list is
// set once more.
type shown struct {
	bucket *nats.Bucket

	mu   sync.Mutex
	sums map[chatKey]shownSum
}

// shownSum is the fingerprint of a chat's list, and when it was certain.
type shownSum struct {
	sum string
	at  time.Time
}

// is says whether the chat has the list of this fingerprint.
func (s *shown) is(ctx context.Context, at chatKey, sum string) bool {
	s.mu.Lock()
	known, ok := s.sums[at]
	s.mu.Unlock()
	if ok && time.Since(known.at) < shownFresh {
		return known.sum == sum
	}
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	kv, err := s.bucket.Open(ctx)
	if err != nil {
		return false
	}
	entry, err := kv.Get(ctx, at.bucketKey())
	if err != nil || string(entry.Value()) != sum {
		return false
	}
	s.remember(at, sum)
	return true
}

// put notes that the chat has been given the list.
func (s *shown) put(ctx context.Context, at chatKey, sum string) {
	s.remember(at, sum)
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	if kv, err := s.bucket.Open(ctx); err == nil {
		_, _ = kv.PutString(ctx, at.bucketKey(), sum) // without it the list is set once more
	}
}

func (s *shown) remember(at chatKey, sum string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sums == nil {
		s.sums = map[chatKey]shownSum{}
	}
	if _, known := s.sums[at]; !known && len(s.sums) >= shownMax {
		for k := range s.sums { // any one: it is found in the bucket again
			delete(s.sums, k)
			break
		}
	}
	s.sums[at] = shownSum{sum, time.Now()}
}
