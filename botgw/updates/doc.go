// Package updates takes in what people do in Telegram and hands it to the bot,
// in the order of each chat.
//
//	in := updates.NewIntake(updates.IntakeConfig{Conn: conn, Publisher: publisher, Bots: registry, …})
//	in.Register(app)               // POST /telegram/<bot id>
//	go in.Run(ctx)                 // sets webhooks, or polls
//	lanes := updates.NewLanes(conn, publisher, updates.LanesConfig{Bots: registry, …}, handle)
//	go lanes.Run(ctx)
//
// It promises that Telegram is told "taken" only when the stream has stored the
// update as it came; that an update which comes again, by either way, is stored
// once; that a chat's updates are handled one after the other on any number of
// replicas while all chats go on at once; and that no update, however broken,
// ends more than its own handling: what can never be handled becomes a dead
// letter with its cause.
//
// It never answers anybody and never logs what an update says.
package updates
