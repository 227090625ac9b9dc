package workflow

import (
	"math/rand/v2"
	"slices"
	"testing"

	"ukbot/housing/access"
)

// next is where a request may go from each status, written down a second time
// and from the specification, not from the table.
var next = map[Status][]Status{
	New:           {InProgress, Cancelled},
	InProgress:    {InProgress, Purchase, Clarification, Completed},
	Purchase:      {InProgress, Clarification},
	Clarification: {InProgress, Purchase},
	Completed:     {InProgress, Confirmed},
	Confirmed:     {Accepted, Returned},
	Returned:      {InProgress},
	Accepted:      nil,
	Cancelled:     nil,
}

func TestRandomWalksStayWithinTheTable(t *testing.T) {
	const walks, steps = 5000, 40
	random := rand.New(rand.NewPCG(1, 2)) // repeatable
	roles := append(slices.Clone(access.Roles), Machine)
	var actions []Action
	for _, row := range Table {
		actions = append(actions, row.Action)
	}
	seen := map[Status]int{}
	for range walks {
		status := New
		for range steps {
			action, role, own := actions[random.IntN(len(actions))], roles[random.IntN(len(roles))], random.IntN(2) == 0
			row, err := Find(status, action, role, own)
			if err != nil {
				continue
			}
			if !slices.Contains(next[status], row.To) {
				t.Fatalf("%s by %s leads from %s to %s", action, role, status, row.To)
			}
			status = row.To
			seen[status]++
		}
	}
	for _, info := range Statuses {
		if seen[info.Status] == 0 && info.Status != New {
			t.Errorf("%d walks never came to %s", walks, info.Status)
		}
	}
}
