package pace

import (
	"maps"
	"slices"
	"sync"
)

// Line is the way out of one bot: its turns and its valve. Whoever sends for the
// bot, answers or notices, goes through the same one.
type Line struct {
	*Pace
	*Valve
}

// NewLine is the line of a bot that sends perSecond messages; 0 limits nothing.
func NewLine(perSecond float64) *Line { return &Line{New(perSecond), NewValve()} }

// Lines is the lines of all bots of this process.
type Lines struct {
	rate float64

	mu       sync.Mutex
	replicas map[int64]int // that send for a bot; 1 where nothing is known
	lines    map[int64]*Line
}

// NewLines prepares lines for bots that send perSecond messages each; 0 limits nothing.
func NewLines(perSecond float64) *Lines {
	return &Lines{rate: perSecond, lines: map[int64]*Line{}, replicas: map[int64]int{}}
}

// Of is the line of a bot, made when it is first asked for.
func (l *Lines) Of(bot int64) *Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	line, known := l.lines[bot]
	if !known {
		line = NewLine(l.rate)
		line.Share(l.replicas[bot])
		l.lines[bot] = line
	}
	return line
}

// Bots is the bots that have a line.
func (l *Lines) Bots() []int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.lines))
}

// Share tells how many replicas send for each bot, this one included; 1 for
// those that are not named.
func (l *Lines) Share(replicas map[int64]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replicas = replicas
	for bot, line := range l.lines {
		line.Pace.Share(replicas[bot])
	}
}
