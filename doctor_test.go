package main

import (
	"errors"
	"strings"
	"testing"

	"ukbot/botgw/bots"
)

func TestLanesMustBeEmptied(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		all  laneFigures
		want string // state, and what is to be done
	}{
		"nobody did anything":              {laneFigures{}, "ok"},
		"some are just being answered":     {laneFigures{pending: 3, inHand: 9}, "ok"},
		"some wait while a gateway asks":   {laneFigures{pending: 3, waiting: 1}, "ok"},
		"some wait and nobody asks":        {laneFigures{pending: 3}, "warn: nobody takes them: is `ukbot botgw` running?"},
		"many are to be tried again":       {laneFigures{inHand: lanesLate + 1, worst: "update-07"}, "warn: people wait: `nats consumer info UPDATES update-07` is the fullest lane"},
		"many wait, and gateways do their": {laneFigures{pending: lanesLate, inHand: 1, waiting: 32, worst: "update-00"}, "warn: people wait: `nats consumer info UPDATES update-00` is the fullest lane"},
	} {
		found := lanes("UPDATES", tc.all)
		if got := strings.TrimSuffix(found.State+": "+found.Do, ": "); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestASickBotIsNamed(t *testing.T) {
	t.Parallel()
	two := []bots.Record{{Tenant: "acme", Username: "acme_bot"}, {Tenant: "annex", ID: 200}}
	if found := botsFinding(two, []string{"", ""}); found.State != "ok" || !strings.HasPrefix(found.Detail, "2: ") {
		t.Errorf("two that are well: %+v", found)
	}
	if found := botsFinding(two[:1], []string{""}); found.State != "ok" || found.Detail != "@acme_bot of acme" {
		t.Errorf("one that is well: %+v", found)
	}
	if found := botsFinding(two, []string{"", "Unauthorized"}); found.State != "bad" || found.Detail != "bot 200 of annex: Unauthorized" || found.Do == "" {
		t.Errorf("one of two sick: %+v", found)
	}
}

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
