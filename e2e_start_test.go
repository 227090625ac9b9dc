//go:build !race

// What starts here, with nothing to do, starts in all the other tests too: the
// race detector sees it there.

package main

import (
	"encoding/base64"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStartThatCannotWorkSaysWhyInOneSentence: whoever reads it knows what to do.
func TestStartThatCannotWorkSaysWhyInOneSentence(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const badKey = "dev:bm90MzJieXRlcw=="
	running := startDev(t, openDir(t))
	for name, tc := range map[string]struct {
		settings []string
		args     []string
		code     int
		says     []string
	}{
		"the HTTP port is taken": {
			[]string{"UKBOT_HTTP_ADDR=" + taken.Addr().String()},
			[]string{"dev"},
			exitFailed,
			[]string{taken.Addr().String() + " is taken", "UKBOT_HTTP_ADDR"},
		},
		"the streams' port is taken": {
			[]string{"UKBOT_NATS_ADDR=" + taken.Addr().String()},
			[]string{"dev"},
			exitFailed,
			[]string{taken.Addr().String(), "taken", "UKBOT_NATS_ADDR"},
		},
		"the data folder cannot be made": {
			[]string{"UKBOT_DATA_DIR=" + filepath.Join(file, "data")},
			[]string{"dev"},
			exitFailed,
			[]string{filepath.Join(file, "data"), "not a directory", "UKBOT_DATA_DIR"},
		},
		"the data folder cannot be written": {
			[]string{"UKBOT_DATA_DIR=/proc"}, []string{"dev"}, exitFailed, // closed to root too
			[]string{"/proc", "UKBOT_DATA_DIR"},
		},
		"a second copy in the same folder": {
			running.besides(),
			[]string{"dev"},
			exitFailed,
			[]string{"another `ukbot dev` runs in", "UKBOT_DATA_DIR"},
		},
		"no PostgreSQL where it was said to be": {
			[]string{"UKBOT_PG_BIN=" + t.TempDir()},
			[]string{"dev"},
			exitFailed,
			[]string{"no usable PostgreSQL", "UKBOT_PG_BIN"},
		},
		"a sync that is no duration": {
			[]string{"UKBOT_SYNC=sometimes"}, []string{"dev"}, exitUsage, []string{`UKBOT_SYNC is "sometimes"`, "always"},
		},
		"a sync that is too short": {
			[]string{"UKBOT_SYNC=1ms"}, []string{"dev"}, exitUsage, []string{`UKBOT_SYNC is "1ms"`, "100ms"},
		},
		"keys that are none": {
			[]string{"UKBOT_KEYS=" + badKey}, []string{"dev"}, exitFailed, []string{"UKBOT_KEYS"},
		},
		"API keys that are none": {
			[]string{"UKBOT_API_KEYS=abc"}, []string{"dev"}, exitFailed, []string{"UKBOT_API_KEYS"},
		},
		"an address of the services that is none": {
			[]string{"UKBOT_HOUSING_URL=housing:8009"}, []string{"dev"}, exitFailed, []string{"UKBOT_HOUSING_URL", "http or https URL"},
		},
		"an address of the operators' API that is none": {
			[]string{"UKBOT_BOT_OPERATOR_URL=workers"}, []string{"dev"}, exitFailed, []string{"UKBOT_BOT_OPERATOR_URL", "http or https URL"},
		},
		"a NATS address without a port": {
			[]string{"UKBOT_NATS_ADDR=localhost"}, []string{"dev"}, exitFailed, []string{`UKBOT_NATS_ADDR is "localhost"`, "host:port"},
		},
		"a role with nothing to run against": {
			[]string{"UKBOT_KEYS=dev:" + base64.StdEncoding.EncodeToString(make([]byte, 32))}, []string{"all"}, exitFailed, []string{"NATS_URL"},
		},
		"a body limit beyond what fits": {
			[]string{"UKBOT_BODY_LIMIT=2097152"}, []string{"dev"}, exitUsage, []string{"UKBOT_BODY_LIMIT is 2097152"},
		},
		"an unknown command": {nil, []string{"fly"}, exitUsage, []string{"fly", "ukbot --help"}},
		"an unknown setting": {nil, []string{"dev", "--wings"}, exitUsage, []string{"--wings", "ukbot dev --help"}},
		"a command with nothing beside it": {
			[]string{"UKBOT_DATA_DIR=" + t.TempDir()}, []string{"events", "ls"}, exitFailed, []string{"start `ukbot dev`"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := []string{"UKBOT_DATA_DIR=" + openDir(t), "UKBOT_HTTP_ADDR=127.0.0.1:0", "UKBOT_NATS_ADDR=127.0.0.1:0"}
			done := ukbot(t, append(base, tc.settings...), tc.args...) // the later of two wins
			if done.code != tc.code {
				t.Errorf("exit code %d, want %d", done.code, tc.code)
			}
			sentence := oneSentence(t, done.err)
			for _, part := range tc.says {
				if !strings.Contains(sentence, part) {
					t.Errorf("it says %q, want %q in it", sentence, part)
				}
			}
			if strings.Contains(done.err, "bm90MzJieXRlcw") {
				t.Errorf("it repeats the key: %q", done.err)
			}
		})
	}
}

// oneSentence is the only line for people on stderr; log lines are JSON.
func oneSentence(t *testing.T, stderr string) string {
	t.Helper()
	var said []string
	for line := range strings.Lines(stderr) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "{") {
			said = append(said, line)
		}
	}
	if len(said) != 1 || !strings.HasPrefix(said[0], "ukbot: ") {
		t.Fatalf("stderr is %q, want one line that begins with \"ukbot: \"", stderr)
	}
	return said[0]
}

