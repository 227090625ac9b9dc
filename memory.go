package main

import (
	"os"
	"runtime/debug"
)

// Settings of the garbage collector for processes that serve. A webhook's life is a
// few milliseconds: with the default of 100 every few megabytes of requests end in
// a collection, which takes a tenth of the ingress's processor time and most of its tail.
// Near the limit the collector works as often as it must.
const (
	gcPercent   = 400
	memoryLimit = 384 << 20 // bytes; the streams' caches keep to it too
)

// tuneMemory applies them, unless the environment says otherwise.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
