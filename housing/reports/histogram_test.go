package reports

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func bucketOf(seconds int64) int {
	return int(math.Floor(math.Log(float64(max(seconds, 1))) / math.Log(growth)))
}

func TestMedianIsWithinFivePercent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var h histogram
		var all []int64
		for range 1 + random.IntN(200) {
			seconds := 1 + int64(math.Exp(random.Float64()*16))
			all = append(all, seconds)
			h.add(bucketOf(seconds), 1)
		}
		slices.Sort(all)
		want := float64(all[(len(all)-1)/2])
		if got := float64(h.median()); math.Abs(got-want) > max(want*0.05, 1) {
			t.Fatalf("median %v, want %v within 5 %%", got, want)
		}
	}
}

func TestMedianOfNothingIsZero(t *testing.T) {
	var h histogram
	if h.median() != 0 || h.count() != 0 {
		t.Error("nothing has a median")
	}
}

func TestPackedTimesAreTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var before, after times
	for range 1000 {
		before[random.IntN(len(before))].add(random.IntN(bucketMax+1), 1+random.Int32N(100000))
	}
	if err := after.unpack(before.pack()); err != nil {
		t.Fatal(err)
	}
	for status := range before {
		if !slices.Equal(before[status], after[status]) {
			t.Errorf("%s: %v, want %v", timed[status], after[status], before[status])
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte{packing, 0, 5, 1})
	f.Add([]byte{packing, 0, 0xFF, 0xFF, 0xFF})
	f.Fuzz(func(t *testing.T, packed []byte) {
		var h times
		if h.unpack(packed) != nil {
			return
		}
		var again times
		if err := again.unpack(h.pack()); err != nil {
			t.Error(err)
		}
	})
}
