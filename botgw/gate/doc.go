// Package gate is what every update passes before anything is done about it:
// first the limit, then the log and the figures, then who it is.
//
//	g, err := gate.New(gate.Config{…})
//	wg.Go(func() { errs <- g.Run(ctx) })
//	err = g.Pass(ctx, update, func(ctx context.Context, t *talk.Turn) error { return router.Handle(ctx, t) })
//
// Nobody is handled without an answer of the housing services on who they are:
// Turn.API acts as the person, or with the bot's own key for who has no session.
// A store that is away lets people through the limit, and says so in a metric;
// services that are away are told to the person at once, and their return later.
//
// No name, text, token or id of a person reaches the log or a metric.
package gate
