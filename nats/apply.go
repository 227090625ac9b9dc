package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Change is one step between what the servers have and what the tables say.
type Change struct {
	Kind   string `json:"kind"` // "stream", "bucket", "objects", "consumer"
	Name   string `json:"name"`
	Action string `json:"action"` // "create", "update", "refuse", "same"
	Detail string `json:"detail,omitempty"`

	do func(context.Context) error
}

// ErrShrink means that an update would throw away or forget what a stream holds.
var ErrShrink = errors.New("would lose data")

// Plan compares the tables with the servers. Nothing is ever deleted; a stream
// that holds messages is not given a smaller limit or fewer subjects, and its
// step says "refuse".
func Plan(ctx context.Context, js jetstream.JetStream, replicas int) ([]Change, error) {
	var plans []func() (Change, error)
	for _, want := range Streams {
		want.Replicas = replicas
		plans = append(plans, named("stream "+want.Name, func() (Change, error) { return planStream(ctx, js, want) }))
	}
	for _, want := range Buckets {
		want.Replicas = replicas
		plans = append(plans, named("bucket "+want.Bucket, func() (Change, error) { return planBucket(ctx, js, want) }))
	}
	for _, want := range Objects {
		want.Replicas = replicas
		plans = append(plans, named("object store "+want.Bucket, func() (Change, error) { return planObjects(ctx, js, want) }))
	}
	for _, want := range Consumers {
		name := "consumer " + want.Stream + "/" + want.Config.Durable
		plans = append(plans, named(name, func() (Change, error) { return planConsumer(ctx, js, want) }))
	}
	changes := make([]Change, len(plans))
	err := together(len(plans), func(i int) (err error) {
		changes[i], err = plans[i]()
		return err
	})
	return changes, err
}

// named says of an error what was planned.
func named(what string, plan func() (Change, error)) func() (Change, error) {
	return func() (Change, error) {
		change, err := plan()
		if err != nil {
			err = fmt.Errorf("%s: %w", what, err)
		}
		return change, err
	}
}

// togetherMax is how many requests wait for the servers at the same time. A cluster
// takes some 100 ms to make a consumer, whether it makes one or ten.
const togetherMax = 16

