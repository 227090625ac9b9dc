package main

import (
	"errors"
	"testing"
)

func TestPassedDeadlinesMustBeAnnounced(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		pending         uint64
		inHand, waiting int
		want            string
	}{
		"nothing passed":                    {0, 0, 0, "ok"},
		"some are just being announced":     {3, 16, 0, "ok"},
		"some wait while a process listens": {3, 0, 1, "ok"},
		"some wait and nobody listens":      {3, 0, 0, "warn"},
		"many wait":                         {deadlinesLate, 16, 4, "warn"},
	} {
		if got := deadlines(tc.pending, tc.inHand, tc.waiting); got.State != tc.want || (got.State == "ok") != (got.Do == "") {
			t.Errorf("%s: %+v, want %s", name, got, tc.want)
		}
	}
}

func TestAnErrorOfSeveralLinesKeepsItsReason(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain": "plain",
		"failed to connect to `host=db`:\n\t10.0.0.1:5432 (db): connection refused\n\t10.0.0.2:5432 (db): connection refused": "failed to connect to `host=db`: 10.0.0.1:5432 (db): connection refused",
		"syntax error\nLINE 1: SELEC": "syntax error",
	} {
		if got := oneLine(errors.New(text)); got != want {
			t.Errorf("oneLine(%q) = %q, want %q", text, got, want)
		}
	}
}
