package requests

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"ukbot/api"
	"ukbot/housing/access"
	"ukbot/housing/unit"
)

// make creates a request as a caller and gives its number.
func (f *firm) make(ctx context.Context, by access.Caller) (string, error) {
	made, err := f.handlers.CreateRequest(access.With(ctx, by), api.CreateRequestRequestObject{
		Body: &api.RequestNew{Category: "plumbing", Urgency: "normal", Description: "Течёт кран", BuildingId: f.building, ApartmentId: &f.apartment},
	})
	if err != nil {
		return "", err
	}
	return made.(api.CreateRequest201JSONResponse).Body.Number, nil
}

// makeMany creates n requests, `at once` of them at a time.
func (f *firm) makeMany(by access.Caller, n, atOnce int) []string {
	f.t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	numbers := make([]string, 0, n)
	for i := range atOnce {
		wg.Go(func() {
			for range (n + atOnce - 1 - i) / atOnce {
				number, err := f.make(context.Background(), by)
				if err != nil {
					f.t.Errorf("create: %v", err)
					return
				}
				mu.Lock()
				numbers = append(numbers, number)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(numbers)
	return numbers
}

// days counts numbers by day and fails on a gap or a double.
func days(t *testing.T, numbers []string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, number := range numbers {
		counts[number[:6]]++
	}
	for day, n := range counts {
		for i := range n {
			if want := fmt.Sprintf("%s-%03d", day, i+1); !slices.Contains(numbers, want) {
				t.Errorf("%s is missing among %d of that day", want, n)
			}
		}
	}
	return counts
}

func TestTwelveHundredNumbersADayHaveNoGaps(t *testing.T) {
	f := newFirm(t)
	numbers := f.makeMany(f.person(access.Applicant), 1200, 10)
	if counts := days(t, numbers); counts["260302"] != 1200 {
		t.Errorf("numbers by day: %v, want 1200 of 260302", counts)
	}
	if !slices.Contains(numbers, "260302-999") || !slices.Contains(numbers, "260302-1200") {
		t.Errorf("past 999 the numbers grow wider: %v", numbers[len(numbers)-3:])
	}
}

func TestNumbersBeginAnewAtTheCompanysMidnight(t *testing.T) {
	f := newFirm(t)
	resident := f.person(access.Applicant)
	midnight := time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC) // in Tashkent
	f.set(midnight.Add(-time.Millisecond))
	var wg sync.WaitGroup
	var late []string
	wg.Go(func() { late = f.makeMany(resident, 60, 5) })
	f.set(midnight) // while they are made
	after := f.makeMany(resident, 60, 5)
	wg.Wait()
	counts := days(t, append(late, after...))
	if counts["260302"]+counts["260303"] != 120 || counts["260303"] < 60 {
		t.Errorf("numbers by day: %v, want 120 in all, of the new day 60 or more", counts)
	}
}

func TestNumbersSurviveAChangeOfTheTimeZone(t *testing.T) {
	f := newFirm(t)
	resident := f.person(access.Applicant)
	f.set(time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC)) // 3 March in Tashkent, 2 March in London
	numbers := f.makeMany(resident, 5, 1)
	for _, zone := range []string{"Europe/London", "Asia/Tashkent", "Europe/London"} {
		f.exec("UPDATE companies SET time_zone = $1", zone)
		numbers = append(numbers, f.makeMany(resident, 5, 1)...)
	}
	if counts := days(t, numbers); counts["260303"] != 10 || counts["260302"] != 10 {
		t.Errorf("numbers by day: %v, want 10 and 10", counts)
	}
}

func TestWhatIsRolledBackLeavesNoGap(t *testing.T) {
	f := newFirm(t)
	resident := f.person(access.Applicant)
	numbers := f.makeMany(resident, 3, 1)
	refused := errors.New("refused after the number was drawn")
	err := f.handlers.store.Do(context.Background(), func(w *unit.Work) error {
		if _, err := f.make(unit.With(context.Background(), w), resident); err != nil {
			return err
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Fatal(err)
	}
	numbers = append(numbers, f.makeMany(resident, 3, 3)...)
	if counts := days(t, numbers); counts["260302"] != 6 {
		t.Errorf("numbers by day: %v, want 6", counts)
	}
}
