package events

import (
	"strings"
	"testing"
)

func TestATraceIsKeptOrBegun(t *testing.T) {
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for name, tc := range map[string]struct {
		given string
		kept  bool
	}{
		"a good one":             {trace, true},
		"none":                   {"", false},
		"a long one":             {"00-" + trace, false},
		"capitals":               {strings.ToUpper(trace), false},
		"only dashes":            {strings.Repeat("-", traceLen), false},
		"a trace of zeros":       {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", false},
		"a parent of zeros":      {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false},
		"a version that is none": {"ff" + trace[2:], false},
	} {
		got := Traceparent(tc.given)
		if got == tc.given != tc.kept || !WellFormedTrace(got) || !strings.Contains(got, TraceID(got)) || len(TraceID(got)) != 32 {
			t.Errorf("%s: %q became %q", name, tc.given, got)
		}
	}
	if one, two := Traceparent(""), Traceparent(""); one == two {
		t.Errorf("two traces are both %s", one)
	}
}

func TestATraceTravelsInTheHeaders(t *testing.T) {
	w := sampleWebhook()
	if got := TraceOf(w.Envelope.Header()); got != w.Trace {
		t.Errorf("the headers have trace %q, want %q", got, w.Trace)
	}
	w.Trace = ""
	if got := TraceOf(w.Envelope.Header()) + TraceOf(nil) + TraceID("no trace"); got != "" {
		t.Errorf("of none came %q", got)
	}
}
