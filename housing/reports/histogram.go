package reports

import (
	"encoding/binary"
	"errors"
	"math"
)

// growth is how much longer each bucket's durations are than those of the one
// before: a median read from the middle of one is at most 2.5 % off. The query
// CountChanges sorts into the same buckets.
const growth = 1.05

// bucketMax bounds what is read from the database: 1.05^600 seconds are 160,000 years.
const bucketMax = 600

// histogram counts durations by bucket.
type histogram []int32

func (h *histogram) add(bucket int, n int32) {
	if bucket < 0 || bucket > bucketMax {
		return
	}
	for len(*h) <= bucket {
		*h = append(*h, 0)
	}
	(*h)[bucket] += n
}

func (h histogram) count() (n int64) {
	for _, of := range h {
		n += int64(of)
	}
	return n
}

// median is in seconds; zero of nothing.
func (h histogram) median() int64 {
	half := (h.count() + 1) / 2
	for bucket, n := range h {
		if half -= int64(n); half <= 0 && n > 0 {
			return int64(math.Round(math.Pow(growth, float64(bucket)+0.5)))
		}
	}
	return 0
}

// timed is the statuses whose durations are counted. Packed histograms name
// them by their place: only append.
var timed = []string{"new", "in_progress", "purchase", "clarification", "completed", "confirmed", "returned"}

// times is a histogram of each of them.
type times [7]histogram

// packing is the form of packed times, their first byte.
const packing = 1

// pack writes times as (status, bucket, n) for each bucket that is not empty.
func (t *times) pack() []byte {
	packed := []byte{packing}
	for status, h := range t {
		for bucket, n := range h {
			if n > 0 {
				packed = append(packed, byte(status))
				packed = binary.AppendUvarint(packed, uint64(bucket))
				packed = binary.AppendUvarint(packed, uint64(n))
			}
		}
	}
	return packed
}

var errPacked = errors.New("packed times are damaged")

// unpack adds packed times.
func (t *times) unpack(packed []byte) error {
	if len(packed) == 0 || packed[0] != packing {
		return errPacked
	}
	for packed = packed[1:]; len(packed) > 0; {
		status := int(packed[0])
		bucket, width := binary.Uvarint(packed[1:])
		if width <= 0 || status >= len(t) || bucket > bucketMax {
			return errPacked
		}
		packed = packed[1+width:]
		n, width := binary.Uvarint(packed)
		if width <= 0 || n > math.MaxInt32 {
			return errPacked
		}
		packed = packed[width:]
		t[status].add(int(bucket), int32(n))
	}
	return nil
}

func (t *times) merge(other *times) {
	for status, h := range other {
		for bucket, n := range h {
			if n > 0 {
				t[status].add(bucket, n)
			}
		}
	}
}
