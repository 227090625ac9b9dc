package company

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Attempts of one call, and the pauses between them.
const (
	tries       = 3
	firstPause  = 100 * time.Millisecond // doubled each time, ± half
	longestWait = 3 * time.Second        // that a Retry-After is waited for; the person is told sooner than that helps
)

// harmless are the methods that may be repeated as they are. Others may when
// they carry an Idempotency-Key.
var harmless = map[string]bool{
	http.MethodGet: true, http.MethodHead: true, http.MethodPut: true, http.MethodDelete: true,
}

// verdict is what a status says about the service.
type verdict struct {
	repeat  bool // a repeat may help
	undone  bool // nothing was done: every repeat is harmless
	failure bool // counts for the breaker
}

// verdicts of the statuses that are no answer. A 500 is a fault of one
// operation, and closes the way to no other.
var verdicts = map[int]verdict{
	http.StatusTooManyRequests:     {repeat: true, undone: true},
	http.StatusInternalServerError: {repeat: true},
	http.StatusBadGateway:          {repeat: true, failure: true},
	http.StatusServiceUnavailable:  {repeat: true, failure: true},
	http.StatusGatewayTimeout:      {repeat: true, failure: true},
}

// repeatable says whether a request may be sent again although it may have arrived.
func repeatable(r *http.Request) bool {
	return harmless[r.Method] || r.Header.Get("Idempotency-Key") != ""
}

// rewound says whether the body can be sent again; if so, it will be from its beginning.
func rewound(r *http.Request) bool {
	if r.Body == nil || r.Body == http.NoBody {
		return true
	}
	if r.GetBody == nil {
		return false
	}
	body, err := r.GetBody()
	r.Body = body
	return err == nil
}

// pause is how long to wait before the next attempt; false: there is none.
func pause(r *http.Request, attempt int, answer *http.Response, err error) (time.Duration, bool) {
	v := verdict{repeat: true}
	wait := time.Duration(0)
	if err == nil {
		v = verdicts[answer.StatusCode]
		wait = retryAfter(answer)
	}
	if attempt >= tries || !v.repeat || wait > longestWait || !v.undone && !repeatable(r) {
		return 0, false
	}
	backoff := firstPause << (attempt - 1)
	return max(wait, backoff/2+rand.N(backoff)), true //nolint:gosec // jitter, no secret
}

// retryAfter is the seconds an answer asks to wait; 0 where it does not say.
func retryAfter(answer *http.Response) time.Duration {
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, 3600)) * time.Second
}
