package pglocal

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

func TestSecondStartOnTheSameFolderIsRefused(t *testing.T) {
	dir := openDir(t)
	s := started(t, Config{Dir: dir})
	_, err := Start(t.Context(), Config{Dir: dir})
	if !errors.Is(err, ErrRunning) || !strings.Contains(err.Error(), dir) {
		t.Errorf("second Start = %v, want ErrRunning naming the folder", err)
	}
	if err := s.Create(t.Context(), "still_there"); err != nil {
		t.Errorf("the first server after the refusal: %v", err)
	}
	if err := s.Create(t.Context(), "still_there"); err != nil {
		t.Errorf("Create of an existing database = %v, want nil", err)
	}
}

func TestStartExplainsWhatIsInItsWay(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(openDir(t), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	empty := openDir(t)
	for name, tc := range map[string]struct {
		cfg  Config
		want string
	}{
		"a taken port is named":               {Config{Port: taken.Addr().(*net.TCPAddr).Port}, "is taken by another program"},
		"a folder below a file is refused":    {Config{Dir: filepath.Join(file, "pg")}, "cannot write to PostgreSQL's folder"},
		"a folder of the kernel's is refused": {Config{Dir: "/proc/ukbot"}, "cannot write to PostgreSQL's folder"},
		"an unknown setting quotes the server's log": {
			Config{Settings: map[string]string{"no_such_setting": "1"}},
			`unrecognized configuration parameter "no_such_setting"`,
		},
		"neither installed nor downloadable says what to do": {
			Config{Binaries: Binaries{Search: []string{empty}, Mirror: "http://127.0.0.1:1", Cache: openDir(t)}},
			"install Debian's postgresql package (apt-get install postgresql) or set DATABASE_URL",
		},
		"a named folder without programs is named": {Config{Binaries: Binaries{Dir: empty}}, "no usable PostgreSQL in " + empty},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.cfg.Dir == "" {
				tc.cfg.Dir = openDir(t)
			}
			s, err := Start(t.Context(), tc.cfg)
			if err == nil {
				s.Kill()
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("Start = %v, want one line with %q", err, tc.want)
			}
		})
	}
}

func TestEndedContextLeavesNothingRunning(t *testing.T) {
	dir := openDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Start(ctx, Config{Dir: dir, Progress: func(string) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Start with an ended context = %v, want context canceled", err)
	}
	started(t, Config{Dir: dir})
}

func TestPasswordIsDrawnKeptAndAskedFor(t *testing.T) {
	s := started(t, Config{Dir: openDir(t)})
	info, err := os.Stat(s.home.file("password"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("password file mode = %o, want 600", info.Mode().Perm())
	}
	if len(s.password) < 26 {
		t.Errorf("password has %d characters, want at least 26", len(s.password))
	}
	s.password = "wrong"
	if err := query(t.Context(), s, "SELECT 1"); err == nil {
		t.Error("a wrong password was let in")
	}
}

func TestSeedIsCopiedWithItsPassword(t *testing.T) {
	seed := started(t, Config{Dir: openDir(t)})
	if err := query(t.Context(), seed, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	if err := seed.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := started(t, Config{Dir: openDir(t), Seed: seed.cfg.Dir})
	if got := count(t, s); got != 1 {
		t.Errorf("rows in the copy = %d, want 1", got)
	}
}

// testdata/binaries.jar has the published archive's form, with shell scripts that
// only know --version in the place of the programs.
func TestBinariesAreDownloadedOnceAndCheckable(t *testing.T) {
	requests := 0
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodHead:
		case strings.HasSuffix(r.URL.Path, ".jar") && strings.Contains(r.URL.Path, string(embeddedpostgres.V17)):
			requests++
			http.ServeFile(w, r, "testdata/binaries.jar")
		default:
			http.NotFound(w, r)
		}
	}))
	defer mirror.Close()
	var told []string
	b := Binaries{Search: []string{}, Mirror: mirror.URL, Cache: filepath.Join(openDir(t), "cache")}
	for range 2 {
		i, err := b.find(t.Context(), unprivileged(), 0, func(s string) { told = append(told, s) })
		if err != nil || i.major != 17 {
			t.Fatalf("find = %+v, %v, want version 17", i, err)
		}
	}
	if requests != 1 || len(told) != 1 {
		t.Errorf("downloads = %d, progress %q, want one of each", requests, told)
	}
	left, err := filepath.Glob(filepath.Join(b.Cache, "part-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("unfinished downloads left: %v, %v", left, err)
	}
}

func TestChangedPasswordIsReportedNotWaitedFor(t *testing.T) {
	dir := openDir(t)
	s := started(t, Config{Dir: dir})
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.home.file("password"), []byte("another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Start(t.Context(), Config{Dir: dir})
	if err == nil {
		again.Kill()
	}
	if !errors.Is(err, errNotOurs) || strings.Contains(err.Error(), "another") {
		t.Errorf("Start with a changed password = %v, want errNotOurs without the password", err)
	}
}

func TestAnotherServerOnOurPortIsNotTakenForOurs(t *testing.T) {
	s := started(t, Config{Dir: openDir(t)})
	twin := &Server{home: home{openDir(t)}, password: s.password, port: s.port}
	if err := twin.greet(t.Context()); !errors.Is(err, errNotOurs) {
		t.Errorf("greet = %v, want errNotOurs", err)
	}
}
