package housing_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"mime/multipart"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// queries are the values of required query parameters.
var queries = map[string]string{
	"from": "2026-03-02T00:00:00Z", "to": "2026-03-09T00:00:00Z", "format": "csv", "days": "7", "q": "кран",
}

// things makes what a path's parameter names, belonging to the scene's owner.
func things() map[string]func(*scene) string {
	return map[string]func(*scene) string{
		"user":    func(c *scene) string { return c.owner.ID() },
		"session": func(c *scene) string { return c.owner.Session.String() },
		"key": func(c *scene) string {
			name := c.s.Key(access.RequestsView).Name
			return c.text("SELECT id::text FROM api_keys WHERE tenant_id = $1 AND name = $2", c.s.Tenant, name)
		},
		"yard": func(c *scene) string {
			return c.text("SELECT yard_id::text FROM buildings WHERE tenant_id = $1 AND id = $2", c.s.Tenant, c.id("building"))
		},
		"building": func(c *scene) string {
			building, entrance := c.s.Building()
			c.made["entrance"] = entrance.String()
			return building.String()
		},
		"entrance": func(c *scene) string { c.id("building"); return c.made["entrance"] },
		"apartment": func(c *scene) string {
			apartment := c.s.Apartment(uuid.MustParse(c.id("building")), uuid.MustParse(c.id("entrance"))).String()
			c.exec(`INSERT INTO user_apartments (tenant_id, user_id, apartment_id, relation, status, asked_at)
			VALUES ($1, $2, $3, 'owner', 'pending', $4)`, c.s.Tenant, c.owner.User, apartment, c.s.Clock.Now())
			return apartment
		},
		"invitation": func(c *scene) string {
			id := uuid.New()
			c.exec(`INSERT INTO invitations (tenant_id, id, hash, role, created_by, created_at, expires_at) VALUES ($1, $2, $3, 'applicant', $4, $5, $6)`,
				c.s.Tenant, id, id[:], c.owner.ID(), c.s.Clock.Now(), c.s.Clock.Now().Add(time.Hour))
			return id.String()
		},
		"request": request,
		"file": func(c *scene) string {
			form, contentType := photo(c.t)
			var file struct{ ID string }
			c.owner.Do("POST", "/requests/"+c.id("request")+"/files", form, "Content-Type: "+contentType).Want(c.t, 201, &file)
			return file.ID
		},
		"shift": func(c *scene) string {
			return shift(c, c.owner.User.String())
		},
		"handover": handover,
		"absence": func(c *scene) string {
			id := uuid.New()
			c.exec(`INSERT INTO absences (tenant_id, id, user_id, starts_at, ends_at, reason, created_at) VALUES ($1, $2, $3, $4, $5, 'отпуск', $6)`,
				c.s.Tenant, id, c.owner.User, c.s.Clock.Now().Add(48*time.Hour), c.s.Clock.Now().Add(72*time.Hour), c.s.Clock.Now())
			return id.String()
		},
	}
}

// statuses is what a request must be for an operation to do something; "new" where it is not named.
var statuses = map[string]string{
	"purchaseRequest": "in_progress", "clarifyRequest": "in_progress", "resumeRequest": "purchase", "answerRequest": "clarification",
	"completeRequest": "in_progress", "confirmRequest": "completed", "reworkRequest": "completed", "acceptRequest": "confirmed",
	"returnRequest": "confirmed",
}

// request makes a request: made by its owner where that is a resident, given to
// them where that is an executor. One that an executor may take is free, and
// their own in the sense of the table when it needs what they can do.
func request(c *scene) string {
	status, category := "new", "plumbing"
	if s := statuses[c.op.OperationID]; s != "" {
		status = s
	}
	applicant := c.owner.User
	var executor *uuid.UUID
	switch {
	case c.owner.Role == access.Executor && c.op.OperationID == "takeRequest":
		applicant = c.s.Applicant().User
		if c.owner != c.actor {
			category = "lift"
		}
	case c.owner.Role == access.Executor:
		applicant, executor = c.s.Applicant().User, &c.owner.User
		if status == "new" {
			status = "in_progress"
		}
	case status != "new":
		executor = &c.s.Executor("plumbing").User
	}
	building, entrance := c.s.Building()
	apartment := c.s.Apartment(building, entrance)
	c.s.Lives(applicant, apartment)
	id, now := uuid.New(), c.s.Clock.Now()
	c.exec(`INSERT INTO requests (tenant_id, id, number, status, category, urgency, description, building_id, apartment_id, address, applicant_id,
			created_by, executor_id, status_since, reaction_seconds, completion_seconds, reaction_due, completion_due, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, 'normal', 'Течёт кран', $6, $7, 'дом 1', $8, $9, $10, $11, 3600, 36000, $12, $12, $11, $11)`,
		c.s.Tenant, id, "260302-"+id.String()[:8], status, category, building, apartment, applicant, applicant.String(), executor,
		now.Add(-100*time.Hour), now.Add(time.Hour))
	c.exec(`INSERT INTO request_history (tenant_id, request_id, seq, at, actor_id, actor_role, action, from_status, to_status, executor_id, seconds)
		VALUES ($1, $2, 1, $3, $4, 'applicant', 'create', '', $5, $6, 0)`, c.s.Tenant, id, now.Add(-100*time.Hour), applicant.String(), status, executor)
	return id.String()
}

