package nats

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// What a handler says of a message, as error types:
//
//	nil                 done: ack
//	Permanent(err)      never will be: dead letter, then terminate
//	RetryAfter(d, err)  again in d: parked
//	Hold(err)           what the handler leans on is away: the same batch again, soon, counting as no attempt
//	any other error     again after 2^n minutes of its n-th delivery
type (
	permanentError struct{ error }
	retryError     struct {
		error
		after time.Duration
	}
	holdError struct{ error }
)

func (e permanentError) Unwrap() error { return e.error }
func (e retryError) Unwrap() error     { return e.error }
func (e holdError) Unwrap() error      { return e.error }

// Permanent marks an error that no retry can mend.
func Permanent(err error) error { return permanentError{err} }

// RetryAfter asks for the message again after d.
func RetryAfter(d time.Duration, err error) error { return retryError{err, d} }

// Hold marks the outage of a dependency.
func Hold(err error) error { return holdError{err} }

// IsPermanent says whether err carries Permanent.
func IsPermanent(err error) bool {
	var permanent permanentError
	return errors.As(err, &permanent)
}

// RetryDelay is the wait that err asks for, if it does.
func RetryDelay(err error) (time.Duration, bool) {
	var retry retryError
	if !errors.As(err, &retry) {
		return 0, false
	}
	return retry.after, true
}

// IsHold says whether err carries Hold.
func IsHold(err error) bool { return isHold(err) }

func isHold(err error) bool {
	var hold holdError
	return errors.As(err, &hold)
}

// backoffCap is the longest wait between two attempts: 2^7 minutes.
const backoffCap = 128 * time.Minute

// Backoff is the wait after the n-th failed attempt (from 1): 2^n minutes, at
// most 128, spread by ±10 % so that what failed together does not return together.
func Backoff(n int) time.Duration {
	delay := backoffCap
	if n < 7 {
		delay = time.Duration(1<<max(n, 1)) * time.Minute
	}
	spread := 0.9 + 0.2*rand.Float64() //nolint:gosec // jitter is no secret
	return time.Duration(float64(delay) * spread)
}

// panicError turns a handler's panic into an error: one bad message must not
// take the process with it.
func panicError(cause any) error { return fmt.Errorf("handler panicked: %v", cause) }
