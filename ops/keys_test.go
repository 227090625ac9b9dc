package ops

import (
	"fmt"
	"strings"
	"testing"

	"ukbot/secret"
)

func TestParseKeysRefusesWhatIsNoEntryAndRepeatsNothingOfIt(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	for name, text := range map[string]string{
		"no hash":                       "ops:default",
		"the key instead of its hash":   "ops:default:ukb_SECRETSECRET",
		"a hash that is too short":      "ops:default:" + hash[2:],
		"no tenant":                     "ops::" + hash,
		"a tenant that is none":         "ops:A B:" + hash,
		"no name":                       ":default:" + hash,
		"a fourth part":                 "ops:default:" + hash + ":x",
		"the same name twice":           "ops:default:" + hash + ",ops:acme:" + hash,
		"a good one before a wrong one": "ops:default:" + hash + ",SECRETSECRET",
	} {
		t.Run(name, func(t *testing.T) {
			keys, err := ParseKeys(text)
			if err == nil || keys.Len() != 0 || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("ParseKeys(%q) = %d keys, %v", text, keys.Len(), err)
			}
		})
	}
}

func TestKeyIsFoundByItsHashAlone(t *testing.T) {
	one, first := NewKey("one", "acme")
	two, second := NewKey("two", AllTenants)
	keys, err := ParseKeys(" " + first + " , " + second + ",")
	if err != nil || keys.Len() != 2 {
		t.Fatalf("ParseKeys = %d keys, %v", keys.Len(), err)
	}
	if strings.Contains(first+second, one.Reveal()) || strings.Contains(fmt.Sprintf("%+v %#v", keys, keys), one.Reveal()) {
		t.Error("the key stands in its entry")
	}
	for name, tc := range map[string]struct {
		presented secret.Text
		want      string
	}{
		"the first":       {one, "one"},
		"the second":      {two, "two"},
		"none":            {"", ""},
		"another":         {"ukb_x", ""},
		"a hash":          {secret.Text(strings.Split(first, ":")[2]), ""},
		"with more to it": {one + "x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := keys.Find(tc.presented); got.Name != tc.want || ok != (tc.want != "") {
				t.Errorf("Find = %q, %v, want %q", got.Name, ok, tc.want)
			}
		})
	}
	if _, ok := (Keys{}).Find(""); ok {
		t.Error("no keys let somebody in")
	}
}
