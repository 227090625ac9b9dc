package nats_test

import (
	"testing"

	"ukbot/nats"
	"ukbot/nats/natstest"
)

func TestABucketIsFoundWhenItComes(t *testing.T) {
	t.Parallel()
	env := natstest.Start(t)
	fsm := nats.NewBucket(env.Conn, nats.BucketFSM)
	if err := env.Conn.JS.DeleteKeyValue(t.Context(), nats.BucketFSM); err != nil {
		t.Fatal(err)
	}
	if kv, err := fsm.Open(t.Context()); err == nil {
		t.Fatalf("opened %v, which is not there", kv)
	}
	env.Lanes()
	first, err := fsm.Open(t.Context())
	if err != nil || first.Bucket() != fsm.Name() {
		t.Fatalf("opened %v, %v", first, err)
	}
	env.Stop()
	if again, err := fsm.Open(t.Context()); err != nil || again != first {
		t.Errorf("opened again %v, %v, want the one found before", again, err)
	}
	if kv, err := nats.NewBucket(nil, nats.BucketFSM).Open(t.Context()); err == nil {
		t.Errorf("opened %v without a connection", kv)
	}
}
