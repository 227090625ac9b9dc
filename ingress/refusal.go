package ingress

import "time"

// Refusal is an answer other than 2xx: a problem document with a stable code
// that senders and dashboards may rely on. Detail says what is wrong and
// nothing secret: no body, no expected or received signature. It is a value;
// take it out of an error with errors.AsType[Refusal].
type Refusal struct {
	Status     int
	Code       string
	Detail     string
	RetryAfter time.Duration // rounded up to seconds in the header; 0: no header
}

// Error is for logs.
func (r Refusal) Error() string { return r.Code + ": " + r.Detail }

// Is compares codes, so that errors.Is finds a refusal whatever its detail.
func (r Refusal) Is(target error) bool {
	other, ok := target.(Refusal)
	return ok && other.Code == r.Code
}

// because is r with a more exact detail.
func (r Refusal) because(detail string) Refusal {
	r.Detail = detail
	return r
}

// after is r with the time to wait before the next attempt.
func (r Refusal) after(wait time.Duration) Refusal {
	r.RetryAfter = wait
	return r
}

// All refusals there are. An event that the configuration's filter leaves out
// is none: it is answered 200, or its sender would repeat it for days.
var (
	errMalformed          = Refusal{Status: 400, Code: "malformed", Detail: "the body is not what its content type or its provider's contract says"}
	errTenantInvalid      = Refusal{Status: 400, Code: "tenant_invalid", Detail: "a tenant is 1 to 48 lower-case letters, digits, - or _"}
	errSignatureMissing   = Refusal{Status: 401, Code: "signature_missing", Detail: "a header that carries the signature is missing"}
	errSignatureInvalid   = Refusal{Status: 401, Code: "signature_invalid", Detail: "the signature does not match the raw body"}
	errTimestampExpired   = Refusal{Status: 401, Code: "timestamp_expired", Detail: "the signed timestamp is too far from now"}
	errIPNotAllowed       = Refusal{Status: 403, Code: "ip_not_allowed", Detail: "this address may not send to this source"}
	errUnknownSource      = Refusal{Status: 404, Code: "unknown_source", Detail: "no webhook is configured here"}
	errMethodNotAllowed   = Refusal{Status: 405, Code: "method_not_allowed", Detail: "webhooks are sent with POST"}
	errTooLarge           = Refusal{Status: 413, Code: "too_large", Detail: "the body is larger than this server takes"}
	errEncodingRefused    = Refusal{Status: 415, Code: "encoding_refused", Detail: "send the body without Content-Encoding: the signature covers its raw bytes"}
	errContentTypeRefused = Refusal{Status: 415, Code: "content_type_refused", Detail: "send application/json or application/x-www-form-urlencoded"}
	errRateLimited        = Refusal{Status: 429, Code: "rate_limited", Detail: "this source sends more than its configuration allows", RetryAfter: time.Second}
	errHeadersTooLarge    = Refusal{Status: 431, Code: "headers_too_large", Detail: "the headers are larger than this server takes"}
	errInternal           = Refusal{Status: 500, Code: "internal", Detail: "internal error"}
	errMisconfigured      = Refusal{Status: 503, Code: "source_misconfigured", Detail: "this source's configuration cannot be used; its operator must act", RetryAfter: time.Minute}
	errStreamUnavailable  = Refusal{Status: 503, Code: "stream_unavailable", Detail: "the event could not be stored; send it again", RetryAfter: 5 * time.Second}
)
