// Package load puts load on an ukbot from the same machine and says what came of
// it: signed webhooks with unique ids, as providers send them, over connections
// that are kept open.
//
//	out, err := load.Closed{Addr: addr, Connections: 64, Measure: 10 * time.Second, Webhooks: w}.Run(ctx)
//	fmt.Println(out.Rate(), out.Unexpected())
//
// The loader is cheap, so that it takes little of what it measures: requests are
// written into one buffer and signed with a kept HMAC state, answers are read
// without net/http. Closed asks for the next answer when it has the last; Open
// keeps to a schedule and counts every latency from the moment a request was
// due, also where the server made it wait (no coordinated omission).
//
// It judges nothing: goals and verdicts are its caller's. It never sends to
// anything but the address it is given.
package load
