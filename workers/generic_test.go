package workers

import (
	"strings"
	"testing"

	"ukbot/events"
	"ukbot/golden"
)

func TestGenericFindsALineForPeople(t *testing.T) {
	for sentence, tc := range map[string]struct{ body, want string }{
		"message":                           {`{"action":"f","description":"e","summary":"d","title":"c","text":"b","message":"a"}`, "a"},
		"then text":                         {`{"action":"f","description":"e","summary":"d","title":"c","text":"b"}`, "b"},
		"then title":                        {`{"action":"f","description":"e","summary":"d","title":"c"}`, "c"},
		"then summary":                      {`{"action":"f","description":"e","summary":"d"}`, "d"},
		"then description":                  {`{"action":"f","description":"e"}`, "e"},
		"then action":                       {`{"action":"f"}`, "f"},
		"a message that is an object":       {`{"message":{"text":"x"},"title":"c"}`, "c"},
		"a message that is null or blank":   {`{"message":null,"text":" \n ","title":"c"}`, "c"},
		"several lines become one":          {`{"message":"раз\n  два\tтри"}`, "раз два три"},
		"a long one is cut between letters": {`{"message":"` + strings.Repeat("ы", 300) + `"}`, strings.Repeat("ы", 200)},
		"NUL goes":                          {`{"message":"a\u0000b"}`, "ab"},
		"none of them":                      {`{"a":1}`, ""},
		"a list":                            {`["message"]`, ""},
		"no JSON":                           {`message=a`, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			data := handled(t, hook("github", "push", tc.body)).Derived[0].Data.(events.Generic)
			if data.Summary != tc.want {
				t.Errorf("summary of %s is %q, want %q", tc.body, data.Summary, tc.want)
			}
		})
	}
}

func TestGenericPassesOnASmallJSONBody(t *testing.T) {
	full := `{"message":"m","pad":"` + strings.Repeat("x", genericBodyMax-24) + `"}`
	for sentence, tc := range map[string]struct {
		body string
		want bool
	}{
		"an object":         {`{"a":1}`, true},
		"a list":            {`[1]`, true},
		"a number":          {`7`, true},
		"null":              {`null`, true},
		"exactly 16 KiB":    {full, true},
		"a byte above":      {full + " ", false},
		"nothing":           {"", false},
		"a form":            {"a=1&b=2", false},
		"half an object":    {`{"a":`, false},
		"bytes":             {"\x00\xff", false},
		"JSON and leftover": {`{} {}`, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			data := handled(t, hook("github", "push", tc.body)).Derived[0].Data.(events.Generic)
			if got := data.Body != nil; got != tc.want || got && string(data.Body) != tc.body {
				t.Errorf("a body of %d bytes is passed on: %v, want %v", len(tc.body), got, tc.want)
			}
		})
	}
	if data := handled(t, hook("github", "push", full+" ")).Derived[0].Data.(events.Generic); data.Summary != "m" {
		t.Errorf("summary of a large body is %q, want m", data.Summary)
	}
}

func TestGenericGolden(t *testing.T) {
	golden.Equal(t, "generic.golden", shown(t, handled(t, hook("shopify", "orders/create", `{"id": 7, "title": "Заказ <7>"}`))))
	golden.Equal(t, "generic_stripe.golden", shown(t, handled(t, hook("stripe", "customer.created", `{"id":"evt_1","type":"customer.created"}`))))
}
