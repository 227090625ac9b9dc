package load

import (
	"time"

	"golang.org/x/sys/unix"
)

// pause waits in the kernel, to some 50 microseconds; a signal may end it early.
func pause(d time.Duration) {
	spec := unix.NsecToTimespec(d.Nanoseconds())
	_ = unix.Nanosleep(&spec, nil)
}
