package housing_test

import (
	"testing"

	"ukbot/api"
	"ukbot/housing/housingtest"
)

// everything implements every operation: between them, the tests of this
// package must have seen each succeed.
type everything struct{ api.StrictServerInterface }

func TestMain(m *testing.M) { housingtest.Main(m, everything{}) }
