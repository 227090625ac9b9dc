// Package simulator is a strict Bot API server for one machine: `ukbot dev`
// and the tests talk to it instead of api.telegram.org.
//
//	sim := simulator.New(simulator.Config{})
//	sim.AddBot("100:dev", "ukbot_dev_bot")
//	sim.AddUser(simulator.User{ID: 7, FirstName: "Aziza", LanguageCode: "uz"})
//	sim.Start("100:dev", 7) // before this the bot may not write to her
//	http.ListenAndServe("127.0.0.1:8081", sim.Handler())
//
// People do on their phones what people do: SendText, SendPhoto, SendAlbum, Tap,
// TapStale, PressKey, EditText, Block; WaitAnswer, KeyboardOf, CommandsOf and
// Action say what they see. Inspect serves the same as a page of four phones.
//
// It promises to refuse what Telegram refuses, in Telegram's own words, to keep
// Telegram's rules of updates (offsets, one poller, webhook or polling), and to
// fail on demand (SetFault). Messages are kept in memory, the last
// Config.KeepPerChat of each chat; an older one can be neither edited nor
// answered to.
//
// It never reaches the network, except to deliver webhooks to the address a bot
// has set (plain http is accepted, as by a local Bot API server). It supports
// no parse mode but HTML, fetches no files by URL, and ignores a method call
// written into a webhook's answer. Conflicts are answered at once, where
// Telegram holds them back for three seconds.
package simulator
