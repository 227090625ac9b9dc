package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"ukbot/api"
	"ukbot/events"
	"ukbot/nats"
)

// TestARequestLivesItsLifeOverTheAPI is the demo company on a working day: a
// resident asks, a manager assigns, an executor reports with a photo, the
// manager confirms, the resident is content. Every change is an event.
func TestARequestLivesItsLifeOverTheAPI(t *testing.T) {
	p := startDev(t, openDir(t))
	resident, manager := p.person("--as", "applicant"), p.person("--as", "manager")
	made := resident.asks(t, "evening-leak", "Течёт кран на кухне 🚰 <срочно>")
	onShift, special := true, api.Category("plumbing")
	able, err := manager.ListExecutorsWithResponse(t.Context(), &api.ListExecutorsParams{OnShift: &onShift, Specialisation: &special})
	if err != nil || able.JSON200 == nil || len(able.JSON200.Items) == 0 {
		t.Fatalf("no plumber is on shift in the demo company: %v %s", err, able.Body)
	}
	plumber := able.JSON200.Items[0].Id
	assigned, err := manager.AssignRequestWithResponse(t.Context(), made.Number, nil, api.RequestAssignment{ExecutorId: plumber})
	settledAs(t, "assign", err, assigned.StatusCode(), assigned.Body)

	executor := p.person("--user", plumber.String())
	photo := executor.uploads(t, made.Number)
	done, err := executor.CompleteRequestWithResponse(t.Context(), made.Number, nil, api.RequestCompletion{Comment: "Заменил картридж", Files: []uuid.UUID{photo}})
	settledAs(t, "complete", err, done.StatusCode(), done.Body)
	confirmed, err := manager.ConfirmRequestWithResponse(t.Context(), made.Number, nil)
	settledAs(t, "confirm", err, confirmed.StatusCode(), confirmed.Body)
	stars := 5
	accepted, err := resident.AcceptRequestWithResponse(t.Context(), made.Number, nil, api.RequestAcceptance{Stars: &stars})
	settledAs(t, "accept", err, accepted.StatusCode(), accepted.Body)

	want := []string{"created", "assigned", "completed", "confirmed", "accepted"}
	var got []string
	// The upload may be an event of its own: what must be there, must be in order.
	eventually(t, arriveIn, "the events of the request", func() bool {
		got = slices.DeleteFunc(p.changes(made.Id), func(change string) bool { return !slices.Contains(want, change) })
		return len(got) >= len(want)
	})
	if !slices.Equal(got, want) {
		t.Errorf("events on the stream are %v, want %v", got, want)
	}
}

// TestARepeatedRequestAfterAKillIsTheSame kills ukbot right after the answer,
// which the client may not have seen.
func TestARepeatedRequestAfterAKillIsTheSame(t *testing.T) {
	dir := openDir(t)
	p := startDev(t, dir)
	first := p.person("--as", "applicant").asks(t, "flow-7", "Не работает лифт")
	p.kill()
	p = startDev(t, dir)
	again := p.person("--as", "applicant").asks(t, "flow-7", "Не работает лифт")
	if again.Id != first.Id || again.Number != first.Number {
		t.Errorf("the repeat made %s, the first was %s", again.Number, first.Number)
	}
	// The killed relay's lease must end first.
	eventually(t, arriveIn, "the event of the request", func() bool { return len(p.changes(first.Id)) > 0 })
	if got := p.changes(first.Id); !slices.Equal(got, []string{"created"}) {
		t.Errorf("events %v, want one", got)
	}
}

// somebody uses the API with a token of their own.
type somebody struct{ *api.ClientWithResponses }

// person logs one of the demo company in, chosen as `ukbot token` does.
func (p *program) person(chosen ...string) somebody {
	p.t.Helper()
	token := strings.TrimSpace(p.command(append([]string{"token"}, chosen...)...))
	client, err := api.NewClientWithResponses("http://"+p.http+"/api/v1", api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}))
	if err != nil {
		p.t.Fatal(err)
	}
	return somebody{client}
}

