package housing_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"ukbot/housing/housingtest"
	"ukbot/nats/natstest"
)

func TestRunRemovesAnswersPastTheirDay(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	admin := s.Admin()
	admin.Do("POST", "/api-keys", keyBody("old"), "Idempotency-Key: old").Want(t, 201)
	s.Clock.Advance(23 * time.Hour)
	admin.Renew()
	admin.Do("POST", "/api-keys", keyBody("new"), "Idempotency-Key: new").Want(t, 201)
	s.Clock.Advance(2 * time.Hour)
	s.Run()
	natstest.Wait(t, "the old key to be removed", func() bool { return rows(t, s, "idempotency_keys") == 1 })
	admin.Renew()
	r := admin.Do("POST", "/api-keys", keyBody("new"), "Idempotency-Key: new").Want(t, 201)
	if r.Header.Get("Idempotency-Replayed") != "true" {
		t.Error("the young answer is gone")
	}
}

// TestLogAndMetricsHoldNoData looks for what was sent in what was written down.
func TestLogAndMetricsHoldNoData(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	admin := s.Admin(housingtest.Name("Zamira Secretova"), housingtest.Phone("+998909998877"))
	admin.Do("PATCH", "/me", map[string]any{"name": "Zamira Hiddenova"}, "If-Match: *").Want(t, 200)
	admin.Do("GET", "/users?q=Hiddenova", nil).Want(t, 200)
	admin.Do("GET", "/users?q=%00Hiddenova", nil).WantProblem(t, 422, "invalid")
	admin.Do("GET", "/company?token=Hiddenova", nil).WantProblem(t, 422, "invalid")
	log := s.Log.String()
	for _, secret := range []string{"Secretova", "Hiddenova", "998877", admin.Credential()} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	for _, want := range []string{`"route":"/users"`, `"method":"GET"`, `"status":422`, `"took_ms":`, `"tenant":"acme"`, `"caller":"` + admin.ID() + `"`} {
		if !strings.Contains(log, want) {
			t.Errorf("no log line has %s", want)
		}
	}
	got := counted(t, s, "ukbot_housing_requests_total")
	want := map[string]float64{"getCompany 4xx": 1, "listUsers 2xx": 1, "listUsers 4xx": 1, "updateMe 2xx": 1}
	if !maps.Equal(got, want) {
		t.Errorf("requests counted: %v, want %v", got, want)
	}
}

// counted is a counter's rows by their labels' values.
func counted(t *testing.T, s *housingtest.Server, name string) map[string]float64 {
	t.Helper()
	families, err := s.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			var values []string
			for _, label := range metric.GetLabel() {
				values = append(values, label.GetValue())
			}
			rows[strings.Join(values, " ")] = metric.GetCounter().GetValue()
		}
	}
	return rows
}

func TestRepeatedUploadIsOneFile(t *testing.T) {
	t.Parallel()
	s := housingtest.Start(t)
	resident := s.Applicant()
	var made struct{ ID string }
	resident.Do("POST", "/requests", newRequest(s, resident), "Idempotency-Key: request").Want(t, 201, &made)
	form, contentType := photo(t)
	var first, second struct{ ID string }
	upload := func(into any) *housingtest.Response {
		return resident.Do("POST", "/requests/"+made.ID+"/files", form, "Content-Type: "+contentType, "Idempotency-Key: file").Want(t, 201, into)
	}
	upload(&first)
	if r := upload(&second); r.Header.Get("Idempotency-Replayed") != "true" || first != second || rows(t, s, "request_files") != 1 {
		t.Errorf("two uploads made %v and %v, and %d files", first, second, rows(t, s, "request_files"))
	}
}
