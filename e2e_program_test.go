package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ukbot/sql/pglocal"
)

// e2eProgram in the environment makes the test binary the program.
const e2eProgram = "UKBOT_E2E_PROGRAM"

// e2eFull asks for the sizes that the promises name; the default ones fit a
// test run of minutes.
func e2eFull() bool { return os.Getenv("UKBOT_E2E_FULL") == "1" }

// leash is the descriptor of a pipe that the tests hold: its end is their end.
const leash = 3

// endWithParent ends this process when the tests do, even where they are
// killed and clean nothing up.
func endWithParent() {
	syscall.CloseOnExec(leash)
	go func() {
		_, _ = io.Copy(io.Discard, os.NewFile(leash, "leash"))
		os.Exit(exitFailed)
	}()
}

// program is a running ukbot: a process of its own, ended with its test.
type program struct {
	t        *testing.T
	cmd      *exec.Cmd
	settings []string
	out, err *lines
	exited   chan struct{} // closed when the process has ended
	http     string        // address
	dev      devFile       // of `ukbot dev`
}

// launch starts ukbot with these arguments and settings ("NAME=value").
func launch(t *testing.T, settings []string, args ...string) *program {
	t.Helper()
	p := &program{t: t, settings: settings, out: newLines(), err: newLines(), exited: make(chan struct{})}
	held, leashEnd, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command(os.Args[0], args...) // this binary; the cleanup below ends it
	p.cmd.Env = environment(settings)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = p.out, p.err, []*os.File{held}
	p.cmd.WaitDelay = 2 * time.Second
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for the tests
	err = p.cmd.Start()
	_ = held.Close()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		_ = leashEnd.Close()
		p.out.end()
		p.err.end()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.kill()
		if said := p.err.text(); t.Failed() && said != "" {
			t.Logf("last words of ukbot %s:\n%s", strings.Join(args, " "), tail(said, 4000))
		}
	})
	return p
}

// environment is ours without any setting of ukbot's, and the given ones.
func environment(settings []string) []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		ours := strings.HasPrefix(name, "UKBOT_") || name == "NATS_URL" || name == "DATABASE_URL" || name == "TELEGRAM_TOKEN"
		if !ours || name == "UKBOT_PG_BIN" {
			env = append(env, entry)
		}
	}
	return append(append(env, e2eProgram+"=1"), settings...)
}

// startIn bounds a start, a command and a stop: a cold machine makes the database
// files first, and a busy one takes its time.
const startIn = 3 * time.Minute

// startDev runs `ukbot dev` in a data folder until its screen says it is ready.
func startDev(t *testing.T, dir string, settings ...string) *program {
	t.Helper()
	p := launch(t, append([]string{"UKBOT_DATA_DIR=" + dir, "UKBOT_HTTP_ADDR=127.0.0.1:0", "UKBOT_NATS_ADDR=127.0.0.1:0"}, settings...), "dev")
	p.out.wait(t, startIn, "ukbot dev is ready")
	raw, err := os.ReadFile(devFilePath(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &p.dev); err != nil {
		t.Fatal(err)
	}
	p.http = p.dev.HTTP
	return p
}

// startRole runs a role on a free port until it says that it is ready.
func startRole(t *testing.T, settings []string, role string) *program {
	t.Helper()
	p := launch(t, append([]string{"UKBOT_HTTP_ADDR=127.0.0.1:0"}, settings...), role)
	line := p.err.wait(t, startIn, `"message":"serving"`)
	var said struct{ HTTP string }
	if err := json.Unmarshal([]byte(line), &said); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	p.http = said.HTTP
	eventually(t, startIn, "readiness", func() bool {
		status, _, err := get(t.Context(), "http://"+p.http+"/ready")
		return err == nil && status == http.StatusOK
	})
	return p
}

// kill ends the process as a crash does.
func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// terminate asks the process to stop and says how it did.
func (p *program) terminate() (code int, took time.Duration) {
	p.t.Helper()
	began := time.Now()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode(), time.Since(began)
	case <-time.After(startIn):
		p.t.Fatalf("SIGTERM did not end the process within %s", startIn)
		return 0, 0
	}
}

// finished is how a command ended.
type finished struct {
	out, err string
	code     int
}

// ukbot runs a command to its end.
func ukbot(t *testing.T, settings []string, args ...string) finished {
	t.Helper()
	p := launch(t, settings, args...)
	select {
	case <-p.exited:
	case <-time.After(startIn):
		p.kill()
		t.Fatalf("ukbot %s did not end within %s", strings.Join(args, " "), startIn)
	}
	return finished{p.out.text(), p.err.text(), p.cmd.ProcessState.ExitCode()}
}

// command runs a command beside a running program; it must succeed.
func (p *program) command(args ...string) string {
	p.t.Helper()
	done := ukbot(p.t, p.besides(), args...)
	if done.code != 0 {
		p.t.Fatalf("ukbot %s: exit %d: %s", strings.Join(args, " "), done.code, done.err)
	}
	return done.out
}

// besides are the settings of a command that runs beside: a dev's folder is enough.
func (p *program) besides() []string {
	if p.dev.HTTP != "" {
		return p.settings[:1]
	}
	return append(p.settings[:len(p.settings):len(p.settings)], "UKBOT_HTTP_ADDR="+p.http)
}

// openDir is a folder that PostgreSQL's account may walk through; t.TempDir's is closed to it.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ukbot-e2e-*")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeData(t, dir) })
	return dir
}

// removeData removes a data folder, with what of the database lies elsewhere.
func removeData(t *testing.T, dir string) {
	t.Helper()
	// A killed program's PostgreSQL may still be writing its last.
	eventually(t, arriveIn, "the removal of "+dir, func() bool {
		return errors.Join(pglocal.Remove(filepath.Join(dir, "postgres")), os.RemoveAll(dir)) == nil
	})
}

// eventually waits for a condition.
func eventually(t testing.TB, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain for %s", limit, what)
		}
	}
}

// pause lets a test's load run for a while: what is tested is what happens meanwhile.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// lines is what a process writes.
type lines struct {
	mu      sync.Mutex
	all     bytes.Buffer
	ended   bool
	changed chan struct{}
}

func newLines() *lines { return &lines{changed: make(chan struct{})} }

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
	return l.all.Write(b)
}

func (l *lines) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// wait is the first line that holds a text.
func (l *lines) wait(t *testing.T, limit time.Duration, text string) string {
	t.Helper()
	timeout := time.After(limit)
	for {
		l.mu.Lock()
		all, ended, changed := l.all.String(), l.ended, l.changed
		l.mu.Unlock()
		for line := range strings.Lines(all) {
			if strings.Contains(line, text) && strings.HasSuffix(line, "\n") {
				return line
			}
		}
		if ended {
			t.Fatalf("the process ended without saying %q:\n%s", text, all)
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("the process did not say %q within %s:\n%s", text, limit, all)
		}
	}
}

func tail(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return "…" + text[len(text)-n:]
}
