package problem_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"ukbot/housing/problem"
)

// TestEveryCodeHasAStatus: a code without one would be answered as our own mistake.
func TestEveryCodeHasAStatus(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "problem.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil || fmt.Sprint(spec.Type) != "Code" {
			return true
		}
		text, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		codes++
		if status := problem.New(problem.Code(text), "").Status(); status == 500 && text != string(problem.Internal) {
			t.Errorf("%s has no status", text)
		}
		return true
	})
	if codes < 20 {
		t.Fatalf("found only %d codes", codes)
	}
}

func TestAProblemIsFoundInsideAnError(t *testing.T) {
	cause := errors.New("private")
	p := problem.New(problem.Conflict, "no")
	p.Cause = cause
	err := fmt.Errorf("take request: %w", p)
	if !problem.Is(err, problem.Conflict) || problem.Is(err, problem.NotFound) || !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
	if problem.As(cause) != nil {
		t.Error("any error is a problem")
	}
}
