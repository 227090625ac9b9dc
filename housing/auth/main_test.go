package auth_test

import (
	"testing"

	"ukbot/housing/auth"
	"ukbot/housing/housingtest"
)

func TestMain(m *testing.M) { housingtest.Main(m, (*auth.Handlers)(nil)) }
