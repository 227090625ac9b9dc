package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// use is one place in the program that says a key.
type use struct {
	key    string
	at     string
	call   string   // Text, Plain, Count, CountPlain: what it is said with; "" where the key only stands there
	role   role     // what the words become
	args   []string // names of the arguments, where all can be read
	known  bool     // whether they can
	inHTML bool     // stands in HTML as it is
}

// role is what a text becomes on a phone, which decides how long it may be.
type role string

const (
	message     role = "message"
	toast       role = "toast"
	button      role = "button"
	emptyField  role = "placeholder"
	description role = "command description"
)

// keyLike is a key, or the beginning of some that are put together: "status.",
// "settings.kind_".
var keyLike = regexp.MustCompile(`^[a-z]+\.[a-z0-9_.]*$`)

// sources is everything that may say a key: the bot and the main package.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	files, set := map[string]*ast.File{}, token.NewFileSet()
	read := func(path string) {
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = file
	}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			read(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Glob("../../*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range root {
		if !strings.HasSuffix(path, "_test.go") {
			read(path)
		}
	}
	return files
}

// usage reads which keys the program says, and the beginnings of those it puts together.
func usage(t *testing.T) (uses []use, prefixes map[string]bool) {
	t.Helper()
	subjects := map[string]bool{}
	for _, key := range keys(t, Languages[0]) {
		subject, _, _ := strings.Cut(key, ".")
		subjects[subject] = true
	}
	r := reader{subjects: subjects, prefixes: map[string]bool{}}
	for path, file := range sources(t) {
		r.file = path
		r.walk(file, use{role: message})
	}
	return r.uses, r.prefixes
}

// reader walks a syntax tree and remembers around a key what it is said with.
type reader struct {
	file     string
	subjects map[string]bool
	uses     []use
	prefixes map[string]bool
}

func (r *reader) walk(node ast.Node, around use) {
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			return r.call(n, around)
		case *ast.CompositeLit:
			return r.literal(n, around)
		case *ast.BinaryExpr:
			if key, ok := r.key(n.X); ok && n.Op == token.ADD {
				r.prefixes[key] = true
				r.walk(n.Y, around)
				return false
			}
		case *ast.BasicLit:
			if key, ok := r.key(n); ok {
				around.key, around.at = key, r.file
				r.uses = append(r.uses, around)
			}
		}
		return true
	})
}

// call reads b.Text("key", words.Args{…}), t.Toast(…), flow.Pick(…).
func (r *reader) call(n *ast.CallExpr, around use) bool {
	name := calledName(n)
	switch name {
	case "Text", "Plain", "Count", "CountPlain":
		if len(n.Args) == 0 {
			return true
		}
		said := around
		said.call = name
		said.args, said.known = argumentsGiven(n)
		r.walk(n.Args[0], said)
		for _, arg := range n.Args[1:] {
			r.walk(arg, use{role: message})
		}
		return false
	case "Toast", "Alert":
		around.role = toast
	case "Pick":
		if len(n.Args) > 0 {
			said := around
			said.role = button
			r.walk(n.Args[0], said)
			for _, arg := range n.Args[1:] {
				r.walk(arg, around)
			}
			return false
		}
	default:
		return true
	}
	for _, arg := range n.Args {
		r.walk(arg, around)
	}
	return false
}

// fieldRoles are the fields of the bot's own types whose words are no messages.
var fieldRoles = map[[2]string]role{
	{"Button", "Text"}:      button,
	{"Key", "Text"}:         button,
	{"Order", "Menu"}:       button,
	{"Order", "Describe"}:   description,
	{"Menu", "Placeholder"}: emptyField,
}

// literal reads talk.Button{Text: …} and its like.
func (r *reader) literal(n *ast.CompositeLit, around use) bool {
	of := typeName(n.Type)
	for _, element := range n.Elts {
		name, inside := "", around
		if field, ok := element.(*ast.KeyValueExpr); ok {
			if ident, ok := field.Key.(*ast.Ident); ok {
				name = ident.Name
			}
		}
		inside.inHTML = of == "Screen" && name == "Text"
		if role, special := fieldRoles[[2]string{of, name}]; special {
			inside.role = role
		}
		r.walk(element, inside)
	}
	return false
}

// key is a string literal that is, or begins, a key.
func (r *reader) key(n ast.Node) (string, bool) {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	subject, _, _ := strings.Cut(text, ".")
	return text, err == nil && keyLike.MatchString(text) && r.subjects[subject]
}

func calledName(n *ast.CallExpr) string {
	switch f := n.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}

func typeName(n ast.Expr) string {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		return n.Sel.Name
	case *ast.Ident:
		return n.Name
	}
	return ""
}

// argumentsGiven is the names of words.Args{…}, if that is how all are given.
func argumentsGiven(n *ast.CallExpr) (names []string, known bool) {
	rest := n.Args[1:]
	if name := calledName(n); strings.HasPrefix(name, "Count") {
		names = append(names, "Count")
		rest = rest[min(1, len(rest)):]
	}
	for _, arg := range rest {
		lit, ok := arg.(*ast.CompositeLit)
		if !ok || typeName(lit.Type) != "Args" {
			return nil, false
		}
		for _, element := range lit.Elts {
			pair, ok := element.(*ast.KeyValueExpr)
			if !ok {
				return nil, false
			}
			name, ok := pair.Key.(*ast.BasicLit)
			if !ok {
				return nil, false
			}
			text, _ := strconv.Unquote(name.Value)
			names = append(names, text)
		}
	}
	return names, true
}
