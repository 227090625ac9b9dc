package unit_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"ukbot/events"
	"ukbot/housing/unit"
	"ukbot/sql/db"
	"ukbot/sql/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var errStop = errors.New("stop")

func store(t *testing.T) unit.Store {
	t.Helper()
	return unit.Store{Pool: dbtest.New(t), Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC) }}
}

func add(ctx context.Context, s unit.Store, tenant string) error {
	return s.Do(ctx, func(w *unit.Work) error {
		if _, err := w.AddCompany(ctx, db.AddCompanyParams{TenantID: tenant, Name: tenant, TimeZone: "UTC", Language: "ru", Settings: []byte("{}")}); err != nil {
			return err
		}
		return w.Emit(unit.Event{ID: "e-" + tenant, Type: "housing.test", Subject: "housing.test." + tenant, Tenant: tenant})
	})
}

// committed is the events in the outbox and whether the tenants are there.
func committed(t *testing.T, s unit.Store, tenants ...string) (ids []string, there []bool) {
	t.Helper()
	q := db.New(s.Pool)
	rows, err := q.NextOutbox(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		ids = append(ids, row.MessageID)
	}
	for _, tenant := range tenants {
		_, err := q.Company(t.Context(), tenant)
		there = append(there, err == nil)
	}
	return ids, there
}

func TestRowsAndEventsCommitTogether(t *testing.T) {
	s := store(t)
	if err := add(t.Context(), s, "acme"); err != nil {
		t.Fatal(err)
	}
	if ids, there := committed(t, s, "acme"); !slices.Equal(ids, []string{"e-acme"}) || !there[0] {
		t.Errorf("events %v, there %v", ids, there)
	}
}

func TestARefusedUnitLeavesNothing(t *testing.T) {
	s := store(t)
	after := false
	err := s.Do(t.Context(), func(w *unit.Work) error {
		w.After(func(context.Context) { after = true })
		if err := add(unit.With(t.Context(), w), s, "acme"); err != nil {
			return err
		}
		return errStop
	})
	if !errors.Is(err, errStop) || after {
		t.Fatalf("%v, after ran: %t", err, after)
	}
	if ids, there := committed(t, s, "acme"); len(ids) != 0 || there[0] {
		t.Errorf("events %v, there %v", ids, there)
	}
}

func TestInnerUnitsJoinAndOwnOnesStay(t *testing.T) {
	s := store(t)
	err := s.Do(t.Context(), func(w *unit.Work) error {
		ctx := unit.With(t.Context(), w)
		if err := add(ctx, s, "joined"); err != nil {
			return err
		}
		if err := s.Own(ctx, func(own *unit.Work) error { return add(unit.With(ctx, own), s, "own") }); err != nil {
			return err
		}
		return errStop
	})
	if !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	ids, there := committed(t, s, "joined", "own")
	if !slices.Equal(ids, []string{"e-own"}) || !slices.Equal(there, []bool{false, true}) {
		t.Errorf("events %v, there %v: want only the one of its own", ids, there)
	}
}

func TestAllOfAUnitHappensAtOneMomentInItsOrder(t *testing.T) {
	s := store(t)
	var now time.Time
	err := s.Do(t.Context(), func(w *unit.Work) error {
		now = w.Now
		for _, id := range []string{"1", "2", "3"} {
			if err := w.Emit(unit.Event{ID: id, Type: "housing.test", Subject: "housing.test.acme", Tenant: "acme"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if ids, _ := committed(t, s); !slices.Equal(ids, []string{"1", "2", "3"}) {
		t.Errorf("events %v", ids)
	}
	if want := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC); !now.Equal(want) {
		t.Errorf("now %v, want %v: milliseconds, as events carry them", now, want)
	}
}

func TestEventsArePartOfWhatAskedForTheUnit(t *testing.T) {
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	s := store(t)
	if err := add(unit.WithTrace(t.Context(), trace), s, "acme"); err != nil {
		t.Fatal(err)
	}
	if err := add(t.Context(), s, "alone"); err != nil {
		t.Fatal(err)
	}
	rows, err := db.New(s.Pool).NextOutbox(t.Context(), 0, 10)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d events, %v", len(rows), err)
	}
	for i, want := range []string{trace, ""} {
		var header map[string][]string
		if err := json.Unmarshal(rows[i].Headers, &header); err != nil {
			t.Fatal(err)
		}
		if got := events.TraceOf(header); got != want {
			t.Errorf("event %s has trace %q, want %q", rows[i].MessageID, got, want)
		}
	}
}
