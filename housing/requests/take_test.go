package requests_test

import (
	"net/http"
	"sync"
	"testing"

	"ukbot/housing/housingtest"
)

// TestOneOfManyTakesIt lets executors race for each of fifty requests.
func TestOneOfManyTakesIt(t *testing.T) {
	s := tell(t)
	racers := []*housingtest.Client{s.executor}
	for range 4 {
		racer := s.Executor("plumbing")
		s.onShift(racer, "executor")
		racers = append(racers, racer)
	}
	for range 50 {
		r := s.make()
		answers := make([]*housingtest.Response, len(racers))
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i, racer := range racers {
			wg.Go(func() {
				<-start
				answers[i] = racer.Do("POST", "/requests/"+r.Number+"/take", nil)
			})
		}
		close(start)
		wg.Wait()
		winner := ""
		for i, answer := range answers {
			if answer.StatusCode == http.StatusOK {
				if winner != "" {
					t.Fatalf("%s was taken twice", r.Number)
				}
				winner = racers[i].ID()
			}
		}
		for _, answer := range answers {
			if p := answer.Problem(); answer.StatusCode != http.StatusOK && (p.Code != "already_taken" || p.By == nil || p.By.Id != winner) {
				t.Fatalf("%s was taken by %q; another was told %s", r.Number, winner, answer.Raw)
			}
		}
		if winner == "" {
			t.Fatalf("nobody got %s", r.Number)
		}
	}
}