// TestDevStartsWithoutHome is a bare container; where the tests run as root, so does dev.
func TestDevStartsWithoutHome(t *testing.T) {
	t.Parallel()
	p := startDev(t, openDir(t), "HOME=")
	if status, body, err := get(t.Context(), "http://"+p.http+"/ready"); err != nil || status != 200 {
		t.Errorf("/ready says %d %s, %v, want 200", status, body, err)
	}
	if code, took := p.terminate(); code != 0 || took > stopLimit {
		t.Errorf("stopped with exit code %d after %s, want 0 within %s", code, took, stopLimit)
	}
}

// TestDevWithoutTheDemoSaysWhatIsNext: what it suggests must work there.
func TestDevWithoutTheDemoSaysWhatIsNext(t *testing.T) {
	t.Parallel()
	p := launch(t, []string{"UKBOT_DATA_DIR=" + openDir(t), "UKBOT_HTTP_ADDR=127.0.0.1:0", "UKBOT_NATS_ADDR=127.0.0.1:0"}, "dev", "--no-demo")
	p.out.wait(t, startIn, "There is no company yet")
	p.out.wait(t, startIn, "go run . doctor")
	p.command("company", "add", "acme", "--name", "ООО «Чиланзар Сервис»")
	p.command("hooks", "set", "stripe", "--tenant", "acme", "--secret", "whsec_a-secret-of-stripe")
	p.command("doctor")
	if said := p.out.text(); strings.Contains(said, "go run . send") {
		t.Errorf("it suggests to send what nobody takes:\n%s", said)
	}
}

// TestDevLivesBehindAClosedFolder: as root PostgreSQL runs as somebody who may
// not walk below a folder of mode 0700, such as root's home.
func TestDevLivesBehindAClosedFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), "closed", ".ukbot")
	if err := os.Mkdir(filepath.Dir(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeData(t, dir) })
	p := startDev(t, dir)
	if out := p.command("send", "stripe"); !strings.Contains(out, "202 accepted") {
		t.Errorf("send says %q, want 202 accepted", out)
	}
	p.settled()
	if code, _ := p.terminate(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// TestDevStopsWhileItStarts: what it leaves half-made is made anew by the next start.
func TestDevStopsWhileItStarts(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	p := launch(t, []string{"UKBOT_DATA_DIR=" + dir, "UKBOT_HTTP_ADDR=127.0.0.1:0", "UKBOT_NATS_ADDR=127.0.0.1:0"}, "dev")
	p.err.wait(t, startIn, "creating the database files")
	if code, took := p.terminate(); code != 0 || took > stopLimit {
		t.Errorf("stopped with exit code %d after %s, want 0 within %s", code, took, stopLimit)
	}
	if said := p.err.text(); strings.Contains(said, "ukbot: ") {
		t.Errorf("a stop that was asked for is reported as an error: %s", said)
	}
	again := startDev(t, dir)
	if out := again.command("send", "stripe"); !strings.Contains(out, "202 accepted") {
		t.Errorf("send says %q, want 202 accepted", out)
	}
}
