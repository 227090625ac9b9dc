package nats_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"ukbot/nats"
	"ukbot/nats/natstest"
)

// TestBlockFilesLieWhereSyncExpectsThem guards what sync.go knows of the pinned
// server: before an acknowledgement the message is in the newest block's file.
func TestBlockFilesLieWhereSyncExpectsThem(t *testing.T) {
	env := natstest.Start(t)
	for i := range 20 {
		body := fmt.Sprintf("body-%d-%s", i, strings.Repeat("x", 700))
		if _, err := env.Publisher.Publish(t.Context(), webhook(fmt.Sprint("b", i), body)); err != nil {
			t.Fatal(err)
		}
		newest := newestBlock(t, env.Server.BlocksDir(nats.StreamWebhooks))
		if raw, err := os.ReadFile(newest); err != nil || !bytes.Contains(raw, []byte(body)) {
			t.Fatalf("%s does not hold what was just acknowledged (%v)", newest, err)
		}
	}
}

func TestEveryBlockIsSyncedBeforeItsMessagesAreAnswered(t *testing.T) {
	env := natstest.StartDurable(t)
	var mu sync.Mutex
	synced := map[string]int64{} // size of each block file at its last fsync
	env.Publisher.OnSync(nats.StreamWebhooks, func(f *os.File) error {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		synced[filepath.Base(f.Name())] = max(synced[filepath.Base(f.Name())], info.Size())
		return f.Sync()
	})
	body := strings.Repeat("y", 100_000) // blocks hold 8 MiB: five of them
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for i := range 26 {
				if _, err := env.Publisher.Publish(t.Context(), webhook(fmt.Sprintf("r%d-%d", worker, i), body)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	mu.Lock()
	defer mu.Unlock()
	for _, path := range blocksIn(t, env.Server.BlocksDir(nats.StreamWebhooks)) {
		if synced[filepath.Base(path)] == 0 {
			t.Errorf("%s was never synced: %v", path, synced)
		}
	}
	if len(synced) < 5 {
		t.Errorf("only %d files were synced, the test wants several blocks", len(synced))
	}
	newest := newestBlock(t, env.Server.BlocksDir(nats.StreamWebhooks))
	if info, err := os.Stat(newest); err != nil || synced[filepath.Base(newest)] < info.Size() {
		t.Errorf("newest block synced up to %d of %d bytes (%v)", synced[filepath.Base(newest)], info.Size(), err)
	}
}

// TestSyncFollowsTheBlocks works on files: what a server does to them is listed here.
func TestSyncFollowsTheBlocks(t *testing.T) {
	type files map[string]string // name to content; empty removes, "new:" replaces the file by another
	for name, tc := range map[string]struct {
		before, after files
		want          []string // synced by the second sync, as name=content
	}{
		"nothing new: the open block only":             {files{"1.blk": "a"}, files{}, []string{"1.blk=a"}},
		"the open block grew":                          {files{"1.blk": "a"}, files{"1.blk": "ab"}, []string{"1.blk=ab"}},
		"the next block began":                         {files{"1.blk": "a"}, files{"2.blk": "b"}, []string{"1.blk=a", "2.blk=b"}},
		"several blocks began":                         {files{"1.blk": "a"}, files{"2.blk": "b", "3.blk": "c"}, []string{"1.blk=a", "2.blk=b", "3.blk=c"}},
		"a block was skipped while the old one stays":  {files{"1.blk": "a"}, files{"3.blk": "c"}, []string{"1.blk=a", "3.blk=c"}},
		"all was purged and a later block began":       {files{"1.blk": "a"}, files{"1.blk": "", "7.blk": "g"}, []string{"7.blk=g"}},
		"the open block was rewritten":                 {files{"1.blk": "aaaa"}, files{"1.blk": "new:a"}, []string{"1.blk=a"}},
		"rewritten, and the next began":                {files{"1.blk": "aaaa"}, files{"1.blk": "new:a", "2.blk": "b"}, []string{"1.blk=a", "2.blk=b"}},
		"numbers are compared, not names":              {files{"9.blk": "a"}, files{"10.blk": "b"}, []string{"9.blk=a", "10.blk=b"}},
		"other files in the folder are left alone":     {files{"1.blk": "a", "index.db": "i"}, files{"2.tmp": "t"}, []string{"1.blk=a"}},
		"a gap from before the start hides no block":   {files{"1.blk": "a", "3.blk": "c"}, files{"3.blk": "cc"}, []string{"3.blk=cc"}},
		"the gap's block is followed by the one after": {files{"1.blk": "a", "3.blk": "c"}, files{"4.blk": "d"}, []string{"3.blk=c", "4.blk=d"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := streamFolder(t)
			apply := func(change files) {
				for file, content := range change {
					path := filepath.Join(dir, file)
					content, replace := strings.CutPrefix(content, "new:")
					if content == "" || replace {
						_ = os.Rename(path, path+".gone") // keeps its inode taken
					}
					if content != "" {
						if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			var got []string
			s := nats.NewBlockSync(dir, func(f *os.File) error {
				if raw, err := os.ReadFile(fmt.Sprintf("/proc/self/fd/%d", f.Fd())); err == nil && strings.HasSuffix(f.Name(), ".blk") {
					if entry := filepath.Base(f.Name()) + "=" + string(raw); !slices.Contains(got, entry) {
						got = append(got, entry)
					}
				}
				return f.Sync()
			})
			defer s.Close()
			apply(tc.before)
			if err := s.Sync(); err != nil {
				t.Fatal(err)
			}
			got = nil
			apply(tc.after)
			if err := s.Sync(); err != nil {
				t.Fatal(err)
			}
			for _, want := range tc.want {
				if !slices.Contains(got, want) {
					t.Errorf("synced %q, want %q among them", got, want)
				}
			}
		})
	}
}

func TestSyncBeginsAnewWhereAStreamWasMadeAnew(t *testing.T) {
	dir := streamFolder(t)
	write(t, filepath.Join(dir, "7.blk"), "old")
	var last string
	s := nats.NewBlockSync(dir, func(f *os.File) error { last = filepath.Base(f.Name()); return f.Sync() })
	defer s.Close()
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Sync(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("sync without its folder gave %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "1.blk"), "new")
	seen := map[string]bool{}
	s2 := s
	if err := s2.Sync(); err != nil {
		t.Fatal(err)
	}
	seen[last] = true
	if last != "msgs" { // the folder is synced last, after its new block
		t.Errorf("last synced %q, want the new folder", last)
	}
}

func TestAFailedSyncIsForEver(t *testing.T) {
	dir := streamFolder(t)
	write(t, filepath.Join(dir, "1.blk"), "a")
	s := nats.NewBlockSync(dir, nil)
	defer s.Close()
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	s.CloseFile()
	for range 3 {
		if err := s.Sync(); !errors.Is(err, os.ErrClosed) {
			t.Fatalf("sync of a closed file gave %v", err)
		}
	}
}

func TestAFailingDiskMakesEveryPublishUnavailable(t *testing.T) {
	env := natstest.StartDurable(t)
	broken := errors.New("input/output error")
	fail := false
	env.Publisher.OnSync(nats.StreamWebhooks, func(f *os.File) error {
		if fail {
			return broken
		}
		return f.Sync()
	})
	if _, err := env.Publisher.Publish(t.Context(), webhook("ok", "x")); err != nil {
		t.Fatal(err)
	}
	fail = true // the committer's goroutine reads it after the next publish's channel operations
	for i := range 3 {
		_, err := env.Publisher.Publish(t.Context(), webhook(fmt.Sprint("bad", i), "x"))
		if !errors.Is(err, nats.ErrUnavailable) || !errors.Is(err, broken) {
			t.Fatalf("publish on a failing disk gave %v", err)
		}
		fail = false // the disk "recovers": what it dropped stays dropped
	}
}

func TestPublishesGoOnOverAPurge(t *testing.T) {
	env := natstest.StartDurable(t)
	stream, err := env.Conn.JS.Stream(t.Context(), nats.StreamWebhooks)
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Repeat("z", 200_000)
	for i := range 150 {
		if i%40 == 20 {
			if err := stream.Purge(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if i == 100 { // deleted messages inside blocks: the server rewrites them
			if err := stream.Purge(t.Context(), jetstream.WithPurgeKeep(3)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := env.Publisher.Publish(t.Context(), webhook(fmt.Sprint("p", i), body)); err != nil {
			t.Fatalf("publish %d: %v", i, err)
		}
	}
}

// webhook is a message as the ingress makes it, small.
func webhook(id, body string) *natsgo.Msg {
	return event("integration.webhook.acme.stripe.payment", "acme", "stripe", id, body)
}

func event(subject, tenant, source, id, body string) *natsgo.Msg {
	msg := natsgo.NewMsg(subject)
	msg.Data = []byte(body)
	for name, value := range map[string]string{
		"ce-specversion": "1.0", "ce-id": id, "ce-type": "payment", "ce-source": source,
		"ce-time": "2026-01-02T03:04:05.678Z", "ce-tenant": tenant,
		jetstream.MsgIDHeader: tenant + "/" + source + "/" + id,
	} {
		msg.Header.Set(name, value)
	}
	return msg
}

// streamFolder is a folder as deep as a stream's, with its definition.
func streamFolder(t *testing.T) string {
	t.Helper()
	stream := filepath.Join(t.TempDir(), "jetstream", "$G", "streams", "S")
	if err := os.MkdirAll(filepath.Join(stream, "msgs"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(stream, "meta.inf"), "{}")
	write(t, filepath.Join(stream, "meta.sum"), "0")
	return filepath.Join(stream, "msgs")
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func blocksIn(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.blk"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no blocks in %s (%v)", dir, err)
	}
	return paths
}

func newestBlock(t *testing.T, dir string) string {
	t.Helper()
	paths := blocksIn(t, dir)
	number := func(path string) (n int) {
		_, _ = fmt.Sscanf(filepath.Base(path), "%d.blk", &n)
		return n
	}
	return slices.MaxFunc(paths, func(a, b string) int { return number(a) - number(b) })
}
