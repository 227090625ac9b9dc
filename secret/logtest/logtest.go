// Package logtest keeps what a test's parts log, so that the test can say that no
// secret is among it. It is for tests only.
package logtest

import (
	"bytes"
	"sync"
)

// Lines is a log that can be read while goroutines write to it. Its zero value is empty.
type Lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds a line.
func (l *Lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// String is all that has been logged so far.
func (l *Lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
