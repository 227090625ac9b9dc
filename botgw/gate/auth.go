package gate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
	"ukbot/secret"
)

// How somebody stands who gets no session.
var (
	errUnknown = errors.New("nobody has this Telegram id")
	errPending = errors.New("waits for approval")
	errBlocked = errors.New("is blocked")
)

// standings are by the code of the housing services' refusal.
var standings = map[string]error{
	"not_found":        errUnknown,
	"approval_pending": errPending,
	"blocked":          errBlocked,
}

// admit makes the turn of an update: who it is, and as whom the housing services
// are asked. The turn is never nil.
func (g *Gate) admit(ctx context.Context, u talk.Update) (*talk.Turn, error) {
	t := g.blank(u)
	client, ok := g.cfg.Company(u.Tenant)
	if !ok {
		return t, errNoCompany
	}
	have, err := g.session(ctx, client, u, "")
	t.Book = words.For(g.sessions.language(u))
	switch {
	case errors.Is(err, errUnknown):
		t.API = client.Machine()
	case errors.Is(err, errPending):
		t.Standing, t.API = talk.Pending, client.Machine()
	case err != nil:
		return t, err
	default:
		person := have.Person
		t.Standing, t.Person, t.Book = talk.Approved, &person, words.For(person.Language)
		t.API = client.As(func(ctx context.Context, refused secret.Text) (secret.Text, error) {
			have, err := g.session(ctx, client, u, refused)
			if err != nil {
				return "", err
			}
			return have.Access, nil
		})
		g.meet(u, person)
	}
	t.Zone = g.zones.of(ctx, client)
	return t, nil
}

// session is the person's, renewed or begun where it must be: by one turn of a
// person at a time.
func (g *Gate) session(ctx context.Context, client *company.Client, u talk.Update, refused secret.Text) (*session, error) {
	key := sessionKey(u.Tenant, u.From.ID)
	if have := g.sessions.peek(key); have.good(g.cfg.Now(), refused) {
		return have, nil
	}
	e := g.sessions.entry(key)
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return nil, late(ctx)
	}
	if have := g.sessions.peek(key); have.good(g.cfg.Now(), refused) {
		return have, nil // whoever was before us has renewed it
	}
	r := renewal{Gate: g, client: client, update: u, key: key, entry: e}
	have, err := r.run(ctx, refused)
	if errors.Is(err, errUnknown) || errors.Is(err, errPending) || errors.Is(err, errBlocked) {
		r.end(ctx)
	}
	return have, err
}

// late is the error of who waited for too long: that is the services' fault,
// unless the program stops.
func late(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return fmt.Errorf("%w: a session takes too long", company.ErrAway)
}

// renewal finds a person a session: another replica's, the next of the one there
// is, or a new one.
type renewal struct {
	*Gate
	client   *company.Client
	update   talk.Update
	key      string
	entry    *entry
	revision uint64 // in the bucket
	stored   bool   // the bucket answers
}

func (r *renewal) run(ctx context.Context, refused secret.Text) (*session, error) {
	have := r.sessions.peek(r.key)
	if loaded := r.look(ctx); loaded != nil {
		have = loaded
		r.sessions.put(r.entry, have, r.revision) // if nothing else, it knows their language
	}
	if have.good(r.cfg.Now(), refused) {
		return have, nil
	}
	if have == nil || have.Access == refused || have.Refresh == "" {
		return r.login(ctx)
	}
	next, err := r.refresh(ctx, have)
	if errors.Is(err, company.ErrAway) && r.cfg.Now().Before(have.Until) {
		return have, nil // it still counts for a while
	}
	if errors.Is(err, errOver) {
		return r.login(ctx)
	}
	return next, err
}

// look reads the session in the bucket and notes its revision; nil: none, or the
// bucket is away, and this replica goes on by itself.
func (r *renewal) look(ctx context.Context) *session {
	loaded, revision, err := r.sessions.load(ctx, r.key)
	r.revision, r.stored = revision, err == nil
	if err != nil {
		r.metrics.sessionsAway.Inc()
	}
	return loaded
}

// errOver says that a session cannot be prolonged.
var errOver = errors.New("the session is over")

// How long another replica's refresh is waited for, when it was first.
const (
	otherLooks = 20
	otherPause = 100 * time.Millisecond
)

// refresh gets the next tokens. All replicas ask with the same Idempotency-Key,
// so that those who ask at the same time, or again after a crash, get the same.
func (r *renewal) refresh(ctx context.Context, have *session) (*session, error) {
	answer, err := r.client.Machine().RefreshTokenWithResponse(ctx,
		&api.RefreshTokenParams{IdempotencyKey: new(r.client.RepeatKey(have.Refresh))},
		api.TokenRefresh{RefreshToken: have.Refresh.Reveal()})
	if err != nil {
		return nil, err
	}
	if answer.JSON200 == nil {
		if answer.StatusCode() == http.StatusTooManyRequests { // a login would be one more
			return nil, fmt.Errorf("%w: refresh: too many requests", company.ErrAway)
		}
		return r.refused(ctx, have, company.Refused(answer.ApplicationproblemJSONDefault))
	}
	next := sessionOf(*answer.JSON200, have.Person, r.cfg.Now())
	r.read(ctx, next)
	r.metrics.sessions.WithLabelValues("refreshed").Inc()
	return r.keep(ctx, next), nil
}

