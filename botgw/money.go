package botgw

import (
	"strconv"
	"strings"

	"ukbot/botgw/telegram"
)

// currency is how people write an amount of it.
type currency struct {
	ru, uz, en string
	round      bool // without ",00"
}

// currencies is the ones with a word or sign of their own; others show their code.
var currencies = map[string]currency{
	"UZS": {"сум", "soʻm", "UZS", true},
	"RUB": {"₽", "rubl", "₽", true},
	"USD": {"$", "$", "$", false},
	"EUR": {"€", "€", "€", false},
	"GBP": {"£", "£", "£", false},
	"KZT": {"₸", "tenge", "₸", true},
}

// decimals is the currencies whose smallest unit is not a hundredth
// (docs.stripe.com/currencies#zero-decimal, #three-decimal).
var decimals = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "JPY": 0, "KMF": 0, "KRW": 0, "MGA": 0,
	"PYG": 0, "RWF": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3,
}

// numberMarks separate thousands and fractions. The space does not break lines.
var numberMarks = map[string]struct{ thousands, fraction string }{
	"ru": {"\u00a0", ","},
	"uz": {"\u00a0", ","},
	"en": {",", "."},
}

// money writes an amount, given in the currency's smallest unit, as a reader of
// the language expects it: "1 250 000 сум", "1 250 000 soʻm", "UZS 1,250,000".
func money(language string, minor int64, code string) string {
	code = strings.ToUpper(telegram.Line(code, 10))
	digits, listed := decimals[code]
	if !listed {
		digits = 2
	}
	sign, size := "", uint64(minor)
	if minor < 0 {
		sign, size = "−", -size // right for the smallest int64 too
	}
	c, known := currencies[code]
	if !known {
		c = currency{code, code, code, false}
	}
	number := decimal(language, size, digits, c.round)
	switch {
	case language == "ru":
		return strings.TrimSpace(sign + number + "\u00a0" + c.ru)
	case language == "uz":
		return strings.TrimSpace(sign + number + "\u00a0" + c.uz)
	case c.en == code:
		return strings.TrimSpace(code + "\u00a0" + sign + number)
	default:
		return sign + c.en + number
	}
}

// decimal writes size / 10^digits with a language's marks.
func decimal(language string, size uint64, digits int, round bool) string {
	marks := numberMarks[language]
	figures := strconv.FormatUint(size, 10)
	if missing := digits + 1 - len(figures); missing > 0 {
		figures = strings.Repeat("0", missing) + figures
	}
	whole, fraction := figures[:len(figures)-digits], figures[len(figures)-digits:]
	var b strings.Builder
	for i, figure := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(marks.thousands)
		}
		b.WriteRune(figure)
	}
	if digits > 0 && (!round || strings.Trim(fraction, "0") != "") {
		b.WriteString(marks.fraction + fraction)
	}
	return b.String()
}
