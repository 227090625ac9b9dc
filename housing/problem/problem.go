// Package problem is how the housing API refuses: every error that a stranger
// may see is one of the codes below, sent as application/problem+json
// (RFC 9457). Codes are stable; clients decide by them, never by the text.
// What is no Problem is answered as "internal", and only the log learns more.
package problem

import (
	"errors"
	"net/http"
	"time"
)

// Code names what went wrong.
type Code string

// The codes. Their statuses stand in statuses.
const (
	Malformed        Code = "malformed"        // no JSON, or not of the declared type
	Invalid          Code = "invalid"          // a field breaks a rule; Errors says which
	TooLarge         Code = "too_large"        // of the body or a file
	MediaType        Code = "media_type"       // content type that the operation does not take
	Unauthorized     Code = "unauthorized"     // no token, or none that counts
	ApprovalPending  Code = "approval_pending" // the person is not approved yet
	Blocked          Code = "blocked"          // the person is blocked
	Forbidden        Code = "forbidden"        // the role may not do this, or not with what is another's
	OffShift         Code = "off_shift"        // the company lets nobody do this off shift
	NotFound         Code = "not_found"        // nothing there for this tenant
	Conflict         Code = "conflict"         // the state does not allow it
	AlreadyTaken     Code = "already_taken"    // somebody else was first; By says who
	Overlap          Code = "overlap"          // the person has a shift at that time
	Exists           Code = "exists"           // the same thing is there already
	InUse            Code = "in_use"           // something still refers to it
	Stale            Code = "stale"            // If-Match names an older version
	MatchRequired    Code = "match_required"   // If-Match is missing
	KeyReused        Code = "key_reused"       // Idempotency-Key came before with another request
	Expired          Code = "expired"          // an invitation or the like is over
	Used             Code = "used"             // a one-time thing was used
	Limited          Code = "limited"          // too many requests
	DatabaseAway     Code = "database_unavailable"
	StreamAway       Code = "stream_unavailable"
	Timeout          Code = "timeout"
	Internal         Code = "internal"
	MethodNotAllowed Code = "method_not_allowed"
)

// statuses is the HTTP status of each code.
var statuses = map[Code]int{
	Malformed: 400, Unauthorized: 401, ApprovalPending: 403, Blocked: 403, Forbidden: 403, OffShift: 403,
	NotFound: 404, MethodNotAllowed: 405, Conflict: 409, AlreadyTaken: 409, Overlap: 409, Exists: 409, InUse: 409,
	Expired: 410, Used: 410, Stale: 412, TooLarge: 413, MediaType: 415, Invalid: 422, KeyReused: 422,
	MatchRequired: 428, Limited: 429, Internal: 500, DatabaseAway: 503, StreamAway: 503, Timeout: 503,
}

// Problem is a refusal. Its text goes to strangers: nothing secret, nobody's data
// but what the caller may see.
type Problem struct {
	Code       Code
	Detail     string // a sentence for people
	Errors     []Field
	By         *Person       // of AlreadyTaken
	RetryAfter time.Duration // of 429 and 503
	Cause      error         // for the log alone
}

// Field is one thing that is wrong with a request.
type Field struct {
	Pointer string `json:"pointer"` // JSON pointer into the body ("/description"), or "query/limit", "path/request", "header/If-Match"
	Detail  string `json:"detail"`
}

// Person is somebody whom the caller may know by name.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// Unwrap is the private cause.
func (p *Problem) Unwrap() error { return p.Cause }

// Status is the HTTP status.
func (p *Problem) Status() int {
	if status, ok := statuses[p.Code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// New is a refusal with a sentence.
func New(code Code, detail string) *Problem { return &Problem{Code: code, Detail: detail} }

// InvalidField is a refusal of one field.
func InvalidField(pointer, detail string) *Problem {
	return &Problem{Code: Invalid, Detail: "the request breaks a rule", Errors: []Field{{pointer, detail}}}
}

// Missing is the answer for what is not there, or is another tenant's.
func Missing(what string) *Problem { return New(NotFound, "there is no such "+what) }

// As is the problem inside an error, nil if there is none.
func As(err error) *Problem {
	p, ok := errors.AsType[*Problem](err)
	if !ok {
		return nil
	}
	return p
}

// Is says whether an error is a problem of this code.
func Is(err error, code Code) bool {
	p := As(err)
	return p != nil && p.Code == code
}
