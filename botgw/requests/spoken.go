package requests

import (
	"ukbot/api"
	"ukbot/botgw/words"
)

// spoken is a request's address in the reader's language.
func spoken(b words.Book, r api.Request) string {
	if r.Apartment == nil {
		return r.Address
	}
	return b.Address(r.Address, r.Apartment.Name)
}
