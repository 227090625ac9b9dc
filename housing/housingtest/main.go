package housingtest

import (
	"flag"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"ukbot/api"
	"ukbot/sql/dbtest"
)

// answered are the operations that this process has answered with success. It
// is package state because testing.M and testing.T share nothing else.
var answered sync.Map

// Main runs the tests of a package. When all of them ran, each operation that
// the handlers implement must have been answered with success in one of them:
//
//	housingtest.Main(m, (*company.Handlers)(nil))
func Main(m *testing.M, handlers ...any) {
	dbtest.Main(m, func() error { return untested(handlers) })
}

// untested names the operations that no test has seen succeed.
func untested(handlers []any) error {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if set := flag.Lookup(name); set != nil && set.Value.String() != "" {
			return nil // only some tests ran
		}
	}
	return lacking(handlers, func(operation string) bool { _, ok := answered.Load(operation); return ok })
}

// lacking names the operations of handlers that were not answered.
func lacking(handlers []any, answered func(operation string) bool) error {
	missing := map[string]bool{}
	for method := range reflect.TypeFor[api.StrictServerInterface]().Methods() {
		if answered(method.Name) {
			continue
		}
		for _, handler := range handlers {
			if _, implements := reflect.TypeOf(handler).MethodByName(method.Name); implements {
				missing[method.Name] = true
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("housingtest: no test was answered with success by %s", strings.Join(slices.Sorted(maps.Keys(missing)), ", "))
}

// succeeded notes that an operation was answered with success.
func succeeded(operation string) {
	answered.Store(strings.ToUpper(operation[:1])+operation[1:], true)
}
