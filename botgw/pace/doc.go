// Package pace gives a bot's messages their turns, within Telegram's limits: so
// many a second in all, one a second to a chat with short bursts, twenty a minute
// to a group. Answers go before urgent notices, those before the rest, and that
// before broadcasts.
//
//	line := lines.Of(bot)
//	err := line.Wait(ctx, chat, events.PriorityReply) // its turn
//	err = line.Pass(ctx)                              // not while Telegram holds the bot
//
// It sends nothing itself and knows no network: several replicas that send for
// one bot tell it how many they are.
package pace
