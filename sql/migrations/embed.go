// Package migrations holds the schema as goose files, in their order.
package migrations

import "embed"

// Files are the migrations; goose reads them, sqlc too.
//
//go:embed *.sql
var Files embed.FS
