package secret

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestTextIsNeverPrinted(t *testing.T) {
	const value = "whsec_topsecret"
	held := struct{ Token Text }{Token: value}
	asJSON, err := json.Marshal([]any{Text(value), held})
	if err != nil {
		t.Fatal(err)
	}
	for name, printed := range map[string]string{
		"%s": fmt.Sprintf("%s", held.Token), "%v": fmt.Sprintf("%v", held), "%+v": fmt.Sprintf("%+v", held),
		"%#v": fmt.Sprintf("%#v", held), "%q": fmt.Sprintf("%q", held.Token), "json": string(asJSON),
		"error": fmt.Errorf("set %v", held).Error(),
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(printed, "topsecret") {
				t.Errorf("printed %q", printed)
			}
		})
	}
	if held.Token.Reveal() != value {
		t.Errorf("Reveal() = %q, want %q", held.Token.Reveal(), value)
	}
}

func keyset(t *testing.T, texts ...Text) *Keyset {
	t.Helper()
	var parts []string
	for _, text := range texts {
		parts = append(parts, text.Reveal())
	}
	set, err := ParseKeyset(Text(strings.Join(parts, ",")))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestSealedValuesOpenOnlyForTheirOwnerAndKey(t *testing.T) {
	old, fresh := NewKey("2025"), NewKey("2026")
	before := keyset(t, old)
	sealed := before.Seal("s3cret", "webhook/a/stripe")
	if strings.Contains(sealed, "s3cret") {
		t.Fatalf("sealed form %q holds the plain text", sealed)
	}
	after := keyset(t, fresh, old)
	if got, err := after.Open(sealed, "webhook/a/stripe"); err != nil || got.Reveal() != "s3cret" {
		t.Errorf("Open after rotation = %q, %v; want the secret", got.Reveal(), err)
	}
	if !strings.HasPrefix(after.Seal("x", "o"), "v1.2026.") {
		t.Error("a new seal does not use the first key")
	}
	for name, tc := range map[string]struct {
		set           *Keyset
		sealed, owner string
		want          error
	}{
		"another owner":    {before, sealed, "webhook/b/stripe", ErrSealBroken},
		"a missing key":    {keyset(t, fresh), sealed, "webhook/a/stripe", ErrUnknownKey},
		"an altered value": {before, sealed[:len(sealed)-2] + "AA", "webhook/a/stripe", ErrSealBroken},
		"nonsense":         {before, "plain", "webhook/a/stripe", ErrSealBroken},
		"a short value":    {before, "v1.2025.AA", "webhook/a/stripe", ErrSealBroken},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if _, err := tc.set.Open(tc.sealed, tc.owner); !errors.Is(err, tc.want) {
				t.Errorf("Open = %v, want %v", err, tc.want)
			}
		})
	}
}

func TestBadKeysetsAreRefusedWithoutRepeatingThem(t *testing.T) {
	key := NewKey("k").Reveal()
	for name, text := range map[string]string{
		"empty": "", "no name": strings.TrimPrefix(key, "k"), "short key": "k:c2hvcnRzZWNyZXQ=",
		"not base64": "k:shortsecret!", "the same name twice": key + "," + key,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseKeyset(Text(text))
			if err == nil {
				t.Fatal("accepted")
			}
			if strings.Contains(err.Error(), "shortsecret") || strings.Contains(err.Error(), key[3:20]) {
				t.Errorf("the error repeats the key: %v", err)
			}
		})
	}
}
