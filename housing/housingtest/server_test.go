package housingtest_test

import (
	"testing"

	"ukbot/housing/housingtest"
	"ukbot/sql/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// A server is often not yet listening when a test of nothing ends.
func TestServerStopsThoughNobodyAskedIt(t *testing.T) {
	for range 3 {
		t.Run("nothing", func(t *testing.T) { housingtest.Start(t) })
	}
}
