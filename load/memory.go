package load

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

// MiB is what memory is told in.
const MiB = 1 << 20

// Memory is what a process has resident now and had at most, in bytes (Linux only).
func Memory(pid int) (resident, peak int64, err error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		name, value, _ := bytes.Cut(lines.Bytes(), []byte(":"))
		kib, err := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))), 10, 64)
		switch {
		case err != nil:
		case string(name) == "VmRSS":
			resident = kib << 10
		case string(name) == "VmHWM":
			peak = kib << 10
		}
	}
	if resident == 0 {
		return 0, 0, fmt.Errorf("memory of process %d: no VmRSS", pid)
	}
	return resident, peak, lines.Err()
}

// CPU is the time that a process has worked so far, in user code and in the
// kernel (Linux only), to a hundredth of a second.
func CPU(pid int) (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("time of process %d: %w", pid, err)
	}
	// The name, second, may hold anything; it ends with the last parenthesis.
	fields := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:])
	const user, system, tick = 11, 12, 10 * time.Millisecond
	if len(fields) <= system {
		return 0, fmt.Errorf("time of process %d: %d fields", pid, len(fields))
	}
	var ticks int64
	for _, field := range [][]byte{fields[user], fields[system]} {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("time of process %d: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// Sample is the memory of a process at a time.
type Sample struct {
	At       time.Time
	Resident int64
}

// Watch samples the memory of a process until Stop.
type Watch struct {
	stop context.CancelFunc
	done sync.WaitGroup

	mu      sync.Mutex
	samples []Sample
}

// sampleEvery is how often a Watch looks.
const sampleEvery = 200 * time.Millisecond

// WatchMemory begins to sample.
func WatchMemory(ctx context.Context, pid int) *Watch {
	ctx, stop := context.WithCancel(ctx)
	w := &Watch{stop: stop}
	w.done.Go(func() {
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for w.look(pid); ; w.look(pid) {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return w
}

func (w *Watch) look(pid int) {
	resident, _, err := Memory(pid)
	if err != nil {
		return // the process has ended
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.samples = append(w.samples, Sample{time.Now(), resident})
}

// Stop ends the sampling and returns what was seen.
func (w *Watch) Stop() []Sample {
	w.stop()
	w.done.Wait()
	return w.samples
}

// Highest is the most of the samples.
func Highest(samples []Sample) int64 {
	var highest int64
	for _, s := range samples {
		highest = max(highest, s.Resident)
	}
	return highest
}

// Growth says by which factor memory grew while it should have been flat: the
// highest of the last third of the samples over the highest of the middle one. The
// first third is the warming up. 0: too few samples to say.
func Growth(samples []Sample) float64 {
	third := len(samples) / 3
	if third < 2 {
		return 0
	}
	return float64(Highest(samples[2*third:])) / float64(Highest(samples[third:2*third]))
}
