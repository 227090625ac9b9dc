//go:build !race

// Each is a process of its own, which the race detector starts slowly, and has
// one goroutine.

package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestEveryCommandExplainsItself(t *testing.T) {
	t.Parallel()
	parser, err := newParser(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	commands := [][]string{nil}
	_ = kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		if n, ok := node.(*kong.Node); ok && n.Type == kong.CommandNode {
			commands = append(commands, strings.Fields(n.FullPath())[1:])
		}
		return next(nil)
	})
	if len(commands) < 20 {
		t.Errorf("only %d commands are found: %v", len(commands), commands)
	}
	for _, command := range commands {
		done := ukbot(t, nil, append(command, "--help")...)
		if done.code != 0 || !strings.Contains(done.out, "Usage: ukbot") || done.err != "" {
			t.Errorf("%v --help: exit %d, %q, %q", command, done.code, done.out, done.err)
		}
	}
}
