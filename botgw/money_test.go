package botgw

import (
	"math"
	"strings"
	"testing"
)

func TestMoneyIsWrittenAsItsReadersWriteIt(t *testing.T) {
	for name, tc := range map[string]struct {
		minor    int64
		currency string
		want     [3]string // ru, uz, en; spaces stand for ones that do not break
	}{
		"sums":                      {125_000_000, "UZS", [3]string{"1 250 000 сум", "1 250 000 soʻm", "UZS 1,250,000"}},
		"sums and tiyin":            {125_000_050, "UZS", [3]string{"1 250 000,50 сум", "1 250 000,50 soʻm", "UZS 1,250,000.50"}},
		"roubles":                   {150_000, "RUB", [3]string{"1 500 ₽", "1 500 rubl", "₽1,500"}},
		"roubles and kopecks":       {150_005, "RUB", [3]string{"1 500,05 ₽", "1 500,05 rubl", "₽1,500.05"}},
		"dollars":                   {1200, "usd", [3]string{"12,00 $", "12,00 $", "$12.00"}},
		"less than one":             {5, "USD", [3]string{"0,05 $", "0,05 $", "$0.05"}},
		"nothing":                   {0, "UZS", [3]string{"0 сум", "0 soʻm", "UZS 0"}},
		"a debt":                    {-99_900, "RUB", [3]string{"−999 ₽", "−999 rubl", "−₽999"}},
		"a currency without parts":  {5000, "JPY", [3]string{"5 000 JPY", "5 000 JPY", "JPY 5,000"}},
		"a currency of thousandths": {5001, "KWD", [3]string{"5,001 KWD", "5,001 KWD", "KWD 5.001"}},
		"no currency":               {100, "", [3]string{"1,00", "1,00", "1.00"}},
		"markup for a currency":     {100, "<b>", [3]string{"1,00 <B>", "1,00 <B>", "<B> 1.00"}},
		"the smallest number":       {math.MinInt64, "JPY", [3]string{"−9 223 372 036 854 775 808 JPY", "−9 223 372 036 854 775 808 JPY", "JPY −9,223,372,036,854,775,808"}},
	} {
		t.Run(name, func(t *testing.T) {
			for i, language := range languages {
				if got := strings.ReplaceAll(money(language, tc.minor, tc.currency), "\u00a0", " "); got != tc.want[i] {
					t.Errorf("money(%s, %d, %q) = %q, want %q", language, tc.minor, tc.currency, got, tc.want[i])
				}
			}
		})
	}
}
