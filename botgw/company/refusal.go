package company

import (
	"errors"

	"ukbot/api"
)

// ErrAway says that the housing services cannot answer now: no connection, a
// time-out, a 5xx, or the breaker is open because of these. Trying later helps.
var ErrAway = errors.New("housing services do not answer")

// Refusal is what the housing services answer instead of what was asked for.
type Refusal struct{ api.Problem }

// Error names the code; a refusal's detail may be about a person.
func (r *Refusal) Error() string { return "housing services refuse: " + r.Code }

// Refused is the error of an answer that lacks what was asked for; nil stands
// for an answer that is no problem document.
//
//	r, err := t.API.GetRequestWithResponse(ctx, number)
//	if err != nil {
//		return err
//	}
//	if r.JSON200 == nil {
//		return company.Refused(r.ApplicationproblemJSONDefault)
//	}
func Refused(p *api.Problem) error {
	if p == nil {
		return ErrAway
	}
	return &Refusal{*p}
}

// Is says whether err is a refusal with this code ("already_taken").
func Is(err error, code string) bool {
	r, ok := errors.AsType[*Refusal](err)
	return ok && r.Code == code
}
