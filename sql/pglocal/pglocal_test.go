package pglocal

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func query(ctx context.Context, s *Server, statements ...string) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

func count(t *testing.T, s *Server) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM kept").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// started starts a server that is killed when the test ends.
func started(t *testing.T, cfg Config) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := Start(ctx, cfg)
	if err != nil {
		t.Fatalf("Start(%s): %v", cfg.Dir, err)
	}
	t.Cleanup(s.Kill)
	return s
}

func TestDataAndPortSurviveStopAndStart(t *testing.T) {
	dir := openDir(t)
	s := started(t, Config{Dir: dir, Fsync: true})
	if err := query(t.Context(), s, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1), (2)"); err != nil {
		t.Fatal(err)
	}
	url := s.URL("postgres")
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Errorf("second Stop = %v, want nil", err)
	}
	began := time.Now()
	again := started(t, Config{Dir: dir, Fsync: true, Port: s.Port()})
	t.Logf("start on existing data took %s", time.Since(began))
	if got := count(t, again); got != 2 {
		t.Errorf("rows after restart = %d, want 2", got)
	}
	if again.URL("postgres") != url {
		t.Error("the URL changed although the port was given")
	}
}

func TestKilledPostmasterIsFollowedByAWorkingStart(t *testing.T) {
	dir := openDir(t)
	s := started(t, Config{Dir: dir})
	if err := query(t.Context(), s, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1)", "CHECKPOINT"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		waitClosed(t, s.Done(), "Done after kill -9")
		s = started(t, Config{Dir: dir})
	}
	if got := count(t, s); got != 1 {
		t.Errorf("rows after kill -9 = %d, want 1", got)
	}
}

func TestPidFileNamingAStrangerIsRemoved(t *testing.T) {
	dir := openDir(t)
	s := started(t, Config{Dir: dir})
	s.Kill()
	file := filepath.Join(s.Dir(), "data", "postmaster.pid")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	stranger := exec.Command("cat")
	stdin, err := stranger.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = stdin.Close(), stranger.Wait() })
	_, rest, _ := strings.Cut(string(text), "\n")
	if err := os.WriteFile(file, []byte(strconv.Itoa(stranger.Process.Pid)+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	started(t, Config{Dir: dir})
	if stranger.ProcessState != nil || syscall.Kill(stranger.Process.Pid, 0) != nil {
		t.Error("the process that had the id was harmed")
	}
}

func TestServerEndsWithItsProgram(t *testing.T) {
	dir := openDir(t)
	program, pid := own(t, dir, nil)
	if _, err := Start(t.Context(), Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "in use by another running copy") {
		t.Errorf("Start beside a living program = %v, want a refusal", err)
	}
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = program.Wait()
	s := started(t, Config{Dir: dir}) // at once: it waits for the orphan
	if got := count(t, s); got != 1 {
		t.Errorf("rows after the program was killed = %d, want 1", got)
	}
	if s.home.serves(pid) {
		t.Errorf("postmaster %d of the killed program still runs", pid)
	}
}

// TestRunsAsAnOrdinaryUser covers the way without a change of account, and the
// account's own refusals; as root it becomes nobody, else it is what all tests do.
func TestRunsAsAnOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		started(t, Config{Dir: openDir(t)})
		return
	}
	dir := openDir(t)
	if err := os.Chown(dir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	nobody := &syscall.Credential{Uid: 65534, Gid: 65534}
	own(t, dir, nobody)
	info, err := os.Stat(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid != 65534 {
		t.Errorf("data belong to uid %d, want 65534", uid)
	}
	shut := openDir(t)
	out := refused(t, filepath.Join(shut, "pg"), nobody)
	if want := "cannot write to PostgreSQL's folder"; !strings.Contains(out, want) || !strings.Contains(out, "permission denied") {
		t.Errorf("unwritable folder: got %q, want %q and the reason", out, want)
	}
}

func TestRootsClosedFolderPutsTheDataElsewhere(t *testing.T) {
	if os.Geteuid() != 0 {
		if got := unprivileged(); got != nil {
			t.Errorf("account for an ordinary user = %v, want none", got)
		}
		return
	}
	dir := filepath.Join(openDir(t), "home", "pg")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	s := started(t, Config{Dir: dir})
	t.Cleanup(func() {
		if err := s.Remove(); err != nil {
			t.Error(err)
		}
	})
	if s.Dir() == dir {
		t.Fatalf("data lie in %s, where the account may not walk", dir)
	}
	if err := query(t.Context(), s, "CREATE TABLE kept (n int)"); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = started(t, Config{Dir: dir})
	if got := count(t, s); got != 0 {
		t.Errorf("rows = %d, want 0 in the same table", got)
	}
}
