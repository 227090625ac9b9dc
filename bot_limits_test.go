package main

import (
	"maps"
	"testing"

	"ukbot/api"
	"ukbot/botgw/gate"
)

func TestLimitsOfTheBotAreRead(t *testing.T) {
	for text, want := range map[string]map[api.Role]gate.Limit{
		"":                       {},
		"executor=40/300/10/120": {api.RoleExecutor: {Minute: 40, Hour: 300, Commands: 10, Taps: 120}},
		"all=0/0/0/0, admin=1/2/3/4": {
			"": {}, api.RoleApplicant: {}, api.RoleExecutor: {}, api.RoleManager: {},
			api.RoleAdmin: {Minute: 1, Hour: 2, Commands: 3, Taps: 4},
		},
	} {
		if got, err := parseLimits(text); err != nil || !maps.Equal(got, want) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"executor", "executor=1/2/3", "executor=1/2/3/4/5", "boss=1/2/3/4", "=1/2/3/4", "all=-1/0/0/0", "all=1/2/3/x"} {
		if got, err := parseLimits(text); err == nil {
			t.Errorf("%q is %v, want an error", text, got)
		}
	}
}
