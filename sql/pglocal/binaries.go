package pglocal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldest is the first PostgreSQL version whose SQL and settings ukbot relies on.
const oldest = 14

// Binaries says where PostgreSQL's programs are looked for. The zero value means
// the usual places, then Maven Central.
type Binaries struct {
	Dir    string   // only here, e.g. /opt/pg/bin; default $UKBOT_PG_BIN
	Search []string // folders or patterns instead of the usual places
	Mirror string   // Maven repository to download from; default https://repo1.maven.org/maven2
	Cache  string   // folder for downloaded binaries; default below the user's cache folder
}

// usualPlaces is where packages put the server's programs; PATH comes on top.
var usualPlaces = []string{
	"/usr/lib/postgresql/*/bin",          // Debian, Ubuntu
	"/usr/pgsql-*/bin",                   // PGDG on Red Hat
	"/usr/libexec/postgresql*",           // Alpine
	"/usr/local/pgsql/bin",               // built from source
	"/opt/homebrew/opt/postgresql@*/bin", // Homebrew, Apple silicon
	"/usr/local/opt/postgresql@*/bin",    // Homebrew, Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// installation is a folder that holds initdb and postgres of one version.
type installation struct {
	dir     string
	version string // as the program says it: 15.18
	major   int
}

func (i installation) program(name string) string { return filepath.Join(i.dir, name) }

// find returns the newest working installation that the account may run; with
// major > 0 only that version, because data are not readable by another.
func (b Binaries) find(ctx context.Context, a *account, major int, progress func(string)) (installation, error) {
	if dir := cmp.Or(b.Dir, os.Getenv("UKBOT_PG_BIN")); dir != "" {
		return only(ctx, dir, a, major)
	}
	var found []installation
	for _, dir := range b.candidates() {
		if i, err := inspect(ctx, dir, a); err == nil && i.major >= oldest && (major == 0 || i.major == major) {
			found = append(found, i)
		}
	}
	if len(found) > 0 {
		return slices.MaxFunc(found, func(x, y installation) int { return cmp.Compare(x.major, y.major) }), nil
	}
	i, err := b.download(ctx, a, major, progress)
	switch {
	case err == nil:
		return i, nil
	case ctx.Err() != nil:
		return i, fmt.Errorf("download PostgreSQL: %w", err)
	case major != 0:
		return i, fmt.Errorf("the data were made by PostgreSQL %d, which is neither installed nor could be downloaded: install it, or move the data away (%w)", major, err)
	}
	return i, fmt.Errorf("%w (%w)", ErrNotInstalled, err)
}

// only inspects the folder somebody named; falling back would hide their mistake.
func only(ctx context.Context, dir string, a *account, major int) (installation, error) {
	i, err := inspect(ctx, dir, a)
	switch {
	case err != nil:
		return i, fmt.Errorf("no usable PostgreSQL in %s (UKBOT_PG_BIN): %w", dir, err)
	case i.major < oldest:
		return i, fmt.Errorf("PostgreSQL %s in %s (UKBOT_PG_BIN) is too old: %d or later is needed", i.version, dir, oldest)
	case major != 0 && i.major != major:
		return i, fmt.Errorf("the data were made by PostgreSQL %d, but %s (UKBOT_PG_BIN) holds %s", major, dir, i.version)
	}
	return i, nil
}

// candidates lists folders to inspect, each once, links resolved: on many machines
// the program in PATH is a link into, or a wrapper beside, the real folder.
func (b Binaries) candidates() []string {
	var dirs []string
	patterns := b.Search
	if patterns == nil {
		patterns = usualPlaces
		for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
			if path, err := exec.LookPath(name); err == nil {
				dirs = append(dirs, filepath.Dir(resolved(path)))
			}
		}
	}
	for _, p := range patterns {
		matches, _ := filepath.Glob(p) // its only error is a bad pattern
		for _, m := range matches {
			dirs = append(dirs, resolved(m))
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

func resolved(path string) string {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	return path
}

var versionNumber = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

// inspect runs both programs as the account: a file that is there may still be a
// wrapper, of another machine, or closed to the account.
func inspect(ctx context.Context, dir string, a *account) (installation, error) {
	i := installation{dir: dir}
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(i.program(name)); err != nil {
			return i, err
		}
		out, err := a.command(ctx, "/", i.program(name), "--version").CombinedOutput()
		if err != nil {
			return i, fmt.Errorf("run %s --version: %w: %s", i.program(name), err, reason(out))
		}
		m := versionNumber.FindStringSubmatch(string(out))
		if m == nil {
			return i, fmt.Errorf("%s is not PostgreSQL: %s", i.program(name), reason(out))
		}
		if i.version != "" && i.version != m[1] {
			return i, errors.New("initdb and postgres differ: " + i.version + " and " + m[1])
		}
		i.version = strings.TrimSpace(m[1])
		i.major, _ = strconv.Atoi(m[2]) // digits, by the pattern
	}
	return i, nil
}
