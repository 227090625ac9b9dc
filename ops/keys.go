package ops

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"ukbot/events"
	"ukbot/secret"
)

// AllTenants as the tenant of a key means that it may ask for any.
const AllTenants = "*"

// Keys are the API keys that are let in. The zero value lets nobody in.
type Keys struct{ keys []Key }

// Key is who holds an API key and what for.
type Key struct {
	Name   string
	Tenant string // AllTenants: any

	hash [sha256.Size]byte // of the key; the key itself is nowhere
}

// errKeyForm says what an entry is; it repeats nothing of a wrong one, which
// may be a key put in the place of its hash.
var errKeyForm = errors.New("want name:tenant:sha256 of the key in hex, tenant * for all")

// ParseKeys reads UKBOT_API_KEYS: "name:tenant:sha256hex(key)", comma-separated.
func ParseKeys(text string) (Keys, error) {
	var all Keys
	names := map[string]bool{}
	for i, entry := range strings.Split(text, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		key, err := parseKey(entry)
		if err != nil {
			return Keys{}, fmt.Errorf("api key %d: %w", i+1, err)
		}
		if names[key.Name] {
			return Keys{}, fmt.Errorf("api key %d: the name %q is there twice", i+1, key.Name)
		}
		names[key.Name] = true
		all.keys = append(all.keys, key)
	}
	return all, nil
}

func parseKey(entry string) (Key, error) {
	parts := strings.Split(entry, ":")
	if len(parts) != 3 || !events.ValidName(parts[0]) {
		return Key{}, errKeyForm
	}
	key := Key{Name: parts[0], Tenant: parts[1]}
	if key.Tenant != AllTenants && !events.ValidName(key.Tenant) {
		return Key{}, errKeyForm
	}
	hash, err := hex.DecodeString(parts[2])
	if err != nil || len(hash) != sha256.Size {
		return Key{}, errKeyForm
	}
	copy(key.hash[:], hash)
	return key, nil
}

// Len is how many keys there are.
func (k Keys) Len() int { return len(k.keys) }

// Find says whose key a presented text is. It compares with all of them in
// constant time: how long it takes tells nothing.
func (k Keys) Find(presented secret.Text) (Key, bool) {
	hash := sha256.Sum256([]byte(presented.Reveal()))
	found := -1
	for i := range k.keys {
		if subtle.ConstantTimeCompare(hash[:], k.keys[i].hash[:]) == 1 {
			found = i
		}
	}
	if found < 0 || presented.Reveal() == "" {
		return Key{}, false
	}
	return k.keys[found], true
}

// NewKey makes a fresh key and its entry for UKBOT_API_KEYS. The key is shown
// once; the entry holds only its hash.
func NewKey(name, tenant string) (plain secret.Text, entry string) {
	plain = secret.Text("ukb_" + rand.Text() + rand.Text()) // 260 bits: no need for a slow hash
	return plain, KeyEntry(name, tenant, plain)
}

// KeyEntry is a key's entry for UKBOT_API_KEYS.
func KeyEntry(name, tenant string, plain secret.Text) string {
	hash := sha256.Sum256([]byte(plain.Reveal()))
	return name + ":" + tenant + ":" + hex.EncodeToString(hash[:])
}
