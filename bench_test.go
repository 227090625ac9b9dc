package main

import (
	"strings"
	"testing"
	"time"

	"ukbot/botgw/simulator"
	"ukbot/load"
)

func TestEveryGoalOfTheBenchHasANameOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, scenario := range benchScenarios {
		for _, goal := range scenario.goals {
			if seen[goal.Name] {
				t.Errorf("%s is there twice", goal.Name)
			}
			seen[goal.Name] = true
			bounds := 0
			for _, is := range []bool{goal.Least > 0, goal.Most > 0, goal.Zero, goal.Report} {
				if is {
					bounds++
				}
			}
			if bounds != 1 {
				t.Errorf("goal %s has %d bounds, want one", goal.Name, bounds)
			}
		}
	}
}

func TestMessagesArePairedWithTheirPayments(t *testing.T) {
	due := time.Unix(1000, 0)
	shots := make([]load.Shot, telegramPeople+2) // the first two people pay twice
	for n := range shots {
		shots[n].Due = due.Add(time.Duration(n) * time.Millisecond)
	}
	message := func(seq int64, person int, after time.Duration) simulator.Message {
		return simulator.Message{Seq: seq, ChatID: crowdChat(person), FromBot: true, Date: due.Add(after)}
	}
	second := telegramPeople * time.Millisecond
	got := pair([]simulator.Message{
		message(3, 1, second+20*time.Millisecond),
		message(1, 1, 5*time.Millisecond),
		message(2, 0, 7*time.Millisecond),
		message(4, 2, 8*time.Millisecond),
		message(5, 2, 9*time.Millisecond), // nobody asked for it
	}, shots)
	want := []time.Duration{4 * time.Millisecond, 7 * time.Millisecond, 19 * time.Millisecond, 6 * time.Millisecond}
	if len(got) != len(want) {
		t.Fatalf("%d pairs, want %d: %v", len(got), len(want), got)
	}
	for i, arrival := range got {
		if took := arrival.At.Sub(arrival.From); took != want[i] {
			t.Errorf("pair %d took %s, want %s", i, took, want[i])
		}
	}
}

func TestBenchKnowsItsScenarios(t *testing.T) {
	chosen, err := benchCommand{Only: []string{"idle", "open"}}.scenarios()
	if err != nil || len(chosen) != 2 || chosen[0].name != "idle" {
		t.Errorf("got %d scenarios, %v", len(chosen), err)
	}
	if _, err := (benchCommand{Only: []string{"nonsense"}}).scenarios(); err == nil || !strings.Contains(err.Error(), "backlog") {
		t.Errorf("an unknown scenario: %v, want an error that names those there are", err)
	}
}

func TestServersUnderLoadWorkWhenToldTo(t *testing.T) {
	work := make(chan struct{})
	followOrders(strings.NewReader("nonsense\n"+orderWork+"\n"), work)
	select {
	case <-work:
	default:
		t.Error("told to work, did not begin")
	}
}