// refused is what to do about a refresh that was.
func (r *renewal) refused(ctx context.Context, have *session, err error) (*session, error) {
	if company.Is(err, "conflict") {
		for range otherLooks {
			if other := r.look(ctx); other.good(r.cfg.Now(), have.Access) {
				r.sessions.put(r.entry, other, r.revision)
				return other, nil
			}
			select {
			case <-ctx.Done():
				return nil, late(ctx)
			case <-time.After(otherPause):
			}
		}
	}
	if errors.Is(err, company.ErrAway) {
		return nil, err
	}
	return nil, errOver // where the person is blocked, the login says so
}

// read asks who the person is by now: a refresh tells only the role.
func (r *renewal) read(ctx context.Context, next *session) {
	me, err := r.client.As(func(context.Context, secret.Text) (secret.Text, error) { return next.Access, nil }).GetMeWithResponse(ctx)
	if err != nil || me.JSON200 == nil {
		return // as before; the next refresh asks again
	}
	u := me.JSON200
	next.Person = talk.Person{ID: u.Id.String(), Name: u.Name, Language: string(u.Language), Role: u.ActiveRole, Roles: u.Roles}
}

// login begins a session.
func (r *renewal) login(ctx context.Context) (*session, error) {
	answer, err := r.client.Machine().LoginTelegramWithResponse(ctx,
		&api.LoginTelegramParams{IdempotencyKey: new("login-" + rand.Text())}, // for the repeats of this one call
		api.TelegramLogin{TelegramId: r.update.From.ID})
	if err != nil {
		return nil, err
	}
	if answer.JSON200 == nil {
		return nil, r.turnedAway(answer.StatusCode(), company.Refused(answer.ApplicationproblemJSONDefault))
	}
	u := answer.JSON200.User
	next := sessionOf(answer.JSON200.Tokens, talk.Person{ID: u.Id.String(), Name: u.Name, Language: string(u.Language), Roles: u.Roles}, r.cfg.Now())
	r.metrics.sessions.WithLabelValues("begun").Inc()
	return r.keep(ctx, next), nil
}

// turnedAway is the standing that a refused login means. Any other refusal is
// about the bot's key: the person can do nothing, and somebody must.
func (r *renewal) turnedAway(status int, err error) error {
	refusal, ok := errors.AsType[*company.Refusal](err)
	if !ok {
		return err
	}
	if standing, ok := standings[refusal.Code]; ok && status != http.StatusUnauthorized {
		return standing
	}
	r.cfg.Log.Error().Str("tenant", r.update.Tenant).Str("code", refusal.Code).Msg("bot's key for the housing services is refused")
	return fmt.Errorf("%w: log in: %s", company.ErrAway, refusal.Code)
}

// keep stores a session for all replicas. Where another was faster, its session
// is used by all.
func (r *renewal) keep(ctx context.Context, next *session) *session {
	if !r.stored {
		r.sessions.put(r.entry, next, 0)
		return next
	}
	revision, lost, err := r.sessions.save(ctx, r.key, next, r.revision)
	if lost {
		other := r.look(ctx)
		if other.good(r.cfg.Now(), "") && other.Until.After(next.Until.Add(-early)) {
			r.sessions.put(r.entry, other, r.revision)
			return other
		}
		revision, _, err = r.sessions.save(ctx, r.key, next, r.revision)
	}
	if err != nil {
		r.metrics.sessionsAway.Inc()
	}
	r.sessions.put(r.entry, next, revision)
	return next
}

// end forgets the session.
func (r *renewal) end(ctx context.Context) {
	r.sessions.put(r.entry, nil, 0)
	if r.revision == 0 {
		return
	}
	if err := r.sessions.drop(ctx, r.key, 0); err != nil {
		r.metrics.sessionsAway.Inc()
	}
}

func sessionOf(tokens api.AuthTokens, person talk.Person, now time.Time) *session {
	person.Role = tokens.Role
	return &session{
		Access: secret.Text(tokens.AccessToken), Refresh: secret.Text(tokens.RefreshToken),
		Until: now.Add(time.Duration(tokens.ExpiresIn) * time.Second), Person: person,
	}
}

// Forget has a person's next turn begin a session anew, on every replica: for
// use after what a session knows has changed, a role or a language. telegram is
// their id there.
func (g *Gate) Forget(ctx context.Context, tenant string, telegram int64) error {
	key := sessionKey(tenant, telegram)
	e := g.sessions.entry(key)
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	g.sessions.put(e, nil, 0)
	return g.sessions.drop(ctx, key, 0)
}

// Part is Forget for who is not in the person's turn: it does not wait for one that
// is under way, which the services may be holding up. The watch of each replica
// lets go of the session.
func (g *Gate) Part(ctx context.Context, tenant string, telegram int64) error {
	return g.sessions.drop(ctx, sessionKey(tenant, telegram), 0)
}
