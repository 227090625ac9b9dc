package speak

import "ukbot/botgw/talk"

// Short is the callback data of a call, for buttons that somebody else sends;
// false where it is too long for one and would need a token.
func Short(c talk.Call) (string, bool) {
	text := encode(c)
	return text, len(text) <= dataMax
}
