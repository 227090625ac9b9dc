package forms

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
	"ukbot/botgw/words"
)

// create makes the request, then gives it its photos. A photo that fails does
// not lose the request.
func create(ctx context.Context, t *talk.Turn, d *flow.Data) error {
	made, err := file(ctx, t, d)
	switch {
	case company.Is(err, "key_reused"):
		// Sent before, and the answer was lost; it was changed since.
		t.Show(talk.Screen{Text: t.Book.Text("create.sent_before")})
		return nil
	case err != nil:
		return err
	}
	_, failed, err := upload(ctx, t, made.Number, d)
	if err != nil && ctx.Err() != nil {
		return err
	}
	parts := []string{
		t.Book.Text("create.made", words.Args{"Number": made.Number}),
		t.Book.Text(nextKeys[made.Urgency]),
	}
	if failed > 0 {
		parts = append(parts, "⚠️ "+t.Book.Count("flow.photos_failed", failed))
	}
	t.Show(talk.Screen{Text: strings.Join(parts, "\n\n"), Rows: [][]talk.Button{{card(t, made.Number)}}})
	return nil
}

// nextKeys is what happens next, by urgency.
var nextKeys = map[api.Urgency]string{
	api.Normal:   "create.next_normal",
	api.Medium:   "create.next_medium",
	api.Urgent:   "create.next_urgent",
	api.Critical: "create.next_critical",
}

func file(ctx context.Context, t *talk.Turn, d *flow.Data) (*api.Request, error) {
	building, err := uuid.Parse(d.Building)
	if err != nil {
		return nil, company.Refused(nil)
	}
	key := "create-" + d.Nonce
	r, err := t.API.CreateRequestWithResponse(ctx, &api.CreateRequestParams{IdempotencyKey: &key}, api.RequestNew{
		Category: api.Category(d.Category), Urgency: api.Urgency(d.Urgency), Description: d.Text,
		BuildingId: building, ApartmentId: optional(d.Apartment), ApplicantId: optional(d.Applicant),
	})
	if err != nil {
		return nil, err
	}
	if r.JSON201 == nil {
		return nil, company.Refused(r.ApplicationproblemJSONDefault)
	}
	return r.JSON201, nil
}
