package nats

import (
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"ukbot/events"
)

// Names of the streams. What each holds and why it is kept so stands in Streams.
const (
	StreamWebhooks   = "WEBHOOKS"
	StreamEvents     = "EVENTS"
	StreamUpdates    = "UPDATES"
	StreamNotices    = "NOTICES"
	StreamDead       = "DEAD"
	StreamAdvisories = "ADVISORIES"
	StreamClocks     = "CLOCKS"
)

// Names of the key-value buckets.
const (
	BucketHooks   = "webhook_configs"
	BucketOnce    = "once"
	BucketLeases  = "leases"
	BucketRevoked = "revoked"

	BucketBots      = "bots"
	BucketFSM       = "fsm"
	BucketSessions  = "sessions"
	BucketLimits    = "limits"
	BucketCallbacks = "callbacks"
	BucketCards     = "cards"
	BucketWaiting   = "waiting"
)

// ObjectsFiles is the object store of photos and documents.
const ObjectsFiles = "files"

// Names of the durable consumers that do not depend on a configuration. Those
// of WEBHOOKS are one per webhook configuration: see HookConsumer.
const (
	DurableNotify = "notify"
	DurableNet    = "dead-net"
	DurableClocks = "clocks"
)

// DuplicateWindow is how long JetStream itself refuses a repeated webhook. It
// costs about 125 bytes of memory per event in it; what comes later is caught
// by the record's unique key.
const DuplicateWindow = 2 * time.Minute

const day = 24 * time.Hour

// Streams is every stream. All keep to limits (replay needs it) in files. Replicas come from
// the configuration. None discards new messages: schedules would not work.
var Streams = []jetstream.StreamConfig{
	{
		Name: StreamWebhooks, Description: "what providers sent, byte for byte, and retries parked as schedules",
		Subjects: []string{events.WebhookSubjects, events.RetrySubjects, events.RepeatSubjects},
		MaxAge:   30 * day, // a month to replay from; PostgreSQL keeps the records
		// Not compressed: a full block is compressed and written anew on the goroutine
		// that stores, and every webhook waits (docs/decisions/0007).
		Duplicates: DuplicateWindow, Compression: jetstream.NoCompression,
		AllowMsgSchedules: true, // parked retries fire back onto integration.webhook.>
		AllowDirect:       true,
	},
	{
		Name: StreamEvents, Description: "what ukbot made of it: payments, sheets, addresses, housing",
		Subjects: []string{
			events.PaymentSubjects, events.SheetsSubjects, events.GeocodingSubjects,
			events.GenericSubjects, events.HousingSubjects,
		},
		MaxAge: 30 * day, Duplicates: DuplicateWindow, Compression: jetstream.S2Compression, AllowDirect: true,
	},
	{
		Name: StreamUpdates, Description: "what people did in Telegram, as it came, in lanes per chat",
		Subjects: []string{events.UpdateSubjects},
		MaxAge:   3 * day,
		// Telegram repeats what it does not know to be stored for 24 hours: a set of
		// ids, about 125 bytes each, and no watermark (ids begin anew after a quiet week).
		Duplicates: day, Compression: jetstream.S2Compression, AllowDirect: true,
	},
	{
		Name: StreamNotices, Description: "what people are to be told, in lanes per chat",
		Subjects:   []string{events.NoticeSubjects},
		MaxAge:     3 * day, // older news would only confuse
		Duplicates: DuplicateWindow, Compression: jetstream.S2Compression,
		AllowMsgSchedules: true, // what waits for the end of quiet hours, or for a bot (docs/decisions/0010)
		AllowDirect:       true,
	},
	{
		Name: StreamDead, Description: "messages that could not be handled, with their cause",
		Subjects: []string{events.DeadSubjects},
		MaxAge:   90 * day, Duplicates: DuplicateWindow, Compression: jetstream.S2Compression, AllowDirect: true,
	},
	{
		Name: StreamClocks, Description: "deadlines of repair requests as schedules, and those that fired",
		Subjects:   []string{events.ClockSubjects, events.ClockDueSubjects},
		MaxAge:     100 * day, // a schedule older than this stream's age would be gone before it fires: deadlines are at most 90 days
		Duplicates: DuplicateWindow, Compression: jetstream.NoCompression,
		AllowMsgSchedules: true, AllowDirect: true,
	},
	{
		Name: StreamAdvisories, Description: "the net under the dead letters: the server's own word that a message was given up",
		Subjects: []string{
			"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
			"$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
		},
		MaxAge: 7 * day, MaxMsgs: 100_000, AllowDirect: true,
	},
}

// Buckets is every key-value bucket.
var Buckets = []jetstream.KeyValueConfig{
	{Bucket: BucketHooks, Description: "webhook configurations for the ingress, secrets sealed", History: 5},
	{Bucket: BucketOnce, Description: "notices that reached Telegram: id to message", TTL: 30 * day},
	{Bucket: BucketRevoked, Description: "sessions and people whose access tokens count no more", TTL: time.Hour}, // four times a token's life
	{Bucket: BucketBots, Description: "bots of the tenants for the gateway, tokens sealed"},
	// A form is open for an hour by its own stamp; what is left of it is a draft for a day.
	{Bucket: BucketFSM, Description: "forms that people are filling, and their drafts", TTL: 25 * time.Hour},
	{Bucket: BucketSessions, Description: "people's sessions with the housing services, sealed", TTL: day},
	// In memory: a restart forgives. Telegram's own limits are still in front.
	{Bucket: BucketLimits, Description: "when people wrote last, for the limits", TTL: 2 * time.Hour, Storage: jetstream.MemoryStorage},
	{Bucket: BucketCallbacks, Description: "what buttons ask for where 64 bytes are too few", TTL: 7 * day},
	{Bucket: BucketCards, Description: "the last message about a request in a chat, to be edited", TTL: 30 * day},
	{Bucket: BucketWaiting, Description: "who was told to come back later", TTL: day},
	// What a killed holder costs, like a message in its hands. Much shorter, and an election
	// of the servers' (4 s to 9 s) would take every lease away from who is well.
	{Bucket: BucketLeases, Description: "who of several replicas does what only one may", TTL: AckWait},
}

