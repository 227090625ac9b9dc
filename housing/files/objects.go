package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/housing/problem"
	"ukbot/nats"
)

// objects is the bytes, in the object store, by tenant and file.
type objects struct{ conn *nats.Conn }

func objectName(tenant string, file uuid.UUID) string { return tenant + "/" + file.String() }

// objectOf is the tenant and file of an object's name.
func objectOf(name string) (tenant string, file uuid.UUID, ok bool) {
	at := strings.LastIndexByte(name, '/')
	if at < 0 {
		return "", file, false
	}
	file, err := uuid.Parse(name[at+1:])
	return name[:at], file, err == nil
}

// openTimeout bounds finding the store, so that an outage is an answer and no wait.
const openTimeout = 3 * time.Second

func (o objects) open(ctx context.Context) (jetstream.ObjectStore, error) {
	if !o.conn.IsConnected() {
		return nil, away(errors.New("not connected"))
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	store, err := o.conn.JS.ObjectStore(ctx, nats.ObjectsFiles)
	if err != nil {
		return nil, away(err)
	}
	return store, nil
}

func (o objects) put(ctx context.Context, tenant string, file uuid.UUID, data []byte) error {
	store, err := o.open(ctx)
	if err != nil {
		return err
	}
	if _, err := store.Put(ctx, jetstream.ObjectMeta{Name: objectName(tenant, file)}, bytes.NewReader(data)); err != nil {
		return away(err)
	}
	return nil
}

// How long a replica may lag behind the one that took a file in.
const (
	lagMax  = time.Second
	lagWait = 20 * time.Millisecond
)

// get opens a file's bytes. The file's row says that they are there: where they
// are not, the replica that was asked does not know them yet, or they have just
// been removed. ctx must last as long as they are read.
func (o objects) get(ctx context.Context, tenant string, file uuid.UUID) (io.ReadCloser, error) {
	store, err := o.open(ctx)
	if err != nil {
		return nil, err
	}
	object, err := store.Get(ctx, objectName(tenant, file))
	for end := time.Now().Add(lagMax); errors.Is(err, jetstream.ErrObjectNotFound) && time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lagWait):
			object, err = store.Get(ctx, objectName(tenant, file))
		}
	}
	switch {
	case errors.Is(err, jetstream.ErrObjectNotFound):
		return nil, problem.Missing("file")
	case err != nil:
		return nil, away(err)
	}
	return object, nil
}

func (o objects) remove(ctx context.Context, name string) error {
	store, err := o.open(ctx)
	if err != nil {
		return err
	}
	if err := store.Delete(ctx, name); err != nil && !errors.Is(err, jetstream.ErrObjectNotFound) {
		return fmt.Errorf("remove object: %w", err)
	}
	return nil
}

// away is the answer while files can neither be stored nor read.
func away(err error) error {
	return &problem.Problem{Code: problem.StreamAway, Detail: "files cannot be reached now; try again", RetryAfter: 2 * time.Second, Cause: err}
}
