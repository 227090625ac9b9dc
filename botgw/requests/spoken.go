package requests

import (
	"strings"

	"ukbot/api"
	"ukbot/botgw/words"
)

// spoken is a request's address in the reader's language. It was put into words
// when the request was made, in the company's language: only how the apartment is
// called differs, and its number stands beside it.
func spoken(b words.Book, r api.Request) string {
	if r.Apartment == nil {
		return r.Address
	}
	for _, language := range words.Languages {
		end := words.For(language).Plain("flow.place_apartment", words.Args{"Address": "", "Number": r.Apartment.Name})
		if street, is := strings.CutSuffix(r.Address, end); is && street != "" {
			return b.Plain("flow.place_apartment", words.Args{"Address": street, "Number": r.Apartment.Name})
		}
	}
	return r.Address
}
