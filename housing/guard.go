package housing

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/rs/zerolog"

	"ukbot/events"
	"ukbot/housing/access"
	"ukbot/housing/auth"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
)

// guard stands before every operation.
type guard struct {
	auth  *auth.Auth
	once  once
	meter *meter
	log   zerolog.Logger
}

// call is one request on its way through the guard.
type call struct {
	*fiber.Ctx
	op     *operation
	id     string // of the request
	trace  string // W3C traceparent, the caller's or one begun here
	caller access.Caller
}

// of is the guard of one operation. It answers every error itself, so that a
// refusal looks the same wherever it arose.
func (g guard) of(op *operation) fiber.Handler {
	return func(c *fiber.Ctx) error {
		began := time.Now()
		r := &call{Ctx: c, op: op, id: requestID(c), trace: events.Traceparent(strings.Clone(c.Get(headerTrace)))}
		ctx, cancel := context.WithTimeout(unit.WithTrace(context.Background(), r.trace), op.deadline)
		err := g.serve(ctx, r)
		if err != nil {
			r.refuse(refusal(ctx, err))
		}
		if c.Response().IsBodyStream() {
			context.AfterFunc(ctx, cancel) // it is read after this returns, until its deadline
		} else {
			cancel()
		}
		g.report(r, time.Since(began), err)
		return nil
	}
}

// serve is everything that a request goes through, in order.
func (g guard) serve(ctx context.Context, r *call) error {
	var err error
	if r.caller, err = g.authenticate(ctx, r); err != nil {
		return err
	}
	if r.op.permission != access.Public && r.caller.May(r.op.permission) == access.None {
		return problem.New(problem.Forbidden, "your role may not do this ("+string(r.op.permission)+")")
	}
	if err := r.check(); err != nil {
		return err
	}
	ctx = access.With(ctx, r.caller)
	if r.op.permission == access.Public {
		ctx = auth.WithKey(ctx, r.shownKey())
	}
	if key := r.Get(idempotencyKey); r.op.repeatable && key != "" {
		return g.once.do(ctx, r, strings.Clone(key))
	}
	return r.handle(ctx)
}

// handle runs the operation. A panic is an error like any other: its text is
// for the log.
func (r *call) handle(ctx context.Context) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	r.SetUserContext(ctx)
	return r.Next()
}

// headerTrace carries what the request is part of (W3C Trace Context): its
// events carry that on.
const headerTrace = "traceparent"

// requestIDForm is what a caller may name a request.
var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9._:/+=-]{1,64}$`)

// requestID is the caller's X-Request-ID or one of ours; the answer repeats it.
func requestID(c *fiber.Ctx) string {
	id := strings.Clone(c.Get(fiber.HeaderXRequestID))
	if !requestIDForm.MatchString(id) {
		var random [8]byte
		rand.Read(random[:]) // never fails (crypto/rand)
		id = hex.EncodeToString(random[:])
	}
	c.Set(fiber.HeaderXRequestID, id)
	return id
}

// report counts the request and writes its line: what was asked and how it
// ended, without a word of what was in it.
func (g guard) report(r *call, took time.Duration, err error) {
	status := r.Response().StatusCode()
	g.meter.count(r.op.id, status, took)
	level, cause := zerolog.InfoLevel, error(nil)
	switch p := problem.As(err); {
	case status >= fiber.StatusInternalServerError:
		level, cause = zerolog.ErrorLevel, err
	case err != nil && p == nil: // refused by the database's rules, which a handler should have asked first
		level, cause = zerolog.WarnLevel, err
	}
	g.log.WithLevel(level).Err(cause).Str("method", r.op.method).Str("route", r.op.path).Int("status", status).Dur("took_ms", took).
		Str("request_id", r.id).Str("trace_id", events.TraceID(r.trace)).Str("tenant", r.caller.Tenant).Str("caller", r.caller.ID()).Msg("request answered")
}
