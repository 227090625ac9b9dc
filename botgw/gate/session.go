package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
	"ukbot/secret"
)

// session is a person's way into the housing services.
type session struct {
	Access  secret.Text
	Refresh secret.Text
	Until   time.Time // of Access
	Person  talk.Person
}

// early is how long before its end an access token is replaced: no turn lasts longer.
const early = 2 * time.Minute

// good says whether the session may be used now. refused is a token that must not come again.
func (s *session) good(now time.Time, refused secret.Text) bool {
	return s != nil && s.Access != refused && now.Before(s.Until.Add(-early))
}

// keptSession is a session as it is sealed.
type keptSession struct {
	Access  string      `json:"access"`
	Refresh string      `json:"refresh"`
	Until   time.Time   `json:"until"`
	Person  talk.Person `json:"person"`
}

// sessions are everybody's, in the bucket for all replicas and in memory for this one.
type sessions struct {
	bucket
	keys    *secret.Keyset
	metrics *metrics

	mu      sync.Mutex
	entries map[string]*entry
}

// entriesMax is how many people are in memory; when full it begins anew.
const entriesMax = 50_000

// entry is one person here. Who holds turn may change it; others read under the
// lock of sessions.
type entry struct {
	turn     chan struct{} // holds one: a lock that a context can give up
	session  *session
	revision uint64 // in the bucket; 0: not there
	met      met    // what bot_people was told last
}

func sessionKey(tenant string, telegram int64) string {
	return tenant + "." + strconv.FormatInt(telegram, 10)
}

// entry is a person's, made where there is none.
func (s *sessions) entry(key string) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.entries[key]
	if !ok {
		if len(s.entries) >= entriesMax {
			clear(s.entries)
		}
		e = &entry{turn: make(chan struct{}, 1)}
		s.entries[key] = e
	}
	return e
}

// peek is the session in memory, without waiting for whoever renews it.
func (s *sessions) peek(key string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.entries[key]; ok {
		return e.session
	}
	return nil
}

// put keeps a session in memory; nil: none any more.
func (s *sessions) put(e *entry, have *session, revision uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.session, e.revision = have, revision
}

// role is the active role as far as it is known here.
func (s *sessions) role(u talk.Update) api.Role {
	if have := s.peek(sessionKey(u.Tenant, u.From.ID)); have != nil {
		return have.Person.Role
	}
	return ""
}

// language is the person's own, or Telegram's.
func (s *sessions) language(u talk.Update) string {
	if have := s.peek(sessionKey(u.Tenant, u.From.ID)); have != nil {
		return have.Person.Language
	}
	return u.From.Language
}

// load reads a session from the bucket. What cannot be opened (of a key that is
// gone, of another person) is none.
func (s *sessions) load(ctx context.Context, key string) (*session, uint64, error) {
	value, revision, err := s.get(ctx, key)
	if err != nil || revision == 0 {
		return nil, 0, err
	}
	plain, err := s.keys.Open(string(value), sessionOwner(key))
	if err != nil {
		return nil, revision, nil //nolint:nilerr // none: it will be written over
	}
	var kept keptSession
	if err := json.Unmarshal([]byte(plain.Reveal()), &kept); err != nil {
		return nil, revision, nil //nolint:nilerr // as above
	}
	return &session{Access: secret.Text(kept.Access), Refresh: secret.Text(kept.Refresh), Until: kept.Until, Person: kept.Person}, revision, nil
}

func sessionOwner(key string) string { return "session/" + key }

// save writes a session; lost: another replica has written one meanwhile.
func (s *sessions) save(ctx context.Context, key string, have *session, revision uint64) (now uint64, lost bool, err error) {
	plain, err := json.Marshal(keptSession{have.Access.Reveal(), have.Refresh.Reveal(), have.Until, have.Person})
	if err != nil {
		return 0, false, fmt.Errorf("session: %w", err)
	}
	return s.swap(ctx, key, []byte(s.keys.Seal(secret.Text(plain), sessionOwner(key))), revision)
}

// watch lets go of sessions that another replica has changed or ended.
func (s *sessions) watch(ctx context.Context, log zerolog.Logger) {
	s.follow(ctx, log, func(change jetstream.KeyValueEntry) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if e, ok := s.entries[change.Key()]; ok && e.revision < change.Revision() && e.revision != 0 {
			e.session = nil // the next turn reads it
		}
	}, jetstream.UpdatesOnly(), jetstream.MetaOnly())
}

var errNoCompany = fmt.Errorf("%w: the bot is of no company yet", company.ErrAway)
