package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// current is the schema of this source tree: sql/migrations.
func current() schema {
	return schema{key: key(migrationFiles()), migrate: func(context.Context, string) error { return nil }}
}

// migrationFiles lists what the template depends on. Tests run where their source is;
// where it is not (-trimpath), the test binary itself stands for everything in it.
func migrationFiles() []string {
	_, self, _, _ := runtime.Caller(0)
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(self), "..", "migrations", "*"))
	if len(files) == 0 {
		binary, _ := os.Executable()
		return []string{binary}
	}
	return files
}

// key is equal for equal files in equal order; short, because it is part of names.
func key(files []string) string {
	sum := sha256.New()
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		_, _ = io.WriteString(sum, filepath.Base(path)+"\n")
		_, _ = io.Copy(sum, f)
		_ = f.Close()
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}
