// Package speak brings a turn's answers to Telegram: screens to messages, calls
// to callback data and back, command lists to people.
//
//	s := speak.New(speak.Config{Conn: conn, Pace: pace, Pool: pool, Log: log})
//	err := s.Deliver(ctx, bot, turn.Update, turn.Outs) // after the handler has returned
//	call, stale, err := s.Decode(ctx, update)          // before it is called
//
// It promises that a tap is answered exactly once, whatever else fails; that
// answers keep their order; that a message is edited where it can be and
// replaced where it is gone; that markup which Telegram refuses is said plain;
// and that nothing of what people read or wrote gets into a log. What Telegram
// holds back for longer than a moment comes back as nats.RetryAfter, and what was
// delivered until then is not delivered again by this process.
//
// It decides nothing: which screen, for whom and in which words is the turn's.
package speak
