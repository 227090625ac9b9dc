package housing

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/secret"
	"ukbot/sql/db"
)

// Headers of repeats.
const (
	idempotencyKey = "Idempotency-Key"
	replayed       = "Idempotency-Replayed"
)

// keptFor is how long a key's answer is kept.
const keptFor = 24 * time.Hour

// once answers a request that carries an Idempotency-Key at most once: the key
// is claimed, the work done and its answer stored in one transaction.
type once struct {
	store unit.Store
	keys  *secret.Keyset
	queue *queue
	// slots bounds the transactions open here, below the pool's size: a handler
	// may need a second connection, and must not wait for those who wait for it.
	slots chan struct{}
}

// claim is a key and the request it stands for.
type claim struct {
	tenant, caller, key, operation string
	fingerprint                    []byte
}

func (c claim) name() string { return c.tenant + "/" + c.caller + "/" + c.key }

// owner binds sealed answers to who got them.
func (c claim) owner() string { return "idempotency/" + c.tenant + "/" + c.caller }

// errRefused rolls back what a handler has answered without success.
var errRefused = errors.New("answered without success: nothing is kept")

func (o once) do(ctx context.Context, r *call, key string) error {
	claim := r.claim(key)
	leave, err := o.enter(ctx, claim.name())
	if err != nil {
		return err
	}
	defer leave()
	err = o.store.Own(ctx, func(w *unit.Work) error {
		claimed, err := w.ClaimIdempotencyKey(ctx, db.ClaimIdempotencyKeyParams{
			TenantID: claim.tenant, Caller: claim.caller, Key: claim.key, Operation: claim.operation,
			Fingerprint: claim.fingerprint, Now: w.Now, Over: w.Now.Add(-keptFor),
		})
		if err != nil {
			return fmt.Errorf("claim an idempotency key: %w", err)
		}
		if claimed == 0 {
			return o.repeat(ctx, w, r, claim)
		}
		if err := r.handle(unit.With(ctx, w)); err != nil {
			return err
		}
		if r.Response().StatusCode()/100 != 2 {
			return errRefused
		}
		return o.keep(ctx, w, r, claim)
	})
	if errors.Is(err, errRefused) {
		return nil
	}
	return err
}

// enter waits until nobody here works on the same key, and for a free slot.
// Doubles wait without a connection; those on other replicas wait in the database.
func (o once) enter(ctx context.Context, name string) (leave func(), err error) {
	done, err := o.queue.enter(ctx, name)
	if err != nil {
		return nil, err
	}
	select {
	case o.slots <- struct{}{}:
		return func() { <-o.slots; done() }, nil
	case <-ctx.Done():
		done()
		return nil, ctx.Err()
	}
}

// claim says whose the key is and what it stands for. Who asks without a token
// has keys of their own by knowing the request.
func (r *call) claim(key string) claim {
	sum := sha256.New()
	for _, part := range [][]byte{[]byte(r.op.method), r.Request().URI().PathOriginal(), r.Request().URI().QueryString(), r.Request().Body()} {
		fmt.Fprintf(sum, "%d:", len(part))
		sum.Write(part)
	}
	c := claim{tenant: r.caller.Tenant, caller: r.caller.ID(), key: key, operation: r.op.id, fingerprint: sum.Sum(nil)}
	switch {
	case r.caller.Key != uuid.Nil:
		c.caller = r.caller.Key.String()
	case c.tenant == "":
		c.caller = "anyone/" + hex.EncodeToString(c.fingerprint)
	}
	return c
}

// repeat answers as the first time.
func (o once) repeat(ctx context.Context, w *unit.Work, r *call, claim claim) error {
	stored, err := w.IdempotentAnswer(ctx, db.IdempotentAnswerParams{TenantID: claim.tenant, Caller: claim.caller, Key: claim.key})
	if err != nil {
		return fmt.Errorf("look up an idempotency key: %w", err)
	}
	if stored.Operation != claim.operation || !bytes.Equal(stored.Fingerprint, claim.fingerprint) {
		return &problem.Problem{
			Code: problem.KeyReused, Detail: "this Idempotency-Key came before with another request: take a new one",
			Errors: []problem.Field{{Pointer: "header/" + idempotencyKey, Detail: "was used before"}},
		}
	}
	body, err := o.keys.Open(stored.Body, claim.owner())
	if err != nil {
		return fmt.Errorf("open the answer of an idempotency key: %w", err)
	}
	var headers map[string]string
	if err := json.Unmarshal(stored.Headers, &headers); err != nil {
		return fmt.Errorf("headers of an idempotency key: %w", err)
	}
	for name, value := range headers {
		r.Set(name, value)
	}
	r.Set(replayed, "true")
	r.Status(int(stored.Status))
	r.Response().SetBodyString(body.Reveal())
	return nil
}

// keep stores the answer; it commits with what the handler did.
func (o once) keep(ctx context.Context, w *unit.Work, r *call, claim claim) error {
	headers := map[string]string{}
	r.Response().Header.VisitAll(func(name, value []byte) {
		if string(name) != fiber.HeaderXRequestID && string(name) != fiber.HeaderContentLength {
			headers[string(name)] = string(value)
		}
	})
	raw, err := json.Marshal(headers)
	if err != nil {
		return err
	}
	err = w.StoreIdempotentAnswer(ctx, db.StoreIdempotentAnswerParams{
		Status: int32(r.Response().StatusCode()), Headers: raw, Body: o.keys.Seal(secret.Text(r.Response().Body()), claim.owner()),
		TenantID: claim.tenant, Caller: claim.caller, Key: claim.key,
	})
	if err != nil {
		return fmt.Errorf("keep the answer of an idempotency key: %w", err)
	}
	return nil
}
