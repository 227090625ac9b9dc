package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"ukbot/nats"
)

func TestErrorsAreExplainedInChosenWords(t *testing.T) {
	for name, tc := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"no key":                    {errKey, 401, "unauthorized"},
		"not found, wrapped":        {fmt.Errorf("secret: %w", ErrNotFound), 404, "not_found"},
		"completed":                 {ErrCompleted, 409, "already_completed"},
		"in progress":               {ErrInProgress, 409, "in_progress"},
		"nobody can handle it":      {fmt.Errorf("secret: %w", ErrGone), 409, "configuration_gone"},
		"several":                   {AmbiguousError{[]Candidate{{}, {}}}, 409, "ambiguous_id"},
		"a wrong parameter":         {InvalidError{"since", "is a time"}, 400, "invalid_parameter"},
		"the stream does not store": {fmt.Errorf("secret: %w", nats.ErrUnavailable), 503, "stream_unavailable"},
		"the stream does not answer": {
			fmt.Errorf("%w: secret: %w", errStream, context.DeadlineExceeded), 503, "stream_unavailable",
		},
		"the database is slow":     {fmt.Errorf("secret: %w", context.DeadlineExceeded), 503, "timeout"},
		"the database is stopping": {&pgconn.PgError{Code: "57P01", Message: "secret"}, 503, "database_unavailable"},
		"a wrong statement":        {&pgconn.PgError{Code: "42601", Message: "secret"}, 500, "internal"},
		"anything else":            {errors.New("secret"), 500, "internal"},
	} {
		t.Run(name, func(t *testing.T) {
			p := explain(tc.err)
			text, err := json.Marshal(p)
			if p.Status != tc.status || p.Code != tc.code || err != nil || strings.Contains(string(text), "secret") {
				t.Errorf("explain(%v) = %s, want %d %s", tc.err, text, tc.status, tc.code)
			}
			if (p.retryAfter != "") != (tc.status == 503) {
				t.Errorf("Retry-After of %d is %q", p.Status, p.retryAfter)
			}
		})
	}
}
