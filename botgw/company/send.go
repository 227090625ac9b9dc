package company

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// Limits of an answer's body, in bytes. Beyond them there is no answer.
const (
	jsonMax = 8 << 20  // a page of 200 requests is 300 KB
	fileMax = 32 << 20 // a file has at most 20 MiB
)

// send makes the attempts of one call. What it returns is an answer below 500,
// with its body read, or an error.
func (l *Line) send(r *http.Request) (*http.Response, error) {
	service := service(l.below(r))
	try, all := l.deadlines(r, service)
	ctx, cancel := context.WithTimeout(r.Context(), all)
	defer cancel()
	began := time.Now()
	answer, err := l.attempts(ctx, r, service, try)
	l.cfg.Metrics.call(service, answer, err, time.Since(began))
	spend(r.Context(), time.Since(began))
	if err == nil && answer.StatusCode >= 500 {
		return nil, away(r, service, "status "+strconv.Itoa(answer.StatusCode))
	}
	return answer, err
}

func (l *Line) attempts(ctx context.Context, r *http.Request, service string, timeout time.Duration) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		answer, err := l.try(ctx, r, service, timeout)
		if errors.Is(err, errOpen) || errors.Is(err, errLarge) || r.Context().Err() != nil {
			return answer, l.explain(r, service, err)
		}
		wait, again := pause(r, attempt, answer, err)
		if !again || !time.Now().Add(wait).Before(deadline(ctx)) || !rewound(r) {
			return answer, l.explain(r, service, err)
		}
		l.cfg.Metrics.repeats.WithLabelValues(service).Inc()
		select {
		case <-ctx.Done():
			return answer, l.explain(r, service, ctx.Err())
		case <-time.After(wait):
		}
	}
}

func deadline(ctx context.Context) time.Time {
	at, _ := ctx.Deadline() // send has set one
	return at
}

// deadlines are those of one attempt and of the whole call.
func (l *Line) deadlines(r *http.Request, service string) (try, all time.Duration) {
	if service == filesService || strings.HasSuffix(r.URL.Path, "/export") || strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return l.cfg.Transfer, 2 * l.cfg.Transfer
	}
	return l.cfg.Try, l.cfg.All
}

// errOpen is an attempt that was not made.
var errOpen = errors.New("breaker open")

// How long a call waits for a half-open breaker to decide, and how often it asks.
const (
	openWait = time.Second
	openPoll = 10 * time.Millisecond
)

// admitted says whether a breaker lets an attempt through. A half-open one lets a
// few: the others wait for what those find out, or many who were just told that
// the services are back would be told at once that they are away.
func admitted(ctx context.Context, breaker circuitbreaker.CircuitBreaker[any]) bool {
	for end := time.Now().Add(openWait); !breaker.TryAcquirePermit(); {
		if !breaker.IsHalfOpen() || time.Now().After(end) {
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(openPoll):
		}
	}
	return true
}

// try makes one attempt, if the breaker lets it through, and tells the breaker.
func (l *Line) try(ctx context.Context, r *http.Request, service string, timeout time.Duration) (*http.Response, error) {
	breaker := l.breakers[service]
	if !admitted(ctx, breaker) {
		return nil, errOpen
	}
	answer, err := l.once(ctx, r, timeout)
	switch {
	case err == nil && !verdicts[answer.StatusCode].failure:
		breaker.RecordSuccess()
	case errors.Is(r.Context().Err(), context.Canceled) && breaker.IsClosed():
		// Whoever asked has left: that says nothing of the service. A half-open
		// breaker wants its permit back all the same, which a failure gives.
	default:
		breaker.RecordFailure()
	}
	return answer, err
}

// once sends the request and reads the whole answer.
func (l *Line) once(ctx context.Context, r *http.Request, timeout time.Duration) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began, status := time.Now(), 0
	defer func() {
		if l.cfg.Observe != nil {
			l.cfg.Observe(r.Context(), Call{Method: r.Method, Path: l.below(r), Status: status, Took: time.Since(began)})
		}
	}()
	answer, err := l.client.Do(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	status = answer.StatusCode
	limit := int64(fileMax)
	if strings.Contains(answer.Header.Get("Content-Type"), "json") {
		limit = jsonMax
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, errLarge
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

var errLarge = errors.New("answer over its limit")

// explain turns an error of the network into ErrAway, without the address that
// net/http puts into its text. Who has left gets their own context's error.
func (l *Line) explain(r *http.Request, service string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(r.Context().Err(), context.Canceled) {
		return context.Canceled
	}
	return away(r, service, cause(err))
}

// cause names an error of the network in a few words.
func cause(err error) string {
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, errOpen), errors.Is(err, errLarge):
		return err.Error()
	case errors.Is(err, context.DeadlineExceeded), isNet && timeout.Timeout():
		return "time-out"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection lost"
	}
	return "no connection"
}
