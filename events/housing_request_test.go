package events

import (
	"encoding/json"
	"testing"
	"time"

	"ukbot/golden"
)

func TestRequestChangedWireForm(t *testing.T) {
	data, err := json.MarshalIndent(RequestChanged{
		Request: RequestBrief{
			ID: "0199c0de-0000-7000-8000-000000000001", Number: "251007-001", Status: "accepted",
			Category: "plumbing", Urgency: "urgent", Address: "ул. Чиланзар, 14, кв. 12", Apartment: "12", Version: 7,
		},
		Action: "accept", From: "confirmed", To: "accepted",
		Actor: Actor{ID: "0199c0de-0000-7000-8000-0000000000c1", Role: "applicant"},
		Text:  "Спасибо <3", Executor: &Named{ID: "0199c0de-0000-7000-8000-0000000000e1", Name: "Бахтиёр Алиев"}, Stars: 5,
		Know: []Knower{
			{Person: "0199c0de-0000-7000-8000-0000000000c1", Relation: RelationApplicant},
			{Person: "0199c0de-0000-7000-8000-0000000000e1", Relation: RelationExecutor},
			{Relation: RelationManager},
		},
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	e := Envelope{
		ID: DeriveID("0199c0de-0000-7000-8000-000000000001", "v7"), Type: TypeRequestPrefix + RequestAccepted, Tenant: "acme", Source: "housing",
		Time: time.Date(2025, 10, 7, 12, 0, 0, 0, time.UTC), Correlation: "0199c0de-0000-7000-8000-000000000001", ContentType: "application/json",
	}
	golden.Equal(t, "housing_request.golden.txt", wire(e.Header(), data))
}
