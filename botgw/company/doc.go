// Package company is the bot's way to the housing services: the generated
// client over one transport with keep-alive, a deadline, three attempts where a
// repeat is harmless, a breaker, and the ids by which a call is found in the
// logs.
package company
