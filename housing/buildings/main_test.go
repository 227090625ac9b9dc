package buildings_test

import (
	"testing"

	"ukbot/housing/buildings"
	"ukbot/housing/housingtest"
)

func TestMain(m *testing.M) { housingtest.Main(m, (*buildings.Handlers)(nil)) }
