package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"ukbot/botgw/talk"
	"ukbot/events"
	"ukbot/nats"
)

// storeTimeout bounds one look at the bucket or one write.
const storeTimeout = 3 * time.Second

// errMoved says that somebody else has written the record meanwhile.
var errMoved = errors.New("the record has moved on")

// knownMax bounds the records in memory; when full it begins anew.
const knownMax = 20_000

// Store keeps what people have filled in, in the bucket "fsm". What this process
// wrote last it also knows by heart, which saves most reads; another replica may
// have written since.
type Store struct {
	Metrics *Metrics // nil: nothing is counted

	bucket *nats.Bucket

	mu    sync.Mutex
	known map[string]written
}

// written is a record as it lies in the bucket.
type written struct {
	raw      []byte
	revision uint64
}

// NewStore is the bucket of a connection.
func NewStore(conn *nats.Conn) *Store {
	return &Store{bucket: nats.NewBucket(conn, nats.BucketFSM), known: map[string]written{}}
}

// Key is where the record of somebody in a chat with a bot lies.
func Key(u talk.Update) string {
	return events.Token(u.Tenant) + "." + strconv.FormatInt(u.Bot, 10) + "." + strconv.FormatInt(u.Chat, 10) + "." + strconv.FormatInt(u.From.ID, 10)
}

// recall is the record as this process wrote it last, if it did: good enough to
// decide what is to be written, for save finds out whether it still holds; for
// nothing else.
func (s *Store) recall(key string) (r *Record, ok bool) {
	s.mu.Lock()
	w, ok := s.known[key]
	s.mu.Unlock()
	if !ok {
		return nil, false
	}
	r = decode(w.raw, w.revision)
	r.recalled = true
	return r, true
}

// keep remembers a record; revision 0 forgets it.
func (s *Store) keep(key string, raw []byte, revision uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if revision == 0 {
		delete(s.known, key)
		return
	}
	if _, known := s.known[key]; !known && len(s.known) >= knownMax {
		clear(s.known)
	}
	s.known[key] = written{raw, revision}
}

// load reads a record; an empty one where there is none.
func (s *Store) load(ctx context.Context, key string) (*Record, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	bucket, err := s.bucket.Open(ctx)
	if err != nil {
		return nil, err
	}
	entry, err := bucket.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return &Record{Schema: schema}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the form of a chat: %w", err)
	}
	return decode(entry.Value(), entry.Revision()), nil
}

// decode reads a record; one that an older or newer program wrote is empty and Unreadable.
func decode(raw []byte, revision uint64) *Record {
	var r Record
	if err := json.Unmarshal(raw, &r); err != nil || r.Schema != schema {
		return &Record{Schema: schema, revision: revision, unreadable: true}
	}
	r.revision = revision
	return &r
}

// save writes a record where nobody has since it was read, else errMoved.
func (s *Store) save(ctx context.Context, key string, r *Record) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write the form of a chat: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	bucket, err := s.bucket.Open(ctx)
	if err != nil {
		return err
	}
	if r.revision == 0 {
		r.revision, err = bucket.Create(ctx, key, raw)
	} else {
		r.revision, err = bucket.Update(ctx, key, raw, r.revision)
	}
	s.keep(key, raw, r.revision) // 0 where it was not written, or nobody knows
	if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return errMoved
	}
	if err != nil {
		return fmt.Errorf("write the form of a chat: %w", err)
	}
	return nil
}
