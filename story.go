package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"ukbot/ops"
)

// tell writes an event's story for people, in the order it happened.
func tell(out io.Writer, s ops.Story) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  %s\n", s.EventID, s.Type, strings.ToUpper(s.Status))
	fmt.Fprintf(&b, "record %s, tenant %s, source %s\n\n", s.ID, s.Tenant, s.Source)
	step := func(at time.Time, format string, args ...any) {
		fmt.Fprintf(&b, "%s  %s\n", at.Local().Format("15:04:05.000"), fmt.Sprintf(format, args...))
	}
	step(s.ReceivedAt, "received %d bytes from %s, %s", s.PayloadBytes, orUnknown(s.Request.RemoteIP), signed(s.Request))
	fmt.Fprintf(&b, "              stored as %s #%d on %s (still there: %s)\n", s.Stream.Stream, s.Stream.Sequence, s.Subject, s.Stream.Stored)
	if s.DuplicateCount > 0 {
		fmt.Fprintf(&b, "              repeated %d×: answered as duplicate, nobody told again\n", s.DuplicateCount)
	}
	for _, a := range s.Attempts {
		step(a.At, "attempt %d: %s in %.1f ms%s%s", a.Number, a.Outcome, a.DurationMS, because(a.Error), by(a.Replay))
	}
	if s.ProcessedAt != nil && s.DurationMS != nil {
		step(*s.ProcessedAt, "%s, handled in %.2f ms, %d ms after it came", s.Status, *s.DurationMS, s.ProcessedAt.Sub(s.ReceivedAt).Milliseconds())
	}
	if s.NextRetryAt != nil {
		step(*s.NextRetryAt, "next attempt (%d of %d retries used)%s", s.RetryCount, s.MaxRetries, because(s.LastError))
	}
	for _, p := range s.Effects.Payments {
		fmt.Fprintf(&b, "              row: %s %s is %s, %d %s (smallest unit)\n", p.Kind, p.ExternalID, p.Status, p.AmountMinor, p.Currency)
	}
	for _, e := range s.Effects.Events {
		fmt.Fprintf(&b, "              event: %s on %s%s\n", e.Type, e.Subject, queued(e.Queued))
	}
	for _, n := range s.Notices.List {
		at := n.At
		if n.SentAt != nil {
			at = *n.SentAt
		}
		step(at, "message to chat %s (%s, %s): %s", n.Chat, n.Template, n.Language, n.Delivery)
	}
	if more := s.Notices.Total - len(s.Notices.List); more > 0 {
		fmt.Fprintf(&b, "              and %d more messages\n", more)
	}
	if s.Dead != nil {
		step(s.Dead.At, "dead letter #%d: %s\n              `ukbot dead retry %d` or `ukbot events retry %s` handles it again", s.Dead.Sequence, s.Dead.Error, s.Dead.Sequence, s.EventID)
	}
	fmt.Fprintf(&b, "\n%s\n", payload(s.Payload))
	_, err := io.WriteString(out, b.String())
	return err
}

func signed(r ops.Request) string {
	if r.SignatureValid {
		return "signature good (" + r.SignatureScheme + ")"
	}
	return "not signed (" + r.SignatureScheme + ")"
}

func orUnknown(text string) string {
	if text == "" {
		return "an unknown address"
	}
	return text
}

func because(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}

func by(replay string) string {
	if replay == "" {
		return ""
	}
	return " (" + replay + ")"
}

func queued(yes bool) string {
	if yes {
		return " (waits in the outbox)"
	}
	return ""
}

// payloadShown is how much of a body the story shows, in characters.
const payloadShown = 2000

func payload(p ops.Payload) string {
	switch {
	case len(p.JSON) > 0:
		return cut(string(p.JSON), payloadShown)
	case p.Bytes == 0:
		return "(empty body)"
	}
	return fmt.Sprintf("(%d bytes that are not JSON; --json has them)", p.Bytes)
}
