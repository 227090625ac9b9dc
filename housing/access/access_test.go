package access_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/google/uuid"

	"ukbot/housing/access"
	"ukbot/housing/problem"
)

// TestEveryActionHasARow: an action without a row is forbidden to everybody, and
// nobody would see why.
func TestEveryActionHasARow(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "table.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	named := map[access.Action]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, _ := strconv.Unquote(literal.Value)
			named[access.Action(text)] = true
		}
		return true
	})
	delete(named, access.Public)
	if len(named) < 30 {
		t.Fatalf("found only %d actions in table.go", len(named))
	}
	for action := range named {
		if _, ok := access.Table[action]; !ok {
			t.Errorf("%s has no row in Table", action)
		}
	}
	for action := range access.Table {
		if !named[action] {
			t.Errorf("Table has a row for %s, which is no action", action)
		}
	}
}

func TestMachinesReachTheirScopesOnly(t *testing.T) {
	machine := access.Caller{Tenant: "acme", Name: "bot", Scopes: []access.Action{access.AuthTelegram, access.RequestsView}}
	for action, want := range map[access.Action]access.Reach{
		access.AuthTelegram: access.Any, access.RequestsView: access.Any, access.RequestsCreate: access.None, access.KeysManage: access.None,
	} {
		if got := machine.May(action); got != want {
			t.Errorf("May(%s) = %v, want %v", action, got, want)
		}
	}
}

func TestRequireTellsOwnFromAny(t *testing.T) {
	resident := access.Caller{Tenant: "acme", User: uuid.New(), Role: access.Applicant}
	manager := access.Caller{Tenant: "acme", User: uuid.New(), Role: access.Manager}
	for name, tc := range map[string]struct {
		caller access.Caller
		action access.Action
		own    bool
		fine   bool
	}{
		"a resident's own request":        {resident, access.RequestsView, true, true},
		"somebody else's":                 {resident, access.RequestsView, false, false},
		"a manager sees any":              {manager, access.RequestsView, false, true},
		"a resident assigns nobody":       {resident, access.RequestsAssign, true, false},
		"nobody without a token":          {access.Caller{}, access.BuildingsView, true, false},
		"an action that does not exist":   {manager, "world.rule", true, false},
		"a manager may not use AuthLogin": {manager, access.AuthTelegram, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.caller.Require(tc.action, tc.own)
			if (err == nil) != tc.fine || err != nil && !problem.Is(err, problem.Forbidden) {
				t.Errorf("Require(%s, own %t) = %v", tc.action, tc.own, err)
			}
		})
	}
}

func TestTheCallerTravelsInTheContext(t *testing.T) {
	c := access.Caller{Tenant: "acme", Name: "bot"}
	if got := access.From(access.With(context.Background(), c)); got.ID() != "bot" || got.RoleName() != "key" || !got.IsMachine() {
		t.Errorf("got %+v", got)
	}
	if got := access.From(context.Background()); got.May(access.BuildingsView) != access.None {
		t.Error("nobody may see buildings")
	}
}
