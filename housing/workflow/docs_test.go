package workflow

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/workflow.md")

// TestTheDiagramIsCurrent compares docs/workflow.md with the tables.
func TestTheDiagramIsCurrent(t *testing.T) {
	file := filepath.Join("..", "..", "docs", "workflow.md")
	got := document()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what the tables say: go test ./housing/workflow -update\n%s", file, got)
	}
}

const preface = `# The life of a repair request

Made of the tables in ` + "`housing/workflow`" + ` by ` + "`go test ./housing/workflow -update`" + `: change them there.

`

func document() string {
	var b strings.Builder
	b.WriteString(preface)
	diagram(&b)
	statuses(&b)
	rows(&b)
	return b.String()
}

// diagram draws each way between two statuses once, with all that goes it.
func diagram(b *strings.Builder) {
	b.WriteString("```mermaid\nstateDiagram-v2\n    [*] --> new: create\n")
	for _, from := range Statuses {
		for _, to := range Statuses {
			if label := between(from.Status, to.Status); label != "" {
				fmt.Fprintf(b, "    %s --> %s: %s\n", from.Status, to.Status, label)
			}
		}
	}
	for _, info := range Statuses {
		if info.Group == Closed {
			fmt.Fprintf(b, "    %s --> [*]\n", info.Status)
		}
	}
	b.WriteString("```\n\n")
}

// between is the actions that lead from one status to another.
func between(from, to Status) string {
	var actions []string
	for _, row := range Table {
		if row.To == to && slices.Contains(row.From, from) && !slices.Contains(actions, string(row.Action)) {
			actions = append(actions, string(row.Action))
		}
	}
	return strings.Join(actions, ", ")
}

func statuses(b *strings.Builder) {
	b.WriteString("## Statuses\n\n| status | group | completion clock | RU | UZ | EN |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, s := range Statuses {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s |\n", s.Status, s.Group, s.Clock, s.RU, s.UZ, s.EN)
	}
	b.WriteString("\n")
}

func rows(b *strings.Builder) {
	b.WriteString("## Actions\n\n| status | action | who | if | gives | status after | event |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, row := range Table {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n",
			list(row.From), row.Action, who(row), list(row.If), list(row.Needs), row.To, row.Event)
	}
	b.WriteString("\nAn executor's own is what was given to them, a resident's what was made for them. " +
		"`key` is an API key whose scopes allow the action. A manager accepts in the resident's place when the resident has let the company's time (setting `accept_after_hours`) pass. " +
		"Off shift executors may do nothing of this, unless the company's setting `off_shift` allows it.\n")
}

func who(row Row) string {
	if row.Own {
		return list(row.By) + ", own"
	}
	return list(row.By)
}

func list[T ~string](items []T) string {
	var texts []string
	for _, item := range items {
		texts = append(texts, string(item))
	}
	return strings.Join(texts, ", ")
}