// shift makes an executor's shift of now, in the state that the operation needs.
func shift(c *scene, user string) string {
	id, now := uuid.New(), c.s.Clock.Now()
	status, person := "planned", &user
	var opened *time.Time
	switch c.op.OperationID {
	case "closeShift", "offerHandover":
		status, opened = "open", &now
	case "takeShift":
		if c.owner == c.actor || c.actor.Role != access.Executor || c.s.Tenant != c.actor.Tenant {
			person = nil
		}
	}
	c.exec(`INSERT INTO shifts (tenant_id, id, user_id, role, starts_at, ends_at, status, opened_at, created_at, updated_at)
		VALUES ($1, $2, $3, 'executor', $4, $5, $6, $7, $4, $4)`, c.s.Tenant, id, person, now, now.Add(8*time.Hour), status, opened)
	return id.String()
}

// handover makes an offer that is the owner's to answer, or to withdraw.
func handover(c *scene) string {
	other := c.s.Executor("plumbing").User
	from, to := other, c.owner.User
	if c.op.OperationID == "withdrawHandover" {
		from, to = to, from
	}
	id, now := uuid.New(), c.s.Clock.Now()
	c.exec(`INSERT INTO shift_handovers (tenant_id, id, shift_id, from_id, to_id, reason, status, created_at) VALUES ($1, $2, $3, $4, $5, 'болезнь', 'offered', $6)`,
		c.s.Tenant, id, shift(c, from.String()), from, to, now)
	return id.String()
}

// bodies puts ids of things that are there into the document's examples.
func bodies() map[string]func(c *scene, body map[string]any) {
	return map[string]func(c *scene, body map[string]any){
		"switchRole":    func(c *scene, body map[string]any) { body["role"] = c.owner.Role },
		"registerUser":  func(_ *scene, body map[string]any) { body["telegram_id"] = rand.Int64N(1 << 40) },
		"useInvitation": func(c *scene, body map[string]any) { body["token"] = invitation(c) },
		"linkApartment": func(c *scene, body map[string]any) {
			body["apartment_id"] = c.s.Apartment(uuid.MustParse(c.id("building")), uuid.MustParse(c.id("entrance")))
		},
		"createBuilding":  func(c *scene, body map[string]any) { body["yard_id"] = c.id("yard") },
		"createApartment": func(c *scene, body map[string]any) { body["entrance_id"] = c.id("entrance") },
		"createRequest": func(c *scene, body map[string]any) {
			resident := c.actor
			delete(body, "applicant_id") // the example is a manager's
			if resident.IsMachine() || resident.Role == access.Manager || resident.Role == access.Admin {
				resident = c.s.Applicant()
				body["applicant_id"] = resident.User
			}
			body["building_id"], body["apartment_id"] = c.s.Home(resident.User)
		},
		"assignRequest": func(c *scene, body map[string]any) {
			body["executor_id"], body["reason"] = c.s.Executor("plumbing").User, "ближе всех"
		},
		"completeRequest": func(c *scene, body map[string]any) { body["files"] = []string{c.id("file")} },
		"returnRequest":   func(c *scene, body map[string]any) { body["files"] = []string{c.id("file")} },
		"acceptRequest": func(c *scene, body map[string]any) {
			if c.actor.Role != access.Applicant {
				delete(body, "stars")
				body["comment"] = "Жилец не отвечает третий день"
			}
		},
		"createShift": func(c *scene, body map[string]any) { body["user_id"] = c.s.Executor("plumbing").User },
		"updateShift": func(c *scene, body map[string]any) {
			body["ends_at"] = c.s.Clock.Now().Add(9 * time.Hour)
		},
		"offerHandover": func(c *scene, body map[string]any) { body["to"] = c.s.Executor("plumbing").User },
	}
}

// invitation makes one that anybody may use.
func invitation(c *scene) string {
	var made struct{ Token string }
	c.s.Admin().Do("POST", "/invitations", map[string]any{"role": "applicant", "expires_in_hours": 24}).Want(c.t, 201, &made)
	return made.Token
}

// photo is a form with a small picture.
func photo(t testing.TB) (form []byte, contentType string) {
	t.Helper()
	var picture, body bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", "кран.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(picture.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return body.Bytes(), w.FormDataContentType()
}

// allowOffShift lets the executors of these tests work without a shift.
func allowOffShift(t testing.TB, s *housingtest.Server) {
	t.Helper()
	settings, err := json.Marshal(map[string]any{"off_shift": "allow"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pool.Exec(t.Context(), "UPDATE companies SET settings = $1", settings); err != nil {
		t.Fatal(err)
	}
}

func (c *scene) exec(sql string, args ...any) {
	c.t.Helper()
	if _, err := c.s.Pool.Exec(c.t.Context(), sql, args...); err != nil {
		c.t.Fatalf("%s: %s: %v", c.op.OperationID, fmt.Sprintf("%.60s", sql), err)
	}
}

func (c *scene) text(sql string, args ...any) (text string) {
	c.t.Helper()
	if err := c.s.Pool.QueryRow(c.t.Context(), sql, args...).Scan(&text); err != nil {
		c.t.Fatalf("%s: %s: %v", c.op.OperationID, sql, err)
	}
	return text
}
