package nats_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ukbot/nats"
)

var update = flag.Bool("update", false, "write config/ from the tables")

// configFiles is config/: the tables as the nats CLI reads them
// (`nats stream add --config nats/config/streams/WEBHOOKS.json`).
func configFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	add := func(path string, v any) {
		raw, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Join("config", path)] = append(raw, '\n')
	}
	for _, s := range nats.Streams {
		s.Replicas = 1
		add("streams/"+s.Name+".json", s)
	}
	for _, b := range nats.Buckets {
		add("buckets/"+b.Bucket+".json", bucketStream(b))
	}
	for _, o := range nats.Objects {
		add("objects/"+o.Bucket+".json", objectStream(o))
	}
	for _, c := range nats.Consumers {
		add("consumers/"+c.Stream+"."+c.Config.Durable+".json", c.Config)
	}
	return files
}

// bucketStream is the stream behind a bucket, as the client library makes it.
func bucketStream(b jetstream.KeyValueConfig) jetstream.StreamConfig {
	window := nats.DuplicateWindow
	if b.TTL > 0 {
		window = min(window, b.TTL)
	}
	return jetstream.StreamConfig{
		Name: "KV_" + b.Bucket, Description: b.Description, Subjects: []string{"$KV." + b.Bucket + ".>"},
		MaxMsgsPerSubject: max(1, int64(b.History)), MaxAge: b.TTL, Duplicates: window, Replicas: 1,
		MaxBytes: -1, MaxMsgSize: -1, MaxMsgs: -1, MaxConsumers: -1,
		Storage: b.Storage, Discard: jetstream.DiscardNew,
		AllowRollup: true, DenyDelete: true, AllowDirect: true,
	}
}

// objectStream is the stream behind an object store, as the client library makes it.
func objectStream(o jetstream.ObjectStoreConfig) jetstream.StreamConfig {
	limit := o.MaxBytes
	if limit == 0 {
		limit = -1
	}
	return jetstream.StreamConfig{
		Name: "OBJ_" + o.Bucket, Description: o.Description,
		Subjects: []string{"$O." + o.Bucket + ".C.>", "$O." + o.Bucket + ".M.>"}, // chunks, and what they are
		MaxAge:   o.TTL, MaxBytes: limit, MaxMsgSize: -1, MaxMsgs: -1, MaxMsgsPerSubject: -1, MaxConsumers: -1,
		Duplicates: nats.DuplicateWindow, Replicas: 1,
		Storage: o.Storage, Discard: jetstream.DiscardNew, AllowRollup: true, AllowDirect: true,
	}
}

func TestConfigFiles(t *testing.T) {
	files := configFiles(t)
	if *update {
		if err := os.RemoveAll("config"); err != nil {
			t.Fatal(err)
		}
		for path, want := range files {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for path, want := range files {
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the tables say (%v); go test ./nats -run TestConfigFiles -update", path, err)
		}
	}
	there, err := filepath.Glob("config/*/*.json")
	if err != nil || len(there) != len(files) {
		t.Errorf("config/ has %d files, the tables make %d (%v)", len(there), len(files), err)
	}
}

// TestConfigFilesMakeWhatApplyMakes creates everything from the files alone and
// expects that Apply finds nothing to do.
func TestConfigFilesMakeWhatApplyMakes(t *testing.T) {
	js := bareServer(t).JS
	decode := func(path string, into any) {
		t.Helper()
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	paths, _ := filepath.Glob("config/*/*.json")
	for _, kind := range []string{"streams", "buckets", "objects", "consumers"} {
		for _, path := range paths {
			if filepath.Base(filepath.Dir(path)) != kind {
				continue
			}
			var err error
			if kind == "consumers" {
				var cfg jetstream.ConsumerConfig
				decode(path, &cfg)
				stream, _, _ := strings.Cut(filepath.Base(path), ".")
				_, err = js.CreateConsumer(t.Context(), stream, cfg)
			} else {
				var cfg jetstream.StreamConfig
				decode(path, &cfg)
				_, err = js.CreateStream(t.Context(), cfg)
			}
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		}
	}
	changes, err := nats.Plan(t.Context(), js, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if c.Action != "same" {
			t.Errorf("%s %s from its file: %s %s", c.Kind, c.Name, c.Action, c.Detail)
		}
	}
	for _, b := range nats.Buckets { // and the library takes the streams for its buckets
		made, err := js.CreateOrUpdateKeyValue(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := made.Put(t.Context(), "k", []byte("v")); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTheLibraryTakesTheFilesOfObjectStores keeps and reads a file of several
// chunks in a store that was made of its file.
func TestTheLibraryTakesTheFilesOfObjectStores(t *testing.T) {
	js := bareServer(t).JS
	for _, o := range nats.Objects {
		if _, err := js.CreateStream(t.Context(), objectStream(o)); err != nil {
			t.Fatal(err)
		}
		store, err := js.ObjectStore(t.Context(), o.Bucket)
		if err != nil {
			t.Fatal(err)
		}
		want := bytes.Repeat([]byte("photo"), 100_000)
		if _, err := store.PutBytes(t.Context(), "demo/1", want); err != nil {
			t.Fatal(err)
		}
		if got, err := store.GetBytes(t.Context(), "demo/1"); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: read %d bytes, %v; want %d", o.Bucket, len(got), err, len(want))
		}
	}
}

// bareServer is a connection to a server without anything on it.
func bareServer(t *testing.T) *nats.Conn {
	t.Helper()
	server, err := nats.StartServer(nats.ServerConfig{Dir: t.TempDir(), Port: -1, Sync: time.Minute, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	conn, err := nats.ConnectTo(server, "bare", zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}
