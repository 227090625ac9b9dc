// Package talk is what a conversation is made of: an update of Telegram as the
// bot understands it (Update), what the bot answers (Out: screens, toasts), and
// the turn that leads from the one to the other (Turn).
//
// A turn is pure: whoever handles it asks the housing services through
// Turn.API, and says with Show, Say, Edit and Toast what the person is to see.
// Nothing reaches Telegram before the handler has returned, so a test reads a
// turn's answers from Turn.Outs, and an update that comes again is answered
// again without acting again.
//
// Taps carry a Call: what to do and with what. Package botgw finds the Route that answers it.
package talk
