// Package botgw is the only place that knows Telegram: who is told of which
// event in which words (notices.go is the table, notify.go the work), how a
// notice reaches its chat once, in order and within Telegram's limits (send.go),
// and the client with its errors and what each of them asks for.
//
//	bot := botgw.NewBot(token, endpoint, 10*time.Second)
//	id, err := bot.Send(ctx, botgw.Outgoing{ChatID: chat, Text: "<b>25 000 so'm</b>"})
//	switch v := botgw.Classify(err); v.Action {
//	case botgw.Success: // also when there was nothing to change
//	case botgw.HoldChat: // wait v.RetryAfter
//	…
//	}
//
// It promises that a bot's token stands in no error and no log line, that every
// call ends with its context or its time-out, and that each refusal of Telegram
// has one agreed consequence (the table in telegram_errors.go). A call is made
// once: whoever makes it decides about another try, because a message whose
// answer was lost may have arrived.
package botgw
