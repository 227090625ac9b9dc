package ingress

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestRefusalsAreFoundByTheirCode(t *testing.T) {
	err := fmt.Errorf("hook acme/src: %w", errMalformed.because("the body is not valid JSON"))
	if !errors.Is(err, errMalformed) || errors.Is(err, errTooLarge) {
		t.Errorf("errors.Is does not go by the code of %v", err)
	}
	got, ok := errors.AsType[Refusal](err)
	if !ok || got.Status != 400 || got.Detail != "the body is not valid JSON" {
		t.Errorf("AsType = %+v, %v", got, ok)
	}
	if errMalformed.Detail == got.Detail {
		t.Error("because changed the table")
	}
	if waits := errRateLimited.after(3 * time.Second); waits.RetryAfter != 3*time.Second || errRateLimited.RetryAfter != time.Second {
		t.Errorf("after gives %v and leaves %v", waits.RetryAfter, errRateLimited.RetryAfter)
	}
}

// Senders and dashboards rely on these pairs.
func TestCodesAndStatusesAreStable(t *testing.T) {
	want := map[string]int{
		"malformed": 400, "tenant_invalid": 400, "signature_missing": 401, "signature_invalid": 401, "timestamp_expired": 401,
		"ip_not_allowed": 403, "unknown_source": 404, "method_not_allowed": 405, "too_large": 413, "encoding_refused": 415,
		"content_type_refused": 415, "rate_limited": 429, "headers_too_large": 431, "internal": 500,
		"source_misconfigured": 503, "stream_unavailable": 503,
	}
	for _, r := range []Refusal{
		errMalformed, errTenantInvalid, errSignatureMissing, errSignatureInvalid, errTimestampExpired, errIPNotAllowed,
		errUnknownSource, errMethodNotAllowed, errTooLarge, errEncodingRefused, errContentTypeRefused, errRateLimited,
		errHeadersTooLarge, errInternal, errMisconfigured, errStreamUnavailable,
	} {
		if want[r.Code] != r.Status || r.Detail == "" {
			t.Errorf("%+v: want status %d and a detail", r, want[r.Code])
		}
		if wait := r.Status == 429 || r.Status == 503; wait != (r.RetryAfter > 0) {
			t.Errorf("%s (%d) has RetryAfter %v", r.Code, r.Status, r.RetryAfter)
		}
		delete(want, r.Code)
	}
	if len(want) > 0 {
		t.Errorf("never listed: %v", want)
	}
}
