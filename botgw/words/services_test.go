package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
)

// named is which values of the housing services the bot has words for: by the
// type of the constants, and the file that declares them.
var named = map[string]struct{ file, subject string }{
	"RequestStatus": {"../../api/types.gen.go", "status"},
	"Category":      {"../../api/types.gen.go", "category"},
	"Urgency":       {"../../api/types.gen.go", "urgency"},
	"Role":          {"../../api/types.gen.go", "role"},
	"Relation":      {"../../api/types.gen.go", "relation"},
	"ShiftStatus":   {"../../api/types.gen.go", "shift"},
	"UserStatus":    {"../../api/types.gen.go", "person"},
	"Language":      {"../../api/types.gen.go", "language"},
	"Code":          {"../../housing/problem/problem.go", "problem"},
}

func TestEveryValueOfTheServicesHasAName(t *testing.T) {
	all := texts(t, Languages[0])
	for typed, at := range named {
		values := constants(t, at.file, typed)
		for _, value := range values {
			if all[at.subject+"."+value] == nil {
				t.Errorf("%s %q is called nothing: %s.%s is missing", typed, value, at.subject, value)
			}
		}
		if len(values) < 3 {
			t.Errorf("found only %d values of %s", len(values), typed)
		}
	}
}

// constants is the values of a file's constants of a type.
func constants(t *testing.T, path, typed string) (values []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil || typeName(spec.Type) != typed || len(spec.Values) != 1 {
			return true
		}
		if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
			value, _ := strconv.Unquote(lit.Value)
			values = append(values, value)
		}
		return true
	})
	return values
}
