package pglocal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"github.com/gofrs/flock"
)

// mavenCentral publishes relocatable binaries (zonkyio/embedded-postgres-binaries).
const mavenCentral = "https://repo1.maven.org/maven2"

// preferred is the version fetched for new data.
const preferred = 17

// downloadable maps a major version to the build that is fetched for it.
var downloadable = map[int]embeddedpostgres.PostgresVersion{
	14: embeddedpostgres.V14,
	15: embeddedpostgres.V15,
	16: embeddedpostgres.V16,
	17: embeddedpostgres.V17,
	18: embeddedpostgres.V18,
}

// download returns the cached binaries of a version, fetching them the first time.
// Several processes may ask at once: one fetches, the others wait for it.
func (b Binaries) download(ctx context.Context, a *account, major int, progress func(string)) (installation, error) {
	version, ok := downloadable[cmp.Or(major, preferred)]
	if !ok {
		return installation{}, fmt.Errorf("no build of PostgreSQL %d is published", major)
	}
	cache, err := b.cacheDir(a)
	if err != nil {
		return installation{}, err
	}
	dir := filepath.Join(cache, string(version))
	if i, err := inspect(ctx, filepath.Join(dir, "bin"), a); err == nil {
		return i, nil
	}
	lock := flock.New(filepath.Join(cache, "lock"))
	if _, err := lock.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return installation{}, err
	}
	defer lock.Unlock()
	if _, err := os.Stat(dir); err != nil {
		progress("downloading PostgreSQL " + string(version) + " (about 30 MB, once)")
		if err := fetch(ctx, cmp.Or(b.Mirror, mavenCentral), version, cache, dir); err != nil {
			return installation{}, err
		}
	}
	return inspect(ctx, filepath.Join(dir, "bin"), a)
}

// cacheDir is a folder of ours that the account may walk: what lies in it is run.
func (b Binaries) cacheDir(a *account) (string, error) {
	places := []string{b.Cache}
	if b.Cache == "" {
		places = []string{"/var/cache/ukbot/postgresql"} // root's own cache is closed to the account
		if os.Geteuid() != 0 {
			user, err := os.UserCacheDir() // fails without HOME
			places = []string{filepath.Join(user, "ukbot", "postgresql")}
			if err != nil {
				places = nil
			}
		}
		places = append(places, filepath.Join(os.TempDir(), "ukbot-postgresql-"+strconv.Itoa(os.Geteuid())))
	}
	var errs []error
	for _, place := range places {
		err := ownedFolder(place)
		if err == nil && a.mayWalk(place) {
			return place, nil
		}
		if err == nil {
			err = fmt.Errorf("the user %s, who runs PostgreSQL, may not enter %s", a.name, place)
		}
		errs = append(errs, err)
	}
	return "", fmt.Errorf("no folder for downloaded binaries: %w", errors.Join(errs...))
}

// fetch downloads into a folder beside dir and renames it, so that dir is either
// missing or whole.
func fetch(ctx context.Context, mirror string, version embeddedpostgres.PostgresVersion, cache, dir string) error {
	if err := reach(ctx, mirror); err != nil {
		return err
	}
	stage, err := os.MkdirTemp(cache, "part-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	binaries := filepath.Join(stage, "binaries")
	// The library takes no context: after an early end its download dies with the program.
	failed := make(chan error, 1)
	go func() { failed <- unpack(mirror, version, stage, binaries) }()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-failed:
		if err != nil {
			return err
		}
	}
	return os.Rename(binaries, dir)
}

// reach answers within seconds whether the mirror can be had at all; the library
// would wait for the system's connection timeout.
func reach(ctx context.Context, mirror string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, mirror, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("no connection to the download server: %w", err)
	}
	return res.Body.Close()
}

// unpack has the library download and unpack. It has no call that stops there, so it
// is made to stop: it cleans its data folder next, and os.RemoveAll refuses a path
// that ends in a dot. What counts is whether the programs are there afterwards.
func unpack(mirror string, version embeddedpostgres.PostgresVersion, stage, binaries string) error {
	db := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(version).BinaryRepositoryURL(mirror).Port(0).Logger(io.Discard).
		CachePath(filepath.Join(stage, "archive")).RuntimePath(filepath.Join(stage, "runtime")).
		BinariesPath(binaries).DataPath(filepath.Join(stage, "data") + "/."))
	started := db.Start()
	if started == nil {
		return db.Stop()
	}
	if _, err := os.Stat(filepath.Join(binaries, "bin", "postgres")); err != nil {
		return started
	}
	// The stage is 0700, what it holds must be open to the account that runs it.
	return os.Chmod(binaries, 0o755)
}
