// Package events is the vocabulary that every role shares: the envelope of an
// event, the subjects it travels on, the ids that make it the same event on a
// second run, and the configuration of a webhook. Subjects and ids are built
// and parsed here and nowhere else. It uses the standard library only, does no
// I/O and knows nothing of NATS but the form of its headers.
package events