// Objects is every object store.
var Objects = []jetstream.ObjectStoreConfig{
	{Bucket: ObjectsFiles, Description: "photos and documents of repair requests, by tenant and id"},
}

// Consumers is every durable consumer of a fixed name.
var Consumers = append([]ConsumerSpec{
	{StreamEvents, jetstream.ConsumerConfig{
		Durable: DurableNotify, Description: "events to notices",
		FilterSubjects: []string{events.PaymentSubjects, events.SheetsSubjects, events.GeocodingSubjects, events.GenericSubjects, events.HousingSubjects},
		AckPolicy:      jetstream.AckExplicitPolicy, AckWait: AckWait, MaxAckPending: 2_000, MaxDeliver: -1,
	}},
	{StreamClocks, jetstream.ConsumerConfig{
		Durable: DurableClocks, Description: "deadlines that passed to events",
		FilterSubjects: []string{events.ClockDueSubjects},
		AckPolicy:      jetstream.AckExplicitPolicy, AckWait: AckWait, MaxAckPending: 2_000, MaxDeliver: -1,
	}},
	{StreamAdvisories, jetstream.ConsumerConfig{
		Durable: DurableNet, Description: "given-up messages to dead letters",
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: AckWait, MaxAckPending: 100, MaxDeliver: -1,
	}},
}, append(lanes(), updateLanes()...)...)

// ConsumerSpec is a durable consumer and the stream it reads.
type ConsumerSpec struct {
	Stream string
	Config jetstream.ConsumerConfig
}

// AckWait is how long the server waits for an answer before it delivers again:
// what a crash costs. Handlers that take longer send in-progress beats.
const AckWait = 10 * time.Second

// laneGroup is the priority group that pins a lane to one client, so that a
// chat's notices stay in order on any number of replicas.
const laneGroup = "lane"

// lanes are the consumers that send notices.
func lanes() []ConsumerSpec {
	specs := make([]ConsumerSpec, 0, events.Lanes)
	for lane := range events.Lanes {
		specs = append(specs, laneSpec(StreamNotices, LaneConsumer(lane), "notices of one lane to Telegram", events.NoticeFilter(lane)))
	}
	return specs
}

// updateLanes are the consumers that answer people.
func updateLanes() []ConsumerSpec {
	specs := make([]ConsumerSpec, 0, events.Lanes)
	for lane := range events.Lanes {
		specs = append(specs, laneSpec(StreamUpdates, UpdateConsumer(lane), "updates of one lane to the bot", events.UpdateFilter(lane)))
	}
	return specs
}

// laneSpec is the consumer of one lane, with one active client.
func laneSpec(stream, durable, description, filter string) ConsumerSpec {
	return ConsumerSpec{stream, jetstream.ConsumerConfig{
		Durable: durable, Description: description, FilterSubjects: []string{filter},
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: AckWait, MaxAckPending: laneAckPending, MaxDeliver: -1,
		PriorityPolicy: jetstream.PriorityPolicyPinned, PriorityGroups: []string{laneGroup},
		PinnedTTL: 10 * time.Second, // above the pull's expiry, or the pin would wander while idle
	}}
}

// laneAckPending bounds the notices, or updates, of one lane that wait in memory for their
// chat's turn. A chat on hold fills at most its lane.
const laneAckPending = 256

// LaneConsumer is the durable of one lane of notices.
func LaneConsumer(lane int) string { return "send-" + twoDigits(lane) }

// UpdateConsumer is the durable of one lane of updates.
func UpdateConsumer(lane int) string { return "update-" + twoDigits(lane) }

func twoDigits(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }

// Limits of the consumer of one webhook configuration.
const (
	// hookAckPending is how many of one configuration's events may be delivered
	// and unanswered. A parked retry holds such a slot, hence ParkSlots below it.
	hookAckPending = 10_000
	// ParkSlots is how many of them may be parked retries; more become schedules.
	ParkSlots = 5_000
)

// HookConsumer is the durable of one webhook configuration. Each has its own:
// the failing thousands of one tenant stand in nobody else's way.
func HookConsumer(tenant, source string) ConsumerSpec {
	return ConsumerSpec{StreamWebhooks, jetstream.ConsumerConfig{
		Durable: HookDurable(tenant, source), Description: "webhooks of " + tenant + "/" + source + " to records",
		FilterSubjects: []string{events.WebhookFilter(tenant, source), events.RepeatSubject(tenant, source)},
		AckPolicy:      jetstream.AckExplicitPolicy, AckWait: AckWait, MaxAckPending: hookAckPending,
		// Attempts are counted in the record, where a crash or a restart is none.
		MaxDeliver: -1,
	}}
}

// HookDurable names the consumer of one webhook configuration.
func HookDurable(tenant, source string) string { return "hook-" + tenant + "--" + source }

// HookOfDurable is the configuration that a durable of HookDurable belongs to.
func HookOfDurable(durable string) (tenant, source string, ok bool) {
	rest, ok := strings.CutPrefix(durable, "hook-")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, "--")
}