// asks files a request for the person's own flat.
func (s somebody) asks(t *testing.T, key, description string) api.Request {
	t.Helper()
	me, err := s.GetMeWithResponse(t.Context())
	if err != nil || me.JSON200 == nil {
		t.Fatalf("who am I: %v %s", err, me.Body)
	}
	homes, err := s.ListUserApartmentsWithResponse(t.Context(), me.JSON200.Id)
	if err != nil || homes.JSON200 == nil || len(homes.JSON200.Items) == 0 {
		t.Fatalf("the resident has no flat: %v %s", err, homes.Body)
	}
	home := homes.JSON200.Items[0]
	made, err := s.CreateRequestWithResponse(t.Context(), &api.CreateRequestParams{IdempotencyKey: &key}, api.RequestNew{
		Category: "plumbing", Urgency: "urgent", Description: description, BuildingId: home.BuildingId, ApartmentId: &home.ApartmentId,
	})
	if err != nil || made.JSON201 == nil {
		t.Fatalf("create: %v %s", err, made.Body)
	}
	if made.JSON201.Description != description {
		t.Errorf("description is %q, want %q", made.JSON201.Description, description)
	}
	return *made.JSON201
}

// uploads a small photo to a request.
func (s somebody) uploads(t *testing.T, number string) uuid.UUID {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "после ремонта.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(part, image.NewGray(image.Rect(0, 0, 32, 32)), nil); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	stored, err := s.UploadFileWithBodyWithResponse(t.Context(), number, nil, form.FormDataContentType(), &body)
	if err != nil || stored.JSON201 == nil {
		t.Fatalf("upload: %v %s", err, stored.Body)
	}
	return stored.JSON201.Id
}

func settledAs(t *testing.T, action string, err error, status int, body []byte) {
	t.Helper()
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s: %d %v %s", action, status, err, body)
	}
}

// changes is what the stream tells of a request, in its order.
func (p *program) changes(request uuid.UUID) []string {
	p.t.Helper()
	conn, err := nats.Connect(p.dev.NATS, "admin", zerolog.Nop())
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	prefix := strings.TrimSuffix(events.RequestSubject(events.DefaultTenant, "x"), "x")
	var changes []string
	err = nats.Read(p.t.Context(), conn.JS, nats.ReadRange{Stream: nats.StreamEvents}, func(m *nats.Message) error {
		change, about := strings.CutPrefix(m.Subject, prefix)
		var data events.RequestChanged
		if !about {
			return nil
		}
		if err := json.Unmarshal(m.Data, &data); err != nil {
			return err
		}
		if data.Request.ID == request.String() {
			changes = append(changes, change)
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return changes
}

// TestTheDocumentsExamplesWorkInTheDemoCompany: whoever opens /docs for the
// first time sends what stands in the form.
func TestTheDocumentsExamplesWorkInTheDemoCompany(t *testing.T) {
	dir := openDir(t)
	p := startDev(t, dir)
	key, err := os.ReadFile(filepath.Join(dir, "company-key"))
	if err != nil {
		t.Fatal(err)
	}
	document, err := openapi3.NewLoader().LoadFromData(api.Document)
	if err != nil {
		t.Fatal(err)
	}
	send := func(path, at string) (made struct{ Number string }) {
		t.Helper()
		example, err := json.Marshal(document.Paths.Find(path).Post.RequestBody.Value.Content["application/json"].Example)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.http+"/api/v1"+at, bytes.NewReader(example))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-API-Key", strings.TrimSpace(string(key)))
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode >= 300 {
			t.Fatalf("POST %s %s is answered %d %s (%v)", at, example, answer.StatusCode, body, err)
		}
		if err := json.Unmarshal(body, &made); err != nil {
			t.Fatal(err)
		}
		return made
	}
	request := "/requests/" + send("/requests", "/requests").Number
	send("/requests/{request}/assign", request+"/assign")
	send("/requests/{request}/comments", request+"/comments")
	send("/buildings", "/buildings")
	send("/buildings/{building}/apartments", "/buildings/581e14b6-6bfd-8442-8c5c-3847e7dc0f75/apartments")
}
