package pglocal

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the program that owns a server, so that a test
// can kill it: "PGLOCAL_TEST_OWN=<dir>" starts one and holds it until stdin ends.
func TestMain(m *testing.M) {
	if dir := os.Getenv("PGLOCAL_TEST_OWN"); dir != "" {
		os.Exit(ownServer(dir))
	}
	os.Exit(m.Run())
}

func ownServer(dir string) int {
	ctx := context.Background()
	s, err := Start(ctx, Config{Dir: dir})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	if err := query(ctx, s, "CREATE TABLE IF NOT EXISTS kept (n int)", "INSERT INTO kept VALUES (1)"); err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println("ready", s.PID())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := s.Stop(ctx); err != nil {
		return 1
	}
	return 0
}

// own runs a program that owns a server in dir, ended with the test.
func own(t *testing.T, dir string, as *syscall.Credential) (program *exec.Cmd, postmaster int) {
	t.Helper()
	cmd := helper(t, dir, as)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = stdin.Close(), cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if _, scanErr := fmt.Sscanf(line, "ready %d", &postmaster); scanErr != nil {
		t.Fatalf("program said %q (%v), want ready", line, err)
	}
	return cmd, postmaster
}

// refused runs the same program where it must fail and returns what it said.
func refused(t *testing.T, dir string, as *syscall.Credential) string {
	t.Helper()
	out, err := helper(t, dir, as).Output()
	if err == nil {
		t.Errorf("program in %s ended well, want a refusal", dir)
	}
	return string(out)
}

// helper copies the test binary to where another account can run it.
func helper(t *testing.T, dir string, as *syscall.Credential) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(openDir(t), "owner")
	if err := os.WriteFile(path, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "PGLOCAL_TEST_OWN="+dir)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	return cmd
}

// openDir is t.TempDir for data: that one is closed to other accounts, so root's
// data would lie elsewhere.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pglocal-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func waitClosed(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("%s: nothing after a minute", what)
	}
}
