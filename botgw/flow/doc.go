// Package flow walks a person through the steps of a form: one table says what
// is asked, what is accepted and what comes next (Form, Step); the engine adds
// Back, Cancel and "step n of N", answers everything that does not fit, and
// keeps the half-filled form in the bucket "fsm".
//
// A record is advanced by compare-and-set, and remembers the updates it was
// advanced by: two replicas, a double tap or a redelivery advance it once, and
// are all answered with the step that is current. After an hour a form is no
// longer open, and for a day it is a draft that can be taken up again.
// Of a form's messages only the one that asks the current step has buttons.
//
// Who routes updates asks the engine in this order:
//
//	a tap                      → the Route of its Do, those of Routes among them
//	/cancel                    → Cancel; false: no form is open, say so
//	another command, menu key  → its Order, then Leave
//	anything else              → Handle; false: no form waits for it, say what can be done
//	anything of who waits for approval → Waiting, but for the Routes
//
// Turn.Step is "<form>/<step>" for the figures; Turn.Outcome says what became of
// the form or of the answer: begun, finished, cancelled, late, discarded,
// complaint, unfit, stale, forbidden, unreadable, or "" for a step forward.
//
// Words for Cancel and Back that somebody writes, and commands nobody knows, are
// Handle's too: they never become data. A form that two replicas finish at once
// is finished twice; its changes carry idempotency keys, so that they are one.
package flow
