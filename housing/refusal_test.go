package housing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/jackc/pgx/v5/pgconn"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/housing/problem"
)

func TestErrorsAreToldAsCodes(t *testing.T) {
	over, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	pg := func(code string) error {
		return fmt.Errorf("take request 7: %w", &pgconn.PgError{Code: code, Message: "secret detail"})
	}
	for name, tc := range map[string]struct {
		ctx  context.Context //nolint:containedctx // what the row is about
		err  error
		code problem.Code
	}{
		"a problem is itself":              {t.Context(), problem.Missing("request"), problem.NotFound},
		"a wrapped problem too":            {t.Context(), fmt.Errorf("x: %w", problem.Missing("request")), problem.NotFound},
		"generated code could not bind":    {t.Context(), fiber.NewError(400, "strconv: secret detail"), problem.Malformed},
		"a deadlock":                       {t.Context(), pg("40P01"), problem.DatabaseAway},
		"a serialisation failure":          {t.Context(), pg("40001"), problem.DatabaseAway},
		"a server that stops":              {t.Context(), pg("57P01"), problem.DatabaseAway},
		"too many connections":             {t.Context(), pg("53300"), problem.DatabaseAway},
		"a value that no column takes":     {t.Context(), pg("22021"), problem.Invalid},
		"what is referred to is gone":      {t.Context(), pg("23503"), problem.Conflict},
		"two made the same":                {t.Context(), pg("23505"), problem.Exists},
		"two shifts at once":               {t.Context(), pg("23P01"), problem.Overlap},
		"a rule of the database":           {t.Context(), pg("23514"), problem.Internal},
		"a connection that cannot be made": {t.Context(), fmt.Errorf("x: %w", &pgconn.ConnectError{}), problem.DatabaseAway},
		"nobody answers in the streams":    {t.Context(), fmt.Errorf("x: %w", natsgo.ErrNoResponders), problem.StreamAway},
		"a stream does not answer":         {t.Context(), fmt.Errorf("x: %w", jetstream.ErrNoStreamResponse), problem.StreamAway},
		"the connection to them is closed": {t.Context(), natsgo.ErrConnectionClosed, problem.StreamAway},
		"the request took too long":        {over, fmt.Errorf("x: %w", context.DeadlineExceeded), problem.Timeout},
		"an inner deadline":                {t.Context(), fmt.Errorf("x: %w", context.DeadlineExceeded), problem.DatabaseAway},
		"anything else":                    {t.Context(), errors.New("secret detail"), problem.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			p := refusal(tc.ctx, tc.err)
			if p.Code != tc.code {
				t.Errorf("refusal(%v) = %v, want %s", tc.err, p, tc.code)
			}
			if strings.Contains(p.Error(), "secret") {
				t.Errorf("a stranger reads %q", p.Error())
			}
			if away := p.Status() == 503; away != (p.RetryAfter > 0) {
				t.Errorf("status %d with Retry-After %s", p.Status(), p.RetryAfter)
			}
		})
	}
}

func TestQueueLetsOneInAtATime(t *testing.T) {
	q := newQueue()
	leave, err := q.enter(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	other, err := q.enter(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	other()
	impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := q.enter(impatient, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second one entered: %v", err)
	}
	leave()
	again, err := q.enter(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	again()
	if len(q.held) != 0 {
		t.Errorf("%d names are kept for ever", len(q.held))
	}
}
