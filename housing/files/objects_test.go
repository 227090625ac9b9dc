package files

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/google/uuid"

	"ukbot/nats/natstest"
)

// TestAFileIsThereOnEveryServerOfACluster: whoever asks right after the upload
// may be answered by a replica that has not heard of it.
func TestAFileIsThereOnEveryServerOfACluster(t *testing.T) {
	cluster := natstest.Cluster(t, 3)
	store := objects{cluster.Connect("housing")}
	for n := range 50 {
		id, want := uuid.New(), bytes.Repeat([]byte(fmt.Sprint(n)), 100_000)
		if err := store.put(t.Context(), "acme", id, want); err != nil {
			t.Fatal(err)
		}
		object, err := store.get(t.Context(), "acme", id)
		if err != nil {
			t.Fatalf("file %d right after it was stored: %v", n, err)
		}
		if got, err := io.ReadAll(object); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("file %d comes back as %d bytes, %v", n, len(got), err)
		}
		_ = object.Close()
	}
}
