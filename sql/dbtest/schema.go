package dbtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"

	"ukbot/sql/db"
	"ukbot/sql/migrations"
)

// current is the program's schema: what db.Migrate makes of sql/migrations.
func current() (schema, error) {
	key, err := keyOf(migrations.Files)
	if err != nil {
		return schema{}, fmt.Errorf("read migrations: %w", err)
	}
	return schema{key: key, migrate: db.Migrate}, nil
}

// keyOf is equal for equal files: an edited migration gets a template of its own.
// Eight bytes, because it is part of names.
func keyOf(files fs.FS) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)[:8]), err
}
