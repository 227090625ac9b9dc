package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/auth"
	"ukbot/housing/unit"
	"ukbot/secret"
	"ukbot/sql/db"
)

type keysCommand struct {
	Add    keysAdd    `cmd:"" help:"Make an API key for a machine; it is shown once."`
	Ls     keysLs     `cmd:"" help:"List a tenant's keys, what they may do and when they were used."`
	Rm     keysRm     `cmd:"" help:"Revoke one: within seconds it is answered 401."`
	Rotate keysRotate `cmd:"" help:"Begin a new signing key for access tokens. Nobody is logged out."`
}

// allScopes stands for every permission there is.
const allScopes = "all"

type keysAdd struct {
	Name    string        `arg:"" help:"Whose key it is: what changes made with it are signed with."`
	Tenant  string        `default:"default" help:"Whose company it opens."`
	Scope   []string      `required:"" help:"Permissions, comma-separated, or all. The bot needs auth.telegram,users.register. There are ${scopes}."`
	Expires time.Duration `help:"Life of the key, in hours (720h is 30 days). Default: until it is revoked."`
}

func (k keysAdd) Run(ctx context.Context, s *Settings) error {
	scopes, err := parseScopes(k.Scope)
	if err != nil {
		return err
	}
	if k.Expires < 0 {
		return fmt.Errorf("--expires is %s: the key would never have counted", k.Expires)
	}
	return withAuth(ctx, s, func(ctx context.Context, store unit.Store, a *auth.Auth) error {
		plain, err := makeKey(ctx, store, a, k.Tenant, k.Name, scopes, k.Expires)
		if err != nil {
			return err
		}
		fmt.Println(plain.Reveal())
		fmt.Fprintf(os.Stderr, "Send it as X-API-Key. It is not shown again; `ukbot keys rm %s --tenant %s` ends it.\n", k.Name, k.Tenant)
		return nil
	})
}

func makeKey(ctx context.Context, store unit.Store, a *auth.Auth, tenant, name string, scopes []access.Action, life time.Duration) (plain secret.Text, err error) {
	err = store.Do(ctx, func(w *unit.Work) error {
		if err := thereIs(ctx, w.Queries, tenant); err != nil {
			return err
		}
		var expires *time.Time
		if life > 0 {
			at := w.Now.Add(life)
			expires = &at
		}
		plain, _, err = a.MakeKey(ctx, w, tenant, name, scopes, commandLine, expires)
		return err
	})
	return plain, err
}

// commandLine is who made what was made by a command.
const commandLine = "command line"

// parseScopes takes names of permissions, several to a word, or all.
func parseScopes(words []string) ([]access.Action, error) {
	known := slices.Sorted(maps.Keys(access.Table))
	var scopes []access.Action
	for _, word := range strings.Split(strings.Join(words, ","), ",") {
		action := access.Action(strings.TrimSpace(word))
		switch {
		case action == allScopes:
			return known, nil
		case !slices.Contains(known, action):
			return nil, fmt.Errorf("no permission %q; there are: %s", action, scopeList())
		}
		scopes = append(scopes, action)
	}
	return scopes, nil
}

