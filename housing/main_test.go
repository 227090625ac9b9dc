package housing_test

import (
	"testing"

	"ukbot/housing/housingtest"
)

func TestMain(m *testing.M) { housingtest.Main(m) }
