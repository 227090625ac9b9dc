package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// keyBytes is the length of an AES-256 key.
const keyBytes = 32

var (
	// ErrUnknownKey means that a sealed value names a key the keyset lacks.
	ErrUnknownKey = errors.New("sealed with a key that is not in the keyset (UKBOT_KEYS)")
	// ErrSealBroken means that a sealed value was altered or moved to another owner.
	ErrSealBroken = errors.New("sealed value does not open: altered, or bound to another owner")
)

// Keyset encrypts with its first key and decrypts with any: rotation is putting
// a new key in front and keeping the old one until everything is sealed anew.
type Keyset struct {
	primary string
	ciphers map[string]cipher.AEAD
}

// ParseKeyset reads "name:base64[,name:base64…]", each key 32 bytes. Names are
// letters, digits and dashes. Errors never repeat key material.
func ParseKeyset(text Text) (*Keyset, error) {
	set := &Keyset{ciphers: map[string]cipher.AEAD{}}
	for i, part := range strings.Split(text.Reveal(), ",") {
		name, encoded, found := strings.Cut(strings.TrimSpace(part), ":")
		if !found || name == "" || strings.ContainsAny(name, ". ") {
			return nil, fmt.Errorf("key %d: want name:base64", i+1)
		}
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(key) != keyBytes {
			return nil, fmt.Errorf("key %q: want %d bytes in base64", name, keyBytes)
		}
		if _, twice := set.ciphers[name]; twice {
			return nil, fmt.Errorf("key %q is there twice", name)
		}
		if set.ciphers[name], err = newGCM(key); err != nil {
			return nil, fmt.Errorf("key %q: %w", name, err)
		}
		if i == 0 {
			set.primary = name
		}
	}
	return set, nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// NewKey makes a fresh entry for a keyset, in the form ParseKeyset reads.
func NewKey(name string) Text {
	key := make([]byte, keyBytes)
	rand.Read(key) // never fails (crypto/rand)
	return Text(name + ":" + base64.StdEncoding.EncodeToString(key))
}

// Seal encrypts plain for one owner ("webhook/<tenant>/<source>"): the same
// bytes copied to another owner's row do not open there. The form is
// "v1.<key name>.<base64 of nonce and ciphertext>".
func (k *Keyset) Seal(plain Text, owner string) string {
	gcm := k.ciphers[k.primary]
	nonce := make([]byte, gcm.NonceSize())
	rand.Read(nonce)
	sealed := gcm.Seal(nonce, nonce, []byte(plain.Reveal()), []byte(owner))
	return "v1." + k.primary + "." + base64.RawURLEncoding.EncodeToString(sealed)
}

// Open decrypts what Seal made for the same owner.
func (k *Keyset) Open(sealed, owner string) (Text, error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != "v1" {
		return "", ErrSealBroken
	}
	gcm, known := k.ciphers[parts[1]]
	if !known {
		return "", fmt.Errorf("key %q: %w", parts[1], ErrUnknownKey)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(raw) < gcm.NonceSize() {
		return "", ErrSealBroken
	}
	plain, err := gcm.Open(nil, raw[:gcm.NonceSize()], raw[gcm.NonceSize():], []byte(owner))
	if err != nil {
		return "", ErrSealBroken
	}
	return Text(plain), nil
}
