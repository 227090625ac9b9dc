package auth_test

import (
	"testing"

	"ukbot/sql/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }
