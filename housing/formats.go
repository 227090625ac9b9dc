package housing

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
)

// What a value of a format must look like, for people.
var (
	errUUID = errors.New("must be a UUID like 0190a6f2-5c1e-7c3a-9d3e-3b1f0c7a5e11")
	errTime = errors.New("must be a time like 2026-03-02T09:30:00Z (RFC 3339), not before 1900")
	errDate = errors.New("must be a date like 2026-03-02, not before 1900")
)

// firstYear keeps out times that are somebody's zero value.
const firstYear = 1900

// formats are the string formats whose form is checked here, because what
// binds them later says no more than "bad request".
var formats = openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
	"uuid": openapi3.NewCallbackValidator(func(value string) error {
		if _, err := uuid.Parse(value); err != nil || len(value) != len(uuid.Nil.String()) { // Parse takes braces and urn:uuid: too
			return errUUID
		}
		return nil
	}),
	"date-time": openapi3.NewCallbackValidator(func(value string) error {
		if at, err := time.Parse(time.RFC3339, value); err != nil || at.Year() < firstYear {
			return errTime
		}
		return nil
	}),
	"date": openapi3.NewCallbackValidator(func(value string) error {
		if day, err := time.Parse(time.DateOnly, value); err != nil || day.Year() < firstYear {
			return errDate
		}
		return nil
	}),
})

// asked is how the document's schemas are applied to a request.
var asked = []openapi3.SchemaValidationOption{openapi3.VisitAsRequest(), openapi3.MultiErrors(), formats}

// patterns is what each regular expression of the document means, for people.
var patterns = map[string]string{
	`^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{6}-[0-9]{3,9})$`: "must be an id or a number such as 251007-001",
	`^[\x21-\x7e]+$`:                "must be letters, digits and signs of ASCII, without spaces",
	`^[A-Za-z0-9][A-Za-z0-9 ._-]*$`: "must be Latin letters, digits, spaces, and . _ -, and not begin with one of the signs",
	`^\+[1-9][0-9]{6,14}$`:          "must be a phone number such as +998901234567",
	`^inv_[A-Za-z0-9_-]{43}$`:       "must be the token of an invitation: inv_ and 43 characters",
	`\S`:                            "must not be blank",
	`^([01]\d|2[0-3]):[0-5]\d$`:     "must be a time of day such as 08:00",
}

// reason is a fault in words. What a stranger sent is cut in it, what the
// document says is not.
func reason(fault *openapi3.SchemaError) string {
	for _, own := range []error{errUUID, errTime, errDate} {
		if errors.Is(fault.Origin, own) {
			return own.Error()
		}
	}
	switch fault.SchemaField {
	case "enum":
		var values []string
		for _, value := range fault.Schema.Enum {
			values = append(values, fmt.Sprint(value))
		}
		return "must be one of " + strings.Join(values, ", ")
	case "pattern":
		if words, ok := patterns[fault.Schema.Pattern]; ok {
			return words
		}
	}
	return short(fault.Reason)
}
