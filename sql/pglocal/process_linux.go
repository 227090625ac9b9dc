package pglocal

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// dieWithUs has the kernel send sig to the child when the thread that starts it ends;
// the caller must hold that thread (runtime.LockOSThread) until the child has ended.
func dieWithUs(cmd *exec.Cmd, sig syscall.Signal) { cmd.SysProcAttr.Pdeathsig = sig }

// arguments returns the command line of a process; nil for none, and for a zombie.
func arguments(pid int) [][]byte {
	line, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if len(line) == 0 {
		return nil
	}
	return bytes.Split(line, []byte{0})
}
