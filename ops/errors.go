package ops

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/nats"
	"ukbot/sql/db"
)

var (
	// ErrNotFound means that the tenant has no such event or dead letter.
	ErrNotFound = errors.New("not found")
	// ErrCompleted means that the event was handled: there is nothing to retry.
	ErrCompleted = errors.New("the event is completed")
	// ErrInProgress means that the event waits for its first attempt or is in one.
	ErrInProgress = errors.New("the event is being handled")
	// ErrGone means that an event's configuration and its message are both gone,
	// so that nobody knows any more how to handle it.
	ErrGone = errors.New("the event's webhook configuration is gone, and its message has left the stream")
)

// InvalidError is a parameter that cannot be used. It never repeats the value.
type InvalidError struct {
	Parameter string
	Detail    string
}

func (e InvalidError) Error() string { return e.Parameter + ": " + e.Detail }

// AmbiguousError means that several sources sent an event with this id.
type AmbiguousError struct{ Candidates []Candidate }

// Candidate is one of the events that an id may mean.
type Candidate struct {
	ID         string    `json:"id"` // of the record
	Source     string    `json:"source"`
	ReceivedAt time.Time `json:"received_at"`
}

func (e AmbiguousError) Error() string {
	return fmt.Sprintf("%d sources have an event with this id: name the source or the record's id", len(e.Candidates))
}

// problem is an error as the API tells it: application/problem+json (RFC 9457).
type problem struct {
	Type       string      `json:"type"`
	Title      string      `json:"title"`
	Status     int         `json:"status"`
	Code       string      `json:"code"` // stable
	Detail     string      `json:"detail"`
	Parameter  string      `json:"parameter,omitempty"` // that is wrong
	Candidates []Candidate `json:"candidates,omitempty"`
	retryAfter string      // seconds
}

// away is when a client may try again while something is down.
const away = "5"

// problems is what each error is to a stranger; the first row that fits counts,
// and what fits none is an internal error. Only the log gets the error itself.
var problems = []struct {
	is func(error) bool
	problem
}{
	{wraps(errKey), problem{Status: 401, Code: "unauthorized", Detail: "send an API key as Authorization: Bearer … or X-API-Key"}},
	{wraps(ErrNotFound), problem{Status: 404, Code: "not_found", Detail: "there is no such thing here"}},
	{wraps(ErrCompleted), problem{Status: 409, Code: "already_completed", Detail: "the event is completed: there is nothing to retry (a replay runs it again)"}},
	{wraps(ErrInProgress), problem{Status: 409, Code: "in_progress", Detail: "the event is being handled; only failed and retrying ones can be retried"}},
	{wraps(ErrGone), problem{Status: 409, Code: "configuration_gone", Detail: ErrGone.Error()}},
	{isStreamAway, problem{Status: 503, Code: "stream_unavailable", Detail: "the streams cannot be reached now; try again", retryAfter: away}},
	{isSlow, problem{Status: 503, Code: "timeout", Detail: "no answer in time: the database is busy, or the filter is too wide (narrow it by since or source)", retryAfter: away}},
	{db.IsAway, problem{Status: 503, Code: "database_unavailable", Detail: "the database cannot be reached now; try again", retryAfter: away}},
}

func wraps(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// errStream marks an error as one of the streams: a timeout alone could be anybody's.
var errStream = errors.New("streams")

func isStreamAway(err error) bool {
	if errors.Is(err, nats.ErrUnavailable) {
		return true
	}
	return errors.Is(err, errStream) && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, natsgo.ErrConnectionClosed) ||
		errors.Is(err, natsgo.ErrNoResponders) || errors.Is(err, jetstream.ErrNoHeartbeat) || errors.Is(err, natsgo.ErrTimeout) ||
		errors.Is(err, natsgo.ErrReconnectBufExceeded) || errors.Is(err, natsgo.ErrDisconnected) || errors.Is(err, jetstream.ErrJetStreamNotEnabled))
}

// isSlow says whether a connected database did not answer in time.
func isSlow(err error) bool {
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return !connecting && errors.Is(err, context.DeadlineExceeded)
}

// explain turns an error into the answer to a stranger.
func explain(err error) problem {
	p := problemOf(err)
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	return p
}

func problemOf(err error) problem {
	for _, row := range problems {
		if row.is(err) {
			return row.problem
		}
	}
	if invalid, ok := errors.AsType[InvalidError](err); ok {
		return problem{Status: 400, Code: "invalid_parameter", Detail: invalid.Detail, Parameter: invalid.Parameter}
	}
	if many, ok := errors.AsType[AmbiguousError](err); ok {
		return problem{Status: 409, Code: "ambiguous_id", Detail: many.Error(), Parameter: "id", Candidates: many.Candidates}
	}
	return problem{Status: 500, Code: "internal", Detail: "internal error"}
}