// scopeList names every permission, for help and errors.
func scopeList() string {
	var names []string
	for action := range access.Table {
		names = append(names, string(action))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

type keysLs struct {
	Tenant string `default:"default" help:"Whose keys."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

func (l keysLs) Run(ctx context.Context, s *Settings) error {
	return withAuth(ctx, s, func(ctx context.Context, store unit.Store, a *auth.Auth) error {
		if err := thereIs(ctx, db.New(store.Pool), l.Tenant); err != nil {
			return err
		}
		keys, err := keysOf(ctx, a, l.Tenant)
		if err != nil {
			return err
		}
		if l.JSON {
			return printJSON(keys)
		}
		return table(os.Stdout, "NAME\tSTATE\tUSED\tSCOPES", func(row func(...any)) {
			for _, key := range keys {
				row(key.Name, keyState(key), keyUse(key), keyScopes(key))
			}
		})
	})
}

func keyState(k api.ApiKey) string {
	switch {
	case k.RevokedAt != nil:
		return "revoked"
	case k.ExpiresAt != nil && k.ExpiresAt.Before(time.Now()):
		return "expired"
	case k.ExpiresAt != nil:
		return "until " + k.ExpiresAt.Local().Format("2006-01-02 15:04")
	}
	return "in use"
}

func keyUse(k api.ApiKey) string {
	if k.LastUsedAt == nil {
		return "never"
	}
	return since(*k.LastUsedAt)
}

func keyScopes(k api.ApiKey) string {
	if len(k.Scopes) == len(access.Table) {
		return allScopes
	}
	return strings.Join(k.Scopes, ",")
}

type keysRm struct {
	Name   string `arg:"" help:"The key's name."`
	Tenant string `default:"default" help:"Whose key."`
}

func (r keysRm) Run(ctx context.Context, s *Settings) error {
	return withAuth(ctx, s, func(ctx context.Context, _ unit.Store, a *auth.Auth) error {
		keys, err := keysOf(ctx, a, r.Tenant)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if key.Name != r.Name || key.RevokedAt != nil {
				continue
			}
			if _, err := a.Handlers().RevokeApiKey(asOperator(ctx, r.Tenant), api.RevokeApiKeyRequestObject{Key: key.Id}); err != nil {
				return err
			}
			fmt.Printf("%s/%s is revoked\n", r.Tenant, r.Name)
			return nil
		}
		return fmt.Errorf("no key %s of tenant %s is in use: `ukbot keys ls --tenant %s` lists them", r.Name, r.Tenant, r.Tenant)
	})
}

// keysOf is all keys of a tenant, page by page.
func keysOf(ctx context.Context, a *auth.Auth, tenant string) (keys []api.ApiKey, err error) {
	var request api.ListApiKeysRequestObject
	for {
		answer, err := a.Handlers().ListApiKeys(asOperator(ctx, tenant), request)
		if err != nil {
			return nil, err
		}
		page := answer.(api.ListApiKeys200JSONResponse)
		keys = append(keys, page.Items...)
		if page.NextCursor == nil {
			return keys, nil
		}
		request.Params.Cursor = page.NextCursor
	}
}

// asOperator lets a command do what an administrator may.
func asOperator(ctx context.Context, tenant string) context.Context {
	return access.With(ctx, access.Caller{Tenant: tenant, Name: commandLine, Scopes: []access.Action{access.KeysManage}})
}

type keysRotate struct{}

func (keysRotate) Run(ctx context.Context, s *Settings) error {
	return withAuth(ctx, s, func(ctx context.Context, _ unit.Store, a *auth.Auth) error {
		if err := a.RotateSigningKey(ctx); err != nil {
			return err
		}
		fmt.Println("a new signing key is published and signs in two minutes; tokens of the old one count until they expire")
		return nil
	})
}

type tokenCommand struct {
	Tenant string    `default:"default" help:"Whose person."`
	As     string    `default:"manager" enum:"applicant,executor,manager,admin" help:"Role: the first approved person who acts in it."`
	User   uuid.UUID `help:"This person instead."`
}

// Run prints an access token and nothing else, for $(ukbot token).
func (t tokenCommand) Run(ctx context.Context, s *Settings) error {
	return withAuth(ctx, s, func(ctx context.Context, store unit.Store, a *auth.Auth) error {
		return store.Do(ctx, func(w *unit.Work) error {
			if err := thereIs(ctx, w.Queries, t.Tenant); err != nil {
				return err
			}
			person, err := t.person(ctx, w)
			if err != nil {
				return err
			}
			tokens, err := a.Login(ctx, w, t.Tenant, person, commandLine)
			if err != nil {
				return err
			}
			fmt.Println(tokens.Access.Reveal())
			fmt.Fprintf(os.Stderr, "of %s (%s, %s), for %s: Authorization: Bearer …\n", person.Name, tokens.Role, person.ID, auth.AccessLife)
			return nil
		})
	})
}

func (t tokenCommand) person(ctx context.Context, w *unit.Work) (db.User, error) {
	if t.User != uuid.Nil {
		person, err := w.Person(ctx, t.Tenant, t.User)
		if errors.Is(err, pgx.ErrNoRows) {
			err = fmt.Errorf("tenant %s has no person %s", t.Tenant, t.User)
		}
		return person, err
	}
	person, err := w.FirstActingAs(ctx, t.Tenant, t.As)
	if errors.Is(err, pgx.ErrNoRows) {
		err = fmt.Errorf("nobody of tenant %s is approved and acts as %s: choose another with --as or --user, or use an API key (`ukbot keys add`)", t.Tenant, t.As)
	}
	return person, err
}

// withAuth is withSession for what deals with keys and tokens.
func withAuth(ctx context.Context, s *Settings, work func(context.Context, unit.Store, *auth.Auth) error) error {
	return withSession(ctx, s, func(ctx context.Context, open *session) error {
		if open.keys == nil {
			_, err := s.keyset()
			return err
		}
		store := unit.Store{Pool: open.Pool, Now: time.Now}
		a, err := auth.New(auth.Config{Store: store, Keys: open.keys, Conn: open.NATS, Log: zerolog.Nop()})
		if err != nil {
			return err
		}
		return work(ctx, store, a)
	})
}
