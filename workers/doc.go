// Package workers is the rules: what each webhook means. It takes events from
// the streams in batches, keeps a record of every one, turns them into rows and
// further events (handlers.go is the table), and announces those through an
// outbox that commits with the rows. A handler is a plain function of the
// event: it publishes nothing and writes nothing itself.
package workers
