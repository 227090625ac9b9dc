package events

import (
	"encoding/json"
	"testing"
	"time"

	"ukbot/golden"
)

func TestUserChangedWireForm(t *testing.T) {
	const person, manager = "0199c0de-0000-7000-8000-0000000000c1", "0199c0de-0000-7000-8000-0000000000a1"
	data, err := json.MarshalIndent(UserChanged{
		User:   UserBrief{ID: person, Name: "Ўктам Каримов", Language: "uz", Status: "approved", Roles: []string{"applicant"}, Version: 3},
		Actor:  Actor{ID: manager, Role: "manager"},
		Reason: "Не та квартира",
		Apartment: &ApartmentBrief{
			ID: "0199c0de-0000-7000-8000-0000000000f1", Address: "Чиланзар, 5-й квартал, 12", Number: "34", Relation: "owner",
		},
		Know: []Knower{{Person: person, Relation: RelationSubject}},
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	e := Envelope{
		ID: DeriveID(person, "v3."+UserApartmentRejected), Type: TypeUserPrefix + UserApartmentRejected, Tenant: "acme", Source: "housing",
		Time: time.Date(2025, 10, 7, 12, 0, 0, 0, time.UTC), Correlation: person, ContentType: "application/json",
	}
	golden.Equal(t, "housing_user.golden.txt", wire(e.Header(), data))
}
