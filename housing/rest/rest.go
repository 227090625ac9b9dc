// Package rest is the API's conventions in code: cursors of pages and ETags of
// versions.
package rest

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"ukbot/housing/problem"
)

// Bounds of a page, in items.
const (
	PageDefault = 50
	PageMax     = 200
)

// Limit is how many items a page has; the document has checked its bounds.
func Limit(asked *int) int {
	if asked == nil {
		return PageDefault
	}
	return min(max(*asked, 1), PageMax)
}

// Cursor makes an opaque cursor of the last item's sort key.
func Cursor(key any) string {
	raw, err := json.Marshal(key)
	if err != nil {
		return "" // keys are structs of times, ids and numbers
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// ReadCursor reads a cursor into key; nil leaves key as it is.
func ReadCursor(cursor *string, key any) error {
	if cursor == nil || *cursor == "" {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(*cursor)
	if err == nil {
		err = json.Unmarshal(raw, key)
	}
	if err != nil {
		return problem.InvalidField("query/cursor", "is not a cursor of this list")
	}
	return nil
}

// Page cuts a list that was read with one item more than the limit, and says
// the cursor of the next page; nil on the last.
func Page[T any](items []T, limit int, key func(T) any) ([]T, *string) {
	if len(items) <= limit {
		return items, nil
	}
	items = items[:limit]
	next := Cursor(key(items[limit-1]))
	return items, &next
}

// ETag is a version as a strong entity tag.
func ETag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// Match checks an optional If-Match against the version there is.
func Match(ifMatch *string, version int64) error {
	if ifMatch == nil || strings.TrimSpace(*ifMatch) == "*" {
		return nil
	}
	for tag := range strings.SplitSeq(*ifMatch, ",") {
		if strings.TrimSpace(tag) == ETag(version) {
			return nil
		}
	}
	return problem.New(problem.Stale, "somebody changed this since you read it: read it again (ETag "+ETag(version)+")")
}

// MustMatch is Match where If-Match may not be missing.
func MustMatch(ifMatch *string, version int64) error {
	if ifMatch == nil {
		return &problem.Problem{
			Code: problem.MatchRequired, Detail: "say which version you change",
			Errors: []problem.Field{{Pointer: "header/If-Match", Detail: "the ETag that reading it gave"}},
		}
	}
	return Match(ifMatch, version)
}
