package events

import (
	"regexp"
	"strings"
	"testing"
)

func TestTokenMakesOneSubjectTokenOfAnything(t *testing.T) {
	long := strings.Repeat("a", 65)
	for name, tc := range map[string]struct{ in, want string }{
		"a plain name stays":                  {"yandex-maps_2", "yandex-maps_2"},
		"capitals become small":               {"Stripe", "stripe"},
		"a wildcard is escaped":               {"*", "=2A"},
		"a tail wildcard is escaped":          {">", "=3E"},
		"a dot is escaped":                    {"a.b", "a=2Eb"},
		"a space is escaped":                  {"a b", "a=20b"},
		"a slash is escaped":                  {"orders/create", "orders=2Fcreate"},
		"a line break is escaped":             {"a\r\nb", "a=0D=0Ab"},
		"a zero byte is escaped":              {"\x00", "=00"},
		"the escape character is escaped":     {"=2A", "=3D2a"},
		"Cyrillic is escaped byte by byte":    {"дом", "=D0=B4=D0=BE=D0=BC"},
		"emoji is escaped byte by byte":       {"🏠", "=F0=9F=8F=A0"},
		"bytes that are no text are escaped":  {"\xff\xfe", "=FF=FE"},
		"nothing is one underscore":           {"", "_"},
		"an underscore is not nothing":        {"_", "=5F"},
		"64 bytes stay":                       {long[:64], long[:64]},
		"65 bytes are cut and end in a hash":  {long, long[:50] + "=-635361c48bb9"},
		"case does not matter to the hash":    {strings.ToUpper(long), long[:50] + "=-635361c48bb9"},
		"a cut escape is no other's escape":   {strings.Repeat("я", 11), "=D1=8F=D1=8F=D1=8F=D1=8F=D1=8F=D1=8F=D1=8F=D1=8F=D=-" + hashOf("я", 11)},
		"the form of a cut token is no token": {long[:50] + "=-635361c48bb9", long[:50] + "=-" + hashText(long[:50]+"=3D-635361c48bb9")},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Token(tc.in); got != tc.want {
				t.Errorf("Token(%q) = %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}

// hashOf is the hash in the token of n times an escaped letter.
func hashOf(letter string, n int) string {
	return hashText(strings.Repeat(Token(letter), n))
}

func hashText(escaped string) string { return HashID([]byte(escaped))[7:19] }

func TestSubjectsCarryTheTenantThird(t *testing.T) {
	for name, tc := range map[string]struct{ got, want string }{
		"a provider's type keeps its dots":  {WebhookSubject("acme", "stripe", "payment_intent.succeeded"), "integration.webhook.acme.stripe.payment_intent.succeeded"},
		"a sixth token goes into the fifth": {WebhookSubject("acme", "s", "a.b.c.d.e.f"), "integration.webhook.acme.s.a.b.c.d.e=2Ef"},
		"an empty token in a type":          {WebhookSubject("acme", "s", "a..b"), "integration.webhook.acme.s.a._.b"},
		"an empty type":                     {WebhookSubject("acme", "s", ""), "integration.webhook.acme.s._"},
		"a type with wildcards":             {WebhookSubject("acme", "s", "*.>"), "integration.webhook.acme.s.=2A.=3E"},
		"a Shopify topic":                   {WebhookSubject("acme", "shop", "orders/create"), "integration.webhook.acme.shop.orders=2Fcreate"},
		"a filter":                          {WebhookFilter("acme", "stripe"), "integration.webhook.acme.stripe.>"},
		"a parked retry":                    {RetrySubject("acme", "stripe", "0198-ab"), "integration.retry.acme.stripe.0198-ab"},
		"a payment":                         {PaymentSubject("acme", "refund.updated"), "integration.payment.acme.refund.updated"},
		"a spreadsheet":                     {SheetsSubject("acme"), "integration.sheets.acme.data.updated"},
		"an address":                        {GeocodingSubject("acme", "resolved"), "integration.geocoding.acme.address.resolved"},
		"a generic event":                   {GenericSubject("acme", "crm", "lead.new"), "integration.generic.acme.crm.lead.new"},
		"a notice":                          {NoticeSubject("acme", PriorityUrgent, 0), "bot.notice.acme.urgent.00"},
		"a lane of notices":                 {NoticeFilter(7), "bot.notice.*.*.07"},
		"a dead letter":                     {DeadSubject("WEBHOOKS", "acme", "webhooks-stripe"), "dead.webhooks.acme.webhooks-stripe"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.got != tc.want {
				t.Errorf("got %q, want %q", tc.got, tc.want)
			}
			if tenant := SubjectTenant(tc.got); tenant != "acme" && tenant != "*" {
				t.Errorf("SubjectTenant(%q) = %q, want acme", tc.got, tenant)
			}
		})
	}
}

func TestSubjectTenantOfWhatHasNone(t *testing.T) {
	for _, subject := range []string{"", "a", "a.b"} {
		if got := SubjectTenant(subject); got != "" {
			t.Errorf("SubjectTenant(%q) = %q, want none", subject, got)
		}
	}
}

func TestChatsSpreadOverAllLanes(t *testing.T) {
	var counts [Lanes]int
	for i := range int64(Lanes * 100) {
		counts[Lane(1_000_000_000+i)]++
		counts[Lane(-1_001_000_000_000-i)]++
	}
	for lane, count := range counts {
		if count < 150 || count > 250 {
			t.Errorf("lane %d has %d of 6400 chats, want about 200", lane, count)
		}
	}
}

var (
	tokenForm   = regexp.MustCompile(`^[a-z0-9_=A-F-]{1,64}$`)
	escapesForm = regexp.MustCompile(`^([a-z0-9_-]|=[0-9A-F]{2})+$`)
)

// unescape undoes Token where nothing was cut.
func unescape(token string) string {
	var b strings.Builder
	for i := 0; i < len(token); i++ {
		if token[i] != '=' {
			b.WriteByte(token[i])
			continue
		}
		b.WriteByte(hexDigit(token[i+1])<<4 | hexDigit(token[i+2]))
		i += 2
	}
	return b.String()
}

func hexDigit(c byte) byte { return byte(strings.IndexByte("0123456789ABCDEF", c)) }

// lowerASCII folds case as Token does; strings.ToLower would touch Cyrillic and
// bytes that are no text.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func FuzzToken(f *testing.F) {
	for _, seed := range []string{"", "_", "a.b", "*", ">", "дом", "\xff", "=2A", strings.Repeat("x", 64), strings.Repeat("Ы", 70)} {
		f.Add(seed, seed+"x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		token := Token(a)
		if !tokenForm.MatchString(token) {
			t.Fatalf("Token(%q) = %q, which is no subject token", a, token)
		}
		if escapesForm.MatchString(token) && a != "" && unescape(token) != lowerASCII(a) {
			t.Errorf("Token(%q) = %q, which reads back as %q", a, token, unescape(token))
		}
		if same := lowerASCII(a) == lowerASCII(b); same != (token == Token(b)) {
			t.Errorf("Token(%q) = %q and Token(%q) = %q, equal inputs: %v", a, token, b, Token(b), same)
		}
	})
}

func FuzzTypeSubject(f *testing.F) {
	for _, seed := range []string{"", ".", "payment_intent.succeeded", "a.b.c.d.e.f.g", "orders/create", "*.>", strings.Repeat(".", 200), strings.Repeat("ж", 300)} {
		f.Add("acme", "stripe", seed)
	}
	f.Fuzz(func(t *testing.T, tenant, source, eventType string) {
		subject := WebhookSubject(tenant, source, eventType)
		tokens := strings.Split(subject, ".")
		if len(subject) >= 480 || len(tokens) < 5 || len(tokens) > 4+typeTokensMax {
			t.Fatalf("subject of %q has %d bytes and %d tokens: %q", eventType, len(subject), len(tokens), subject)
		}
		for _, token := range tokens {
			if !tokenForm.MatchString(token) {
				t.Errorf("subject %q has the token %q", subject, token)
			}
		}
		if tokens[2] != Token(tenant) || tokens[3] != Token(source) {
			t.Errorf("subject %q is not of tenant %q, source %q", subject, tenant, source)
		}
	})
}
