package pglocal

import "testing"

func TestReasonQuotesWhatMatters(t *testing.T) {
	for name, tc := range map[string]struct{ output, want string }{
		"a full disk is named, not the clean-up after it": {
			"running bootstrap script ... 2030-01-01 UTC [7] PANIC:  could not write to file \"pg_wal/xlogtemp.7\": No space left on device\nAborted\nchild process exited with exit code 134\ninitdb: removing contents of data directory \"/d\"\n",
			"running bootstrap script ... 2030-01-01 UTC [7] PANIC:  could not write to file \"pg_wal/xlogtemp.7\": No space left on device",
		},
		"without a complaint the last three lines are quoted": {"a\nb\r\nc\nd\n", "b; c; d"},
		"silence stays silent":                                {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := reason([]byte(tc.output)); got != tc.want {
				t.Errorf("reason(%q) = %q, want %q", tc.output, got, tc.want)
			}
		})
	}
}
