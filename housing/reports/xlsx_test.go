package reports

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"ukbot/housing/access"
	"ukbot/housing/company"
	"ukbot/housing/problem"
	"ukbot/housing/unit"
	"ukbot/sql/dbtest"
)

func TestWorkbookThatWouldBeTooLongIsRefused(t *testing.T) {
	pool := dbtest.New(t)
	for _, statement := range []string{
		`INSERT INTO companies (tenant_id, name) VALUES ('acme', 'Acme')`,
		`INSERT INTO yards (tenant_id, id, name) VALUES ('acme', '0199c0de-0000-7000-8000-000000000001', 'Двор')`,
		`INSERT INTO buildings (tenant_id, id, yard_id, address, search)
			VALUES ('acme', '0199c0de-0000-7000-8000-000000000002', '0199c0de-0000-7000-8000-000000000001', 'Чиланзар', '')`,
		`INSERT INTO users (tenant_id, id, name, language, status, roles, active_role, search)
			VALUES ('acme', '0199c0de-0000-7000-8000-000000000003', 'Анна', 'ru', 'approved', '{applicant}', 'applicant', '')`,
		`INSERT INTO requests (tenant_id, id, number, status, category, urgency, description, building_id, address, applicant_id, created_by,
				status_since, reaction_seconds, completion_seconds, reaction_due, completion_due, created_at, updated_at)
			SELECT 'acme', gen_random_uuid(), '260302-00' || n, 'new', 'lift', 'normal', 'Лифт', '0199c0de-0000-7000-8000-000000000002', 'Чиланзар',
				'0199c0de-0000-7000-8000-000000000003', 'x', now(), 60, 60, now(), now(), now(), now() FROM generate_series(1, 4) n`,
	} {
		if _, err := pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	h := New(Deps{Store: unit.Store{Pool: pool, Now: time.Now}, Log: zerolog.Nop()})
	caller := access.Caller{Tenant: "acme", Name: "key", Scopes: []access.Action{access.RequestsView}}
	searches, err := filter{group: "all"}.searches(t.Context(), h.found(), caller, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	made := table{h: h, company: company.Company{Tenant: "acme", Zone: time.UTC, Language: "ru"}, searches: searches, now: time.Now(), most: 4}
	book, err := made.workbook(context.WithoutCancel(t.Context()))
	if err != nil || book.Close() != nil {
		t.Fatalf("four requests fit: %v", err)
	}
	made.most = 3
	if _, err := made.workbook(t.Context()); !problem.Is(err, problem.Invalid) {
		t.Errorf("four requests where three may be: %v", err)
	}
}
