package auth

import (
	"context"
	"time"
)

// What Run does by itself, for tests that do not wait for it.

func (a *Auth) Reload(ctx context.Context)      { a.reload(ctx) }
func (a *Auth) NoteUses(ctx context.Context)    { a.noteUses(ctx) }
func (a *Auth) Sweep(ctx context.Context) error { return a.sweep(ctx) }
func (a *Auth) RotateOld(ctx context.Context) error {
	return a.ring.rotate(ctx, rotateAfter)
}

const (
	KeyFresh        = keyFresh
	ReuseGrace      = reuseGrace
	ActivationDelay = activationDelay
	RetireAfter     = retireAfter
	RotateAfter     = rotateAfter
)

// Forget makes the cache of API keys as old as it may get.
func (a *Auth) Forget() {
	a.keys.mu.Lock()
	defer a.keys.mu.Unlock()
	for hash, k := range a.keys.keys {
		k.read = k.read.Add(-keyFresh - time.Second)
		a.keys.keys[hash] = k
	}
}
