//go:build !linux

package load

import "time"

// pause waits as well as the runtime's timers can.
func pause(d time.Duration) { time.Sleep(d) }
