package housing

import (
	"errors"
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
