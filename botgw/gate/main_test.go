package gate

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"ukbot/sql/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// total is a metric of a registry, over all its labels.
func total(t testing.TB, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		if family.GetName() == name {
			for _, m := range family.GetMetric() {
				sum += m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}
