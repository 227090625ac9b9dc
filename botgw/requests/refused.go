package requests

import (
	"context"
	"errors"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
)

// refusals is what a refusal is called in a toast, by its code: keys. The card
// is shown anew after each. What is not here is the gateway's to say.
var refusals = map[string]string{
	"conflict":      "requests.refused_conflict",
	"stale":         "requests.refused_stale",
	"off_shift":     "requests.refused_off_shift",
	"already_taken": "requests.refused_taken",
	"forbidden":     "requests.refused_forbidden",
	"not_found":     "requests.refused_missing",
}

// stale answers a button that offers what is no longer there.
func (r *Requests) stale(ctx context.Context, t *talk.Turn, tapped tap) error {
	return r.refused(ctx, t, tapped, &company.Refusal{Problem: api.Problem{Code: "conflict"}})
}

// refused answers a tap that came too late, or from somebody who may not: with
// what is true now.
func (r *Requests) refused(ctx context.Context, t *talk.Turn, tapped tap, err error) error {
	refusal, ok := errors.AsType[*company.Refusal](err)
	if !ok || refusals[refusal.Code] == "" {
		return err
	}
	f, loading := load(ctx, t, tapped.number)
	if err := present(t, tapped, f, loading); err != nil {
		return err
	}
	t.Toast(why(t, refusal, f, loading))
	t.Outcome = refusal.Code
	return nil
}

// why is a refusal in words, with what the request has become.
func why(t *talk.Turn, refusal *company.Refusal, f folder, loading error) string {
	key, args := refusals[refusal.Code], words.Args{"Status": t.Book.Plain("status." + string(f.Status))}
	if refusal.By != nil {
		args["Name"] = telegram.Line(refusal.By.Name, nameShown)
	}
	switch {
	case refusal.Code == "already_taken" && refusal.By == nil:
		key = "problem.already_taken"
	case refusal.Code == "already_taken" && refusal.By.Id == t.Person.ID: // tapped twice
		key = "requests.refused_yours"
	case refusal.Code == "conflict" && loading != nil:
		key = "requests.refused_forbidden"
	case refusal.Code == "conflict" && f.offShift(t):
		key = "requests.refused_off_shift"
	}
	return t.Book.Plain(key, args)
}
