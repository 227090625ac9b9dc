package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/auth"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/ops"
	"ukbot/secret"
)

// ownCompanyKey makes the key with which the demo company's API can be tried,
// and keeps it in the data folder.
func (n *node) ownCompanyKey(ctx context.Context) error {
	keys, err := n.settings.keyset()
	if err != nil {
		return err
	}
	store := unit.Store{Pool: n.pool, Now: time.Now}
	doors, err := auth.New(auth.Config{Store: store, Keys: keys, Log: n.log})
	if err != nil {
		return err
	}
	path := filepath.Join(n.settings.DataDir, "company-key")
	fresh := func() (secret.Text, error) {
		// A name of its own: the file may be lost while the database is not.
		return makeKey(ctx, store, doors, events.DefaultTenant, "dev-"+strings.ToLower(rand.Text()[:6]), slices.Sorted(maps.Keys(access.Table)), 0)
	}
	if n.companyKey, err = kept(path, fresh); err != nil {
		return fmt.Errorf("key of the demo company: %w", err)
	}
	_, err = doors.Key(ctx, n.companyKey)
	if problem.Is(err, problem.Unauthorized) { // the database is another, or somebody revoked it
		if err = os.Remove(path); err == nil {
			n.companyKey, err = kept(path, fresh)
		}
	}
	return err
}

// ownKeys makes the keyset and the API key where none are set, and keeps them
// in the data folder: what they sealed must open after a restart.
func (n *node) ownKeys() error {
	var err error
	if n.settings.Keys == "" {
		n.settings.Keys, err = kept(filepath.Join(n.settings.DataDir, "keys"), func() (secret.Text, error) { return secret.NewKey("dev"), nil })
	}
	if err == nil && n.settings.APIKeys == "" {
		n.apiKey, err = kept(filepath.Join(n.settings.DataDir, "api-key"), func() (secret.Text, error) {
			plain, _ := ops.NewKey("dev", "*")
			return plain, nil
		})
		n.settings.APIKeys = secret.Text(ops.KeyEntry("dev", "*", n.apiKey))
	}
	return err
}

// kept reads a secret from a file, or makes it and keeps it there.
func kept(path string, fresh func() (secret.Text, error)) (secret.Text, error) {
	raw, err := os.ReadFile(path)
	if err == nil {
		return secret.Text(strings.TrimSpace(string(raw))), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	made, err := fresh()
	if err != nil {
		return "", err
	}
	return made, os.WriteFile(path, []byte(made.Reveal()+"\n"), 0o600)
}
