package pglocal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// superuser owns every database of a private server.
const superuser = "ukbot"

// initialise fills an empty home, by copying the seed or by initdb. The data appear
// under their name when they are whole: a kill in between leaves only data.new.
func (s *Server) initialise(ctx context.Context) error {
	fresh := s.home.file("data.new")
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("remove unfinished PostgreSQL data: %w", err)
	}
	var err error
	if s.cfg.Seed != "" {
		err = s.copySeed(fresh)
	} else {
		s.cfg.Progress("creating the database files with PostgreSQL " + s.bin.version)
		err = s.initdb(ctx, fresh)
	}
	if err != nil {
		return fmt.Errorf("create PostgreSQL's data in %s: %w", s.home.dir, err)
	}
	return os.Rename(fresh, s.home.data())
}

// locales are tried in order: C.UTF-8 sorts by code point and knows letters beyond
// ASCII, but not every system has it.
var locales = []string{"C.UTF-8", "C"}

// initdb creates a cluster that asks everybody for a password.
func (s *Server) initdb(ctx context.Context, fresh string) error {
	secret := s.home.file("password")
	if err := os.WriteFile(secret, []byte(drawPassword()+"\n"), 0o600); err != nil {
		return err
	}
	if err := s.account.own(secret); err != nil { // initdb reads it as the account
		return err
	}
	var err error
	for _, locale := range locales {
		if err = os.Mkdir(fresh, 0o700); err != nil {
			return err
		}
		if err = s.account.own(fresh); err != nil {
			return err
		}
		cmd := s.account.command(ctx, fresh, s.bin.program("initdb"), "--pgdata="+fresh, "--username="+superuser,
			"--auth=scram-sha-256", "--pwfile="+secret, "--encoding=UTF8", "--locale="+locale, "--no-sync")
		var out []byte
		if out, err = combined(cmd); err == nil {
			return s.tune(ctx, fresh)
		}
		err = fmt.Errorf("initdb: %w: %s", err, reason(out))
		if ctx.Err() != nil || os.RemoveAll(fresh) != nil {
			break
		}
	}
	return err
}

// tune keeps what depends on how these binaries were built.
func (s *Server) tune(ctx context.Context, fresh string) error {
	cmd := s.account.command(ctx, fresh, s.bin.program("postgres"), "-D", fresh, "-C", "wal_compression", "-c", "wal_compression=lz4")
	setting := "wal_compression = lz4\n"
	if _, err := combined(cmd); err != nil {
		setting = "wal_compression = on\n"
	}
	f, err := os.OpenFile(filepath.Join(fresh, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("\n# written by ukbot when the data were made\n" + setting)
	return errors.Join(err, f.Close())
}

// combined runs a short program to its end; it is killed when ctx or this process ends.
// The thread is held because the kernel sends that signal when the *thread* that
// started the child goes, and Go ends idle threads as it likes.
func combined(cmd *exec.Cmd) ([]byte, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dieWithUs(cmd, syscall.SIGKILL)
	return cmd.CombinedOutput()
}

// copySeed copies another, stopped home: data and password.
func (s *Server) copySeed(fresh string) error {
	if err := s.copyTree(s.seed.data(), fresh); err != nil {
		return err
	}
	secret, err := os.ReadFile(s.seed.file("password"))
	if err != nil {
		return err
	}
	return os.WriteFile(s.home.file("password"), secret, 0o600)
}

// copyTree copies folders and files; a cluster made by initdb holds nothing else.
func (s *Server) copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, path[len(from):])
		if d.IsDir() {
			err = os.Mkdir(target, 0o700)
		} else if d.Type().IsRegular() {
			err = copyFile(path, target)
		} else {
			return nil
		}
		if err != nil {
			return err
		}
		return s.account.own(target)
	})
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}
