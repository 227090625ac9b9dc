// Package telegram is the client of the Bot API: one call, its errors, and what
// fits into a message.
//
//	bot := telegram.New(token, endpoint, 10*time.Second)
//	id, err := bot.Send(ctx, telegram.Outgoing{ChatID: chat, Text: "<b>25 000 so'm</b>"})
//	switch v := telegram.Classify(err); v.Action {
//	case telegram.Success: // also when there was nothing to change
//	case telegram.HoldChat: // wait v.RetryAfter
//	…
//	}
//
// It promises that a bot's token stands in no error and no log line, that every
// call ends with its context or its time-out, and that each refusal of Telegram
// has one agreed consequence (the table in errors.go). A call is made once:
// whoever makes it decides about another try, because a message whose answer was
// lost may have arrived.
package telegram
