package housing_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"ukbot/housing/housingtest"
	"ukbot/nats/natstest"
)

func TestWithoutStreamsOnlyFilesWait(t *testing.T) {
	s := housingtest.Start(t)
	resident := s.Applicant()
	body := newRequest(s, resident)
	var made struct{ ID string }
	resident.Do("POST", "/requests", body).Want(t, 201, &made)
	s.NATS.Stop()
	resident.Do("GET", "/requests/"+made.ID, nil).Want(t, 200)
	resident.Do("POST", "/requests", body).Want(t, 201)
	form, contentType := photo(t)
	r := resident.Do("POST", "/requests/"+made.ID+"/files", form, "Content-Type: "+contentType).WantProblem(t, 503, "stream_unavailable")
	if r.Header.Get("Retry-After") == "" {
		t.Error("Retry-After is missing")
	}
	s.NATS.Start()
	resident.Do("POST", "/requests/"+made.ID+"/files", form, "Content-Type: "+contentType).Want(t, 201)
}

func TestWithoutDatabaseEverybodyIsToldToWait(t *testing.T) {
	s := housingtest.Start(t)
	admin := s.Admin()
	admin.Do("GET", "/company", nil).Want(t, 200)
	config := s.Pool.Config().ConnConfig.Copy()
	name := pgx.Identifier{config.Database}.Sanitize()
	config.Database = "postgres"
	server, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(t.Context())
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := server.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec("ALTER DATABASE " + name + " ALLOW_CONNECTIONS false")
	exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", s.Pool.Config().ConnConfig.Database)
	for _, path := range []string{"/company", "/users", "/yards"} {
		if r := admin.Do("GET", path, nil).WantProblem(t, 503, "database_unavailable"); r.Header.Get("Retry-After") == "" {
			t.Error("Retry-After is missing")
		}
	}
	admin.Do("POST", "/yards", map[string]any{"name": "Двор"}, "Idempotency-Key: k").WantProblem(t, 503, "database_unavailable")
	exec("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true")
	natstest.Wait(t, "the database to be used again", func() bool { return admin.Do("GET", "/company", nil).StatusCode == 200 })
	admin.Do("POST", "/yards", map[string]any{"name": "Двор"}, "Idempotency-Key: k").Want(t, 201)
}
