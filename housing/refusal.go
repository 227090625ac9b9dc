package housing

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/jackc/pgx/v5/pgconn"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/housing/problem"
	"ukbot/sql/db"
)

// again is how long a caller waits before trying again what is away.
const again = 2 * time.Second

// streamsAway are the errors of NATS that mean: not now.
var streamsAway = []error{
	natsgo.ErrNoResponders, natsgo.ErrTimeout, natsgo.ErrConnectionClosed, natsgo.ErrNoServers, natsgo.ErrDisconnected,
	natsgo.ErrReconnectBufExceeded, natsgo.ErrConnectionDraining, jetstream.ErrNoStreamResponse, jetstream.ErrJetStreamNotEnabled,
}

// byState is what PostgreSQL's refusals mean to a caller. Handlers ask before
// they write; these are what is left when two write at once.
var byState = map[string]*problem.Problem{
	"23503": {Code: problem.Conflict, Detail: "something that this refers to is not there any more, or is still referred to"},
	"23505": {Code: problem.Exists, Detail: "the same thing is there already"},
	"23P01": {Code: problem.Overlap, Detail: "it overlaps with another one"},
}

// byStatus is what the framework's own errors mean: of generated code that
// could not bind what the document's check has let through.
var byStatus = map[int]problem.Code{
	http.StatusBadRequest: problem.Malformed, http.StatusUnprocessableEntity: problem.Malformed, http.StatusNotFound: problem.NotFound,
	http.StatusMethodNotAllowed: problem.MethodNotAllowed, http.StatusRequestEntityTooLarge: problem.TooLarge,
	http.StatusUnsupportedMediaType: problem.MediaType,
}

// refusal is what a stranger may know of an error.
func refusal(ctx context.Context, err error) *problem.Problem {
	if p := problem.As(err); p != nil {
		return p
	}
	if framework, ok := errors.AsType[*fiber.Error](err); ok {
		if code, known := byStatus[framework.Code]; known {
			return problem.New(code, "the request is not of the form that the document describes")
		}
	}
	away := &problem.Problem{Code: problem.DatabaseAway, Detail: "the database cannot answer now; try again", RetryAfter: again}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok { // whatever the server said: its own code may be anything
		return away
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		if p := byState[pg.Code]; p != nil {
			return p
		}
		if pg.Code[:2] == "22" { // data exceptions: a value that no column takes
			return problem.InvalidField("", "holds a value that cannot be stored")
		}
	}
	for _, stream := range streamsAway {
		if errors.Is(err, stream) {
			return &problem.Problem{Code: problem.StreamAway, Detail: "the streams do not answer; try again", RetryAfter: again}
		}
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		return &problem.Problem{Code: problem.Timeout, Detail: "this took too long and was given up; try again", RetryAfter: again}
	}
	if db.IsAway(err) {
		return away
	}
	return problem.New(problem.Internal, "something went wrong here; the log knows more by the request's id")
}

// document is a problem as it is sent.
type document struct {
	Type      string          `json:"type"`
	Title     string          `json:"title"`
	Status    int             `json:"status"`
	Code      problem.Code    `json:"code"`
	Detail    string          `json:"detail"`
	RequestID string          `json:"request_id"`
	Errors    []problem.Field `json:"errors,omitempty"`
	By        *problem.Person `json:"by,omitempty"`
}

// refuse answers with a problem, whatever a handler had begun to answer.
func (r *call) refuse(p *problem.Problem) {
	status := p.Status()
	body, err := json.Marshal(document{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Code: p.Code, Detail: p.Detail,
		RequestID: r.id, Errors: p.Errors, By: p.By,
	})
	if err != nil { // strings and numbers: cannot fail
		status = http.StatusInternalServerError
	}
	r.Response().Reset()
	r.Set(fiber.HeaderXRequestID, r.id)
	r.Set(fiber.HeaderContentType, "application/problem+json")
	if status == http.StatusUnauthorized {
		r.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="ukbot"`)
	}
	if p.RetryAfter > 0 {
		seconds := int64((p.RetryAfter + time.Second - 1) / time.Second)
		r.Set(fiber.HeaderRetryAfter, strconv.FormatInt(seconds, 10))
	}
	r.Status(status)
	r.Response().SetBodyRaw(body)
}
