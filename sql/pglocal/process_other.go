//go:build !linux

package pglocal

import (
	"bytes"
	"os/exec"
	"strconv"
	"syscall"
)

// dieWithUs does nothing: only Linux can tie a child's life to ours. An orphan is
// stopped by the next Start on its folder (evict).
func dieWithUs(*exec.Cmd, syscall.Signal) {}

// arguments returns the command line of a process; nil for none.
func arguments(pid int) [][]byte {
	line, _ := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return bytes.Fields(line)
}
