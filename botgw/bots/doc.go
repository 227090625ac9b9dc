// Package bots knows which bots there are and whose.
//
//	registry := bots.New(bots.Config{Conn: conn, Keys: keys, Own: bots.Own{Tenant: "default", Token: token}, …})
//	go registry.Run(ctx)
//	bot, ok := registry.ByTenant("default")
//	bot.Client.Send(ctx, …)
//
// A tenant has at most one bot: what stands in the table bots, and beside it the
// bot of this process's settings, which gives way to the table. The gateway
// needs no database to know them: a copy lies in the bucket bots, and a bot that
// comes, changes or goes there does so in every process within a second.
//
// Tokens and keys are sealed wherever they rest, each for its tenant alone, and
// stand in no log line and no error.
package bots
