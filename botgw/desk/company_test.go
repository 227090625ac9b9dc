package desk_test

import (
	"bytes"
	"image"
	"image/png"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"ukbot/housing/access"
	"ukbot/housing/housingtest"
)

// body is JSON of a request.
type body = map[string]any

// longName is as long as a name may be, and full of what markup must not take for its own.
var longName = strings.Repeat("Ж<b>&\"' 🏠", 9) + strings.Repeat("я", 10)

// town is a company with people of every kind.
type town struct {
	*office
	root, boss, rustam, anna *housingtest.Client
	newcomer, outcast        *housingtest.Client
	home                     uuid.UUID // where the newcomer says that they live
}

func newTown(t *testing.T) *town {
	t.Helper()
	o := open(t)
	w := &town{office: o, root: o.Admin(housingtest.Name("Root")), boss: o.Manager(housingtest.Name("Dilnoza Karimova"))}
	w.rustam = o.Person(access.Executor, housingtest.Name("Rustam <b>Aliev</b>"), housingtest.Can("plumbing", "lift"), housingtest.AlsoRole(access.Applicant))
	w.anna = o.Applicant(housingtest.Name("Anna & Co"))
	w.newcomer = o.Applicant(housingtest.Name(longName), housingtest.Status("pending"))
	w.outcast = o.Applicant(housingtest.Name("Out"))
	w.root.Do("POST", "/users/"+w.outcast.ID()+"/block", body{"reason": "Рвал <i>объявления</i> & ругался"}).Want(t, 200)
	building, entrance := o.Building()
	w.home = o.Apartment(building, entrance)
	w.asks(w.newcomer, w.home)
	return w
}

// asks links a person to an apartment; it waits for a word of a manager.
func (w *town) asks(who *housingtest.Client, apartment uuid.UUID) {
	w.t.Helper()
	_, err := w.Pool.Exec(w.t.Context(), `INSERT INTO user_apartments (tenant_id, user_id, apartment_id, relation, status, asked_at)
		VALUES ($1, $2, $3, 'tenant', 'pending', $4)`, w.Tenant, who.User, apartment, w.Clock.Now())
	must(w.t, err)
}

// hour is a moment of Monday by the company's clock, which begins at nine.
func (o *office) hour(h float64) time.Time {
	return housingtest.Monday.Add(time.Duration((h - 9) * float64(time.Hour)))
}

// shift plans a shift; nil: a free one.
func (w *town) shift(who *housingtest.Client, from, to float64, note string) string {
	w.t.Helper()
	b := body{"role": "executor", "starts_at": w.hour(from), "ends_at": w.hour(to), "note": note}
	if who != nil {
		b["user_id"] = who.ID()
	}
	var made struct{ ID string }
	w.boss.Do("POST", "/shifts", b).Want(w.t, 201, &made)
	return made.ID
}

// work makes requests of a resident, one of which is done and rated.
func (w *town) work() {
	w.t.Helper()
	building, apartment := w.Home(w.anna.User)
	var made struct{ Number string }
	for _, category := range []string{"lift", "lift", "cleaning", "plumbing"} {
		w.anna.Do("POST", "/requests", body{
			"category": category, "urgency": "urgent", "description": "x", "building_id": building, "apartment_id": apartment,
		}).Want(w.t, 201, &made)
	}
	w.Clock.Advance(5 * time.Minute)
	path := "/requests/" + made.Number
	w.boss.Do("POST", path+"/assign", body{"executor_id": w.rustam.ID()}).Want(w.t, 200)
	form, header := picture(w.t)
	var file struct{ ID string }
	w.rustam.Do("POST", path+"/files", form, header).Want(w.t, 201, &file)
	w.Clock.Advance(5 * time.Minute)
	w.rustam.Do("POST", path+"/complete", body{"comment": "done", "files": []string{file.ID}}).Want(w.t, 200)
	w.boss.Do("POST", path+"/confirm", nil).Want(w.t, 200)
	w.anna.Do("POST", path+"/accept", body{"stars": 5}).Want(w.t, 200)
}

func picture(t *testing.T) (form []byte, header string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", "done.png")
	if err == nil {
		err = png.Encode(part, image.NewGray(image.Rect(0, 0, 8, 8)))
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes(), "Content-Type: " + w.FormDataContentType()
}
