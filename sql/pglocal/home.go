package pglocal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/rs/zerolog"
)

// home is the folder a server lives in:
//
//	data/       PostgreSQL's cluster         ┐ the account's
//	socket/     its Unix socket              ┘
//	password    drawn once, 0600             ┐
//	server.log  what the server wrote        │ ours
//	lock        held while a server runs     ┘
//	location    only in Config.Dir: the path of the home, where it is elsewhere
type home struct{ dir string }

func (h home) file(name string) string { return filepath.Join(h.dir, name) }
func (h home) data() string            { return h.file("data") }

// settle returns the home for dir: dir itself, or a folder elsewhere when some
// parent of dir keeps the account out (/root is 0700). A note in dir leads there, so
// that the data are found again.
func settle(dir string, a *account, log zerolog.Logger) (home, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return home{}, fmt.Errorf("PostgreSQL's folder: %w", err)
	}
	if err := makeWritable(dir, a); err != nil {
		return home{}, fmt.Errorf("cannot write to PostgreSQL's folder: %w", err)
	}
	note := filepath.Join(dir, "location")
	if there, err := os.ReadFile(note); err == nil {
		h := home{strings.TrimSpace(string(there))}
		return h, ownedFolder(h.dir)
	}
	if a.mayWalk(dir) {
		return home{dir}, nil
	}
	h, err := elsewhere(dir)
	if err != nil {
		return home{}, fmt.Errorf("the user %s, who runs PostgreSQL, may not enter %s, and no other place was found: %w", a.name, dir, err)
	}
	log.Info().Str("dir", dir).Str("data", h.dir).Str("user", a.name).Msg("postgresql data lie elsewhere: its user may not enter the folder")
	return h, os.WriteFile(note, []byte(h.dir+"\n"), 0o600)
}

// makeWritable makes dir and proves by a file that it can be written to. An account
// must be able to walk in; the secrets inside are 0600.
func makeWritable(dir string, a *account) error {
	mode := fs.FileMode(0o700)
	if a != nil {
		mode = 0o711
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// elsewhere makes the folder for data that cannot lie in dir, named by dir.
func elsewhere(dir string) (home, error) {
	sum := sha256.Sum256([]byte(dir))
	name := hex.EncodeToString(sum[:8])
	var errs []error
	for _, path := range []string{filepath.Join("/var/lib/ukbot", name), filepath.Join(os.TempDir(), "ukbot-"+name)} {
		err := ownedFolder(path)
		if err == nil {
			return home{path}, nil
		}
		errs = append(errs, err)
	}
	return home{}, errors.Join(errs...)
}

// ownedFolder makes path and refuses one that another user put there first, as
// anybody could in the temporary folder.
func ownedFolder(path string) error {
	if err := os.MkdirAll(path, 0o711); err != nil {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() || info.Sys().(*syscall.Stat_t).Uid != uint32(os.Geteuid()) {
		return fmt.Errorf("%s belongs to another user", path)
	}
	return nil
}

// owner returns the account existing data belong to, so that they stay usable when
// the machine's accounts change; for a new home it returns chosen.
func (h home) owner(chosen *account) (*account, error) {
	info, err := os.Stat(h.data())
	if errors.Is(err, fs.ErrNotExist) {
		return chosen, nil
	}
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL's data: %w", err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	if stat.Uid == uint32(os.Geteuid()) {
		return chosen, nil
	}
	if chosen == nil {
		return nil, fmt.Errorf("PostgreSQL's data in %s belong to another user: run as that user or as root, or choose another folder", h.data())
	}
	if u, err := user.LookupId(strconv.FormatUint(uint64(stat.Uid), 10)); err == nil {
		return accountOf(u), nil
	}
	return &account{name: "of the data", uid: stat.Uid, gid: stat.Gid}, nil
}

// major is the PostgreSQL version the data were made by; 0 when there are none yet.
func (h home) major() (int, error) {
	text, err := os.ReadFile(filepath.Join(h.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("PostgreSQL's data: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("PostgreSQL's data in %s have no readable version: %w", h.data(), err)
	}
	return major, nil
}

// password cannot be printed; URL is the only way out.
type password string

func (password) String() string   { return "***" }
func (password) GoString() string { return "***" }

func drawPassword() password { return password(rand.Text()) }

func (h home) readPassword() (password, error) {
	text, err := os.ReadFile(h.file("password"))
	if err != nil {
		return "", fmt.Errorf("PostgreSQL's password: %w", err)
	}
	return password(strings.TrimSpace(string(text))), nil
}
