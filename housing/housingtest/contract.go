package housingtest

import (
	"errors"
	"net/http"
)

// alike is what all of housing's answers have in common, besides what the
// document says of each. It notes which operations succeed.
func alike(operation string, answer *http.Response) error {
	if answer.Header.Get("X-Request-ID") == "" {
		return errors.New("X-Request-ID is missing")
	}
	if operation != "" && answer.StatusCode/100 == 2 {
		succeeded(operation)
	}
	return nil
}
