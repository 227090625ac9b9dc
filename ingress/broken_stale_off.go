//go:build !broken_stale

package ingress

// fresh says whether a signed timestamp lies within tolerance of now, before or
// after; all in seconds, none negative.
func fresh(at, now, tolerance int64) bool {
	distance := at - now // of two that are not negative: cannot overflow
	return max(distance, -distance) <= tolerance
}
