// Package botgw is the bot, and the only place that knows Telegram. Two ways
// lead through it:
//
//	in:  updates → gate (limit, log, auth) → router → forms, requests, desk → speak   (gateway.go)
//	out: an event → who is told, in which words (table.go) → the stream → Telegram    (notify.go, send.go)
//
// Out: a Notifier turns events into notices, a Sender delivers them by the
// tenant's bot. A notice reaches its chat once, in the order of events and within
// Telegram's limits, which it shares with the answers (package pace; replicas
// find one another in replicas.go). It may change a message that is there instead
// of adding one (cards.go), waits while its person wants quiet (later.go), and has
// one agreed consequence for each refusal of Telegram (deliver.go). A message is
// sent twice only where a crash falls between Telegram's answer and its record.
//
// It never decides what somebody may do: that is the housing services' word.
package botgw
