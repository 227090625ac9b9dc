package housing_test

import (
	"encoding/json"
	"testing"

	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// TestBodiesNameNothingOfAnotherTenant sends every operation's body with the ids
// of another tenant's things, to a thing of one's own tenant.
func TestBodiesNameNothingOfAnotherTenant(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	allowOffShift(t, s)
	named := 0
	for id, c := range bodied(t, s) {
		if _, ok := namesThings[id]; !ok {
			continue
		}
		named++
		t.Run(id, func(t *testing.T) {
			abroad := newScene(t, s, c.op, c.owner.Role, foreign)
			abroad.actor = abroad.owner // bodies are made as their people would
			body, err := json.Marshal(abroad.sound())
			if err != nil {
				t.Fatal(err)
			}
			r := c.send(c.actor.For(t), body)
			if r.StatusCode != 404 && r.StatusCode != 422 {
				t.Errorf("answered %d, want 404 or 422: %s", r.StatusCode, r.Raw)
			}
		})
	}
	if named != len(namesThings) {
		t.Errorf("%d of %d operations are in the document", named, len(namesThings))
	}
}

// namesThings are the operations whose bodies name things or people.
var namesThings = map[string]bool{
	"linkApartment": true, "createBuilding": true, "createApartment": true, "createRequest": true, "assignRequest": true,
	"completeRequest": true, "returnRequest": true, "createShift": true, "offerHandover": true, "useInvitation": true,
}

// TestKeysReachTheirScopesAndNoMore tries every operation with an API key that
// has its scope, and with one that has all others.
func TestKeysReachTheirScopesAndNoMore(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	allowOffShift(t, s)
	for _, op := range document(t) {
		if op.action == access.Public {
			continue
		}
		t.Run(op.OperationID, func(t *testing.T) {
			var others []access.Action
			for action := range access.Table {
				if action != op.action {
					others = append(others, action)
				}
			}
			with, without := s.Key(op.action).For(t), s.Key(others...).For(t)
			for _, whose := range relations(op) {
				c := newScene(t, s, op, ableRole(op), whose)
				c.actor = without
				if r := c.try(); r.StatusCode != 403 {
					t.Errorf("without the scope %s on %s: answered %d, want 403: %s", op.action, whose, r.StatusCode, r.Raw)
				}
				c.actor = with
				r := c.try()
				switch {
				case r.StatusCode >= 500, r.StatusCode == 401:
					t.Errorf("with the scope %s on %s: answered %d: %s", op.action, whose, r.StatusCode, r.Raw)
				case whose == foreign && r.StatusCode != 404 && r.StatusCode != 403:
					t.Errorf("with the scope %s on %s: answered %d, want 404: %s", op.action, whose, r.StatusCode, r.Raw)
				case whose == anothers && r.StatusCode == 404:
					t.Errorf("with the scope %s on %s: answered 404: %s", op.action, whose, r.Raw)
				}
			}
		})
	}
}
