package ingress

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"sync"
)

// signaturesMax is how many signatures of one request are looked at. Stripe
// sends one per active secret, which is two while rotating.
const signaturesMax = 16

// signatures are the readable ones among those a request brought.
type signatures struct {
	sums  [signaturesMax][sha256.Size]byte
	count int
}

// strictBase64 refuses non-zero padding bits: one signature, one text.
var strictBase64 = base64.StdEncoding.Strict()

// add takes a signature if it decodes to 32 bytes. Others cannot match and are
// left out, as are those beyond signaturesMax.
func (s *signatures) add(text, encoding string) {
	if s.count == signaturesMax {
		return
	}
	sum := &s.sums[s.count]
	if encoding == "base64" {
		// Decoded into 33 bytes: the encoder writes whole groups of three.
		var wide [sha256.Size + 1]byte
		if len(text) != base64.StdEncoding.EncodedLen(sha256.Size) {
			return
		}
		if n, err := strictBase64.Decode(wide[:], []byte(text)); err != nil || n != sha256.Size {
			return
		}
		copy(sum[:], wide[:])
	} else {
		if len(text) != hex.EncodedLen(sha256.Size) {
			return
		}
		if _, err := hex.Decode(sum[:], []byte(text)); err != nil {
			return
		}
	}
	s.count++
}

// contain compares all of them, in constant time.
func (s *signatures) contain(sum []byte) bool {
	same := 0
	for i := range s.count {
		same |= subtle.ConstantTimeCompare(s.sums[i][:], sum)
	}
	return same == 1
}

// signingKey computes HMAC-SHA256 under one secret. States are reused: a reset
// one has the key's two blocks hashed already, which is half the work of a
// short message.
type signingKey struct{ states sync.Pool }

type macState struct {
	mac     hash.Hash
	sum     []byte
	scratch []byte
}

func newSigningKey(key []byte) *signingKey {
	return &signingKey{states: sync.Pool{New: func() any {
		return &macState{mac: hmac.New(sha256.New, key), sum: make([]byte, 0, sha256.Size), scratch: make([]byte, 0, 64)}
	}}}
}

// made says whether one of got is this key's signature.
func (k *signingKey) made(t template, id, timestamp string, body []byte, got *signatures) bool {
	s := k.states.Get().(*macState) // the pool holds nothing else
	defer k.states.Put(s)
	s.mac.Reset()
	s.scratch = t.write(s.mac, s.scratch, id, timestamp, body)
	s.sum = s.mac.Sum(s.sum[:0])
	return got.contain(s.sum)
}