// together does n things, several at the same time, and returns the first error
// in their order: where one fails, most fail alike.
func together(n int, do func(i int) error) error {
	errs := make([]error, n)
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(n, togetherMax) {
		wg.Go(func() {
			for i := range next {
				errs[i] = do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Apply brings streams, buckets, object stores and consumers to what the tables say. It can be
// run any number of times, by several processes at once. While a cluster has no
// leader or not all of its servers yet it tries again until ctx ends; what the servers refuse
// to do is tried a few times, because another process may be doing it at this moment.
func Apply(ctx context.Context, js jetstream.JetStream, replicas int) error {
	for refused := 0; ; {
		err := apply(ctx, js, replicas)
		if err == nil || errors.Is(err, ErrShrink) {
			return err
		}
		if isRefusal(err) {
			if refused++; refused >= applyTries {
				return fmt.Errorf("apply the stream definitions: %w", err)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("apply the stream definitions: %w", err)
		case <-time.After(applyPause):
		}
	}
}

// isRefusal tells what servers will not do from what they cannot do yet. That
// servers are missing is a 400 too, and passes when the last of them has come up.
func isRefusal(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.Code == codeBadRequest && api.ErrorCode != errCodeNoPeers
}

const (
	applyPause = 200 * time.Millisecond
	applyTries = 5
)

func apply(ctx context.Context, js jetstream.JetStream, replicas int) error {
	changes, err := Plan(ctx, js, replicas)
	if err != nil {
		return err
	}
	var streams, consumers []Change
	for _, change := range changes {
		switch {
		case change.Action == "refuse":
			return fmt.Errorf("%s %s: %w: %s", change.Kind, change.Name, ErrShrink, change.Detail)
		case change.do == nil:
		case change.Kind == "consumer":
			consumers = append(consumers, change)
		default:
			streams = append(streams, change)
		}
	}
	for _, step := range [][]Change{streams, consumers} { // a consumer needs its stream
		err := together(len(step), func(i int) error {
			if err := step[i].do(ctx); err != nil {
				return fmt.Errorf("%s %s %s: %w", step[i].Action, step[i].Kind, step[i].Name, err)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func planStream(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig) (Change, error) {
	change := Change{Kind: "stream", Name: want.Name, do: func(ctx context.Context) error {
		_, err := js.CreateOrUpdateStream(ctx, want)
		return err
	}}
	stream, err := js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		change.Action = "create"
		return change, nil
	}
	if err != nil {
		return change, err
	}
	info := stream.CachedInfo()
	change.compare(want, info.Config)
	if lost := shrinks(want, info.Config); lost != "" && info.State.Msgs > 0 {
		change.Action, change.Detail = "refuse", fmt.Sprintf("%s, and it holds %d messages", lost, info.State.Msgs)
	}
	return change, nil
}

// shrinks names the limit that want lowers below have.
func shrinks(want, have jetstream.StreamConfig) string {
	lower := func(want, have int64) bool { return want > 0 && (have <= 0 || want < have) }
	switch {
	case lower(int64(want.MaxAge), int64(have.MaxAge)):
		return fmt.Sprintf("max_age %s to %s", have.MaxAge, want.MaxAge)
	case lower(want.MaxBytes, have.MaxBytes):
		return fmt.Sprintf("max_bytes %d to %d", have.MaxBytes, want.MaxBytes)
	case lower(want.MaxMsgs, have.MaxMsgs):
		return fmt.Sprintf("max_msgs %d to %d", have.MaxMsgs, want.MaxMsgs)
	}
	kept := map[string]bool{}
	for _, subject := range want.Subjects {
		kept[subject] = true
	}
	for _, subject := range have.Subjects {
		if !kept[subject] {
			return "subject " + subject + " is gone"
		}
	}
	return ""
}

func planBucket(ctx context.Context, js jetstream.JetStream, want jetstream.KeyValueConfig) (Change, error) {
	change := Change{Kind: "bucket", Name: want.Bucket, do: func(ctx context.Context) error {
		_, err := js.CreateOrUpdateKeyValue(ctx, want)
		return err
	}}
	stream, err := js.Stream(ctx, "KV_"+want.Bucket)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		change.Action = "create"
		return change, nil
	}
	if err != nil {
		return change, err
	}
	have := stream.CachedInfo().Config
	change.compare(
		bucketLimits{want.Description, want.TTL, max(1, int64(want.History)), max(1, want.Replicas)},
		bucketLimits{have.Description, have.MaxAge, have.MaxMsgsPerSubject, have.Replicas},
	)
	return change, nil
}

// bucketLimits is what the tables decide of a bucket; the rest is the client library's.
type bucketLimits struct {
	Description string        `json:"description"`
	TTL         time.Duration `json:"ttl"`
	History     int64         `json:"history"`
	Replicas    int           `json:"replicas"`
}

func planObjects(ctx context.Context, js jetstream.JetStream, want jetstream.ObjectStoreConfig) (Change, error) {
	change := Change{Kind: "objects", Name: want.Bucket, do: func(ctx context.Context) error {
		_, err := js.CreateOrUpdateObjectStore(ctx, want)
		return err
	}}
	stream, err := js.Stream(ctx, "OBJ_"+want.Bucket)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		change.Action = "create"
		return change, nil
	}
	if err != nil {
		return change, err
	}
	have := stream.CachedInfo().Config
	change.compare(
		objectLimits{want.Description, want.TTL, max(0, want.MaxBytes), max(1, want.Replicas), want.Compression},
		objectLimits{have.Description, have.MaxAge, max(0, have.MaxBytes), have.Replicas, have.Compression != jetstream.NoCompression},
	)
	return change, nil
}

// objectLimits is what the tables decide of an object store; the rest is the
// client library's.
type objectLimits struct {
	Description string        `json:"description"`
	TTL         time.Duration `json:"ttl"`
	MaxBytes    int64         `json:"max_bytes"` // 0: no limit
	Replicas    int           `json:"replicas"`
	Compression bool          `json:"compression"`
}

func planConsumer(ctx context.Context, js jetstream.JetStream, want ConsumerSpec) (Change, error) {
	change := Change{Kind: "consumer", Name: want.Stream + "/" + want.Config.Durable, do: func(ctx context.Context) error {
		_, err := js.CreateOrUpdateConsumer(ctx, want.Stream, want.Config)
		return err
	}}
	consumer, err := js.Consumer(ctx, want.Stream, want.Config.Durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		change.Action = "create"
		return change, nil
	}
	if err != nil {
		return change, err
	}
	have := consumer.CachedInfo().Config
	// Where a consumer began cannot be changed, and is no difference: one that was
	// deleted is made again behind what it had answered.
	want.Config.DeliverPolicy, want.Config.OptStartSeq = have.DeliverPolicy, have.OptStartSeq
	change.compare(want.Config, have)
	return change, nil
}

// compare sets the action. What the tables leave at zero must be zero with the
// servers too, or a default that they fill in.
func (c *Change) compare(want, have any) {
	var differ []string
	wantFields, haveFields := fields(want), fields(have)
	for name := range haveFields {
		if _, both := wantFields[name]; !both {
			wantFields[name] = nil
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wantFields)) {
		wanted, has := wantFields[name], haveFields[name]
		if reflect.DeepEqual(wanted, has) || zero(wanted) && (zero(has) || filledIn(name, has)) {
			continue
		}
		differ = append(differ, fmt.Sprintf("%s: %v, want %v", name, has, wanted))
	}
	c.Action, c.Detail = "update", strings.Join(differ, "; ")
	if len(differ) == 0 {
		c.Action, c.do = "same", nil
	}
}

// filledIn says whether value is what the servers make of a field left at zero.
func filledIn(name string, value any) bool {
	switch name {
	case "name", "metadata", "consumer_limits", "allow_rollup_hdrs", "deny_delete", "deny_purge",
		"replay_policy", "num_replicas", "max_waiting":
		return true
	case "duplicate_window":
		return true // the age, or two minutes
	}
	return value == float64(-1) // no limit
}

// fields is v by its JSON names, which are the ones the nats CLI shows.
func fields(v any) map[string]any {
	raw, _ := json.Marshal(v) // configurations: cannot fail
	named := map[string]any{}
	_ = json.Unmarshal(raw, &named)
	return named
}

func zero(v any) bool {
	return v == nil || reflect.ValueOf(v).IsZero()
}
