package workers

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ukbot/events"
	"ukbot/golden"
)

// TestStripe compares what every payload becomes; a file is named by its type
// and, behind that, by what is special about it.
func TestStripe(t *testing.T) {
	seen := map[string]bool{}
	files, err := filepath.Glob("testdata/stripe/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var event struct{ Type string }
			if err := json.Unmarshal(body, &event); err != nil || !strings.HasPrefix(name, event.Type) {
				t.Fatalf("%s holds a %q, %v", file, event.Type, err)
			}
			seen[event.Type] = true
			golden.Equal(t, "stripe/"+name+".golden", shown(t, handled(t, hook("stripe", event.Type, string(body)))))
		})
	}
	for eventType := range stripeEvents {
		if !seen[eventType] {
			t.Errorf("no payload of %s in testdata/stripe", eventType)
		}
	}
}

// intent is a payment_intent event with fields of its object changed; "" drops one.
func intent(changes ...string) string {
	object := map[string]json.RawMessage{
		"object": json.RawMessage(`"payment_intent"`), "id": json.RawMessage(`"pi_1"`),
		"amount": json.RawMessage(`500`), "currency": json.RawMessage(`"uzs"`),
	}
	for i := 0; i < len(changes); i += 2 {
		object[changes[i]] = json.RawMessage(changes[i+1])
		if changes[i+1] == "" {
			delete(object, changes[i])
		}
	}
	text, err := json.Marshal(object)
	if err != nil {
		panic(err) // a test that is written wrongly
	}
	return fmt.Sprintf(`{"id":"evt_1","created":1772368205,"data":{"object":%s}}`, text)
}

func TestStripeReadsAPayment(t *testing.T) {
	long := strings.Repeat("я", 600)
	for sentence, tc := range map[string]struct {
		body string
		got  func(Payment) any
		want any
	}{
		"the amount received counts once it succeeded": {intent("amount_received", "499"), func(p Payment) any { return p.AmountMinor }, int64(499)},
		"an amount received of null does not":          {intent("amount_received", "null"), func(p Payment) any { return p.AmountMinor }, int64(500)},
		"the largest amount is kept":                   {intent("amount", "9223372036854775807"), func(p Payment) any { return p.AmountMinor }, int64(math.MaxInt64)},
		"no amount at all is zero":                     {intent("amount", "0"), func(p Payment) any { return p.AmountMinor }, int64(0)},
		"a currency without decimals is not converted": {intent("currency", `"jpy"`), func(p Payment) any { return fmt.Sprint(p.AmountMinor, p.Currency) }, "500JPY"},
		"the time is the provider's":                   {intent(), func(p Payment) any { return p.ProviderTime }, time.Unix(1772368205, 0).UTC()},
		"a description is cut":                         {intent("description", `"`+long+`"`), func(p Payment) any { return p.Description }, long[:1000]},
		"NUL goes, as PostgreSQL refuses it":           {intent("description", `"a\u0000b"`), func(p Payment) any { return p.Description }, "ab"},
		"half a surrogate becomes a character":         {intent("description", `"a\ud83d"`), func(p Payment) any { return p.Description }, "a\uFFFD"},
		"a null description is none":                   {intent("description", "null"), func(p Payment) any { return p.Description }, ""},
		"an unknown field is nothing":                  {intent("newest_thing", `{"a":[1]}`), func(p Payment) any { return p.ExternalID }, "pi_1"},
		"a field in other letters is another field":    {intent("AMOUNT", "7"), func(p Payment) any { return p.AmountMinor }, int64(500)},
		"an id of 255 characters is kept":              {intent("id", `"`+long[:510]+`"`), func(p Payment) any { return p.ExternalID }, long[:510]},
	} {
		t.Run(sentence, func(t *testing.T) {
			effects := handled(t, hook("stripe", "payment_intent.succeeded", tc.body))
			if got := tc.got(effects.Payments[0]); got != tc.want {
				t.Errorf("got %v, want %v, of %s", got, tc.want, tc.body)
			}
		})
	}
}

func TestStripeFindsThePayer(t *testing.T) {
	long := strings.Repeat("7", 256)
	for sentence, tc := range map[string]struct{ field, value, want string }{
		"resident_id":                          {"metadata", `{"payer_id":"d","payer":"c","person_id":"b","resident_id":"a"}`, "a"},
		"then person_id":                       {"metadata", `{"payer_id":"d","payer":"c","person_id":"b"}`, "b"},
		"then payer":                           {"metadata", `{"payer_id":"d","payer":"c"}`, "c"},
		"then payer_id":                        {"metadata", `{"payer_id":"d"}`, "d"},
		"a blank one is none":                  {"metadata", `{"resident_id":" ","payer":" c "}`, "c"},
		"one too long is none":                 {"metadata", `{"resident_id":"` + long + `","payer":"c"}`, "c"},
		"a subscription's, in its old place":   {"subscription_details", `{"metadata":{"payer":"s"}}`, "s"},
		"a subscription's, in its new place":   {"parent", `{"subscription_details":{"metadata":{"payer":"s"}}}`, "s"},
		"then client_reference_id":             {"client_reference_id", `"r"`, "r"},
		"a client_reference_id that is no id":  {"client_reference_id", `"` + long + `"`, ""},
		"a customer of Stripe is no person":    {"customer", `"cus_1"`, ""},
		"metadata that are null":               {"metadata", `null`, ""},
		"metadata of other things":             {"metadata", `{"apartment":"42"}`, ""},
		"a parent that is no subscription":     {"parent", `{"quote_details":{},"subscription_details":null}`, ""},
		"metadata without any of it, and more": {"metadata", `{}`, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			effects := handled(t, hook("stripe", "payment_intent.created", intent(tc.field, tc.value)))
			changed := effects.Derived[0].Data.(events.PaymentChanged)
			if got := effects.Payments[0].Payer; got != tc.want || changed.Payer != tc.want {
				t.Errorf("payer %q, announced %q; want %q", got, changed.Payer, tc.want)
			}
		})
	}
}

func TestStripeRefusesWhatIsNoPayment(t *testing.T) {
	whole := func(body string) string { return body }
	for sentence, tc := range map[string]struct{ body, words string }{
		"an empty body":                      {whole(""), "the body is no JSON object"},
		"text":                               {whole(secretWord), "the body is no JSON object"},
		"bytes":                              {whole("\x00\xff"), "the body is no JSON object"},
		"null":                               {whole("null"), "the body is no JSON object"},
		"a list":                             {whole(`["` + secretWord + `"]`), "the body is no JSON object"},
		"half an object":                     {whole(intent()[:60]), "the body is no JSON object"},
		"two objects":                        {whole(intent() + intent()), "the body is no JSON object"},
		"too deep to read":                   {whole(`{"a":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`), "the body is no JSON object"},
		"an empty object":                    {whole("{}"), "data.object is missing"},
		"data that are text":                 {whole(`{"data":"` + secretWord + `"}`), "data is no object"},
		"an object that is null":             {whole(`{"data":{"object":null}}`), "data.object is missing"},
		"an object that is a number":         {whole(`{"data":{"object":4}}`), "data.object is no object"},
		"no time":                            {strings.Replace(intent(), "created", "made", 1), "created is no time"},
		"a time that is text":                {strings.Replace(intent(), "1772368205", `"1772368205"`, 1), "created is no time"},
		"a time in milliseconds":             {strings.Replace(intent(), "1772368205", "1772368205000", 1), "created is no time"},
		"a time before all":                  {strings.Replace(intent(), "1772368205", "-1", 1), "created is no time"},
		"a version that is a number":         {strings.Replace(intent(), `"created"`, `"api_version":7,"created"`, 1), "api_version is no string"},
		"an object of another type":          {intent("object", `"charge"`), "data.object.object is not payment_intent"},
		"an object without a type":           {intent("object", ""), "data.object.object is not payment_intent"},
		"an object whose type is a number":   {intent("object", "1"), "data.object.object is no string"},
		"no id":                              {intent("id", ""), "data.object.id is missing"},
		"an empty id":                        {intent("id", `""`), "data.object.id is missing"},
		"an id of NUL":                       {intent("id", `"\u0000"`), "data.object.id is missing"},
		"an id that is a number":             {intent("id", "17"), "data.object.id is no string"},
		"an id of 256 characters":            {intent("id", `"`+strings.Repeat("a", 256)+`"`), "data.object.id is too long"},
		"no amount":                          {intent("amount", ""), "data.object.amount_received or amount is missing"},
		"a negative amount":                  {intent("amount", "-1"), "data.object.amount is no amount"},
		"an amount beyond 64 bits":           {intent("amount", "9223372036854775808"), "data.object.amount is no amount"},
		"an amount with a fraction":          {intent("amount", "10.5"), "data.object.amount is no amount"},
		"an amount with an exponent":         {intent("amount", "1e3"), "data.object.amount is no amount"},
		"an amount that is text":             {intent("amount", `"500"`), "data.object.amount is no amount"},
		"a negative amount received":         {intent("amount_received", "-500"), "data.object.amount_received is no amount"},
		"no currency":                        {intent("currency", ""), "data.object.currency is missing"},
		"a currency that is a number":        {intent("currency", "860"), "data.object.currency is no string"},
		"a currency that is no code":         {intent("currency", `"сўм"`), "data.object.currency is no currency code"},
		"a currency that is a word":          {intent("currency", `"`+secretWord+`"`), "data.object.currency is no currency code"},
		"a description that is a list":       {intent("description", `["`+secretWord+`"]`), "data.object.description is no string"},
		"metadata that are text":             {intent("metadata", `"`+secretWord+`"`), "data.object.metadata is no object"},
		"a payer that is a number":           {intent("metadata", `{"payer":7}`), "data.object.metadata.payer is no string"},
		"an event of the second generation":  {whole(`{"object":"v2.core.event","related_object":{"id":"pi_1"}}`), "data.object is missing"},
		"the right thing in other letters":   {whole(strings.ToUpper(intent())), "data.object is missing"},
		"an object whose id is null":         {intent("id", "null"), "data.object.id is missing"},
		"an expanded object in the id's way": {intent("id", `{"name":"`+secretWord+`"}`), "data.object.id is missing"},
	} {
		t.Run(sentence, func(t *testing.T) {
			refused(t, hook("stripe", "payment_intent.succeeded", tc.body), "payment_intent.succeeded: "+tc.words)
		})
	}
}

func TestStripeReadsWhatItsSchemaLetsBeAbsent(t *testing.T) {
	for sentence, tc := range map[string]struct{ eventType, object, id, parent, status string }{
		"a refund without a status":         {"refund.created", `"object":"refund","id":"re_1","status":null`, "re_1", "", "unknown"},
		"a refund of a charge alone":        {"refund.created", `"object":"refund","id":"re_1","charge":"ch_1","payment_intent":null,"status":"pending"`, "re_1", "ch_1", "pending"},
		"a refund with its payment inside":  {"refund.created", `"object":"refund","id":"re_1","charge":"ch_1","payment_intent":{"id":"pi_9"},"status":"pending"`, "re_1", "pi_9", "pending"},
		"a refunded charge without payment": {"charge.refunded", `"object":"charge","id":"ch_1","payment_intent":null,"refunded":true`, "ch_1", "", "refunded"},
		"a charge that does not say whole":  {"charge.refunded", `"object":"charge","id":"ch_1","payment_intent":"pi_9"`, "pi_9", "", "partially_refunded"},
	} {
		t.Run(sentence, func(t *testing.T) {
			body := `{"created":1772368205,"data":{"object":{"amount":5,"currency":"uzs",` + tc.object + `}}}`
			row := handled(t, hook("stripe", tc.eventType, body)).Payments[0]
			if row.ExternalID != tc.id || row.ParentID != tc.parent || row.Status != tc.status {
				t.Errorf("row %+v, want %+v", row, tc)
			}
		})
	}
	refused(t, hook("stripe", "charge.refunded", `{"created":1,"data":{"object":{"object":"charge","id":"ch_1","amount":5,"currency":"uzs","refunded":"yes"}}}`), "refunded is no boolean")
}

// TestOfTwinsOneIsAnnounced: Stripe sends both at once, and nobody is told twice.
func TestOfTwinsOneIsAnnounced(t *testing.T) {
	for sentence, tc := range map[string]struct {
		eventType, object, version string
		want                       int
	}{
		"an old account's refund":       {"charge.refund.updated", "refund", `"2023-10-16"`, 1},
		"a refund on the day of change": {"charge.refund.updated", "refund", `"2024-10-28.acacia"`, 0},
		"a later account's refund":      {"charge.refund.updated", "refund", `"2025-03-31.basil"`, 0},
		"a refund of unknown version":   {"charge.refund.updated", "refund", `null`, 1},
		"the refund's twin":             {"refund.updated", "refund", `"2025-03-31.basil"`, 1},
		"an invoice, of any version":    {"invoice.payment_succeeded", "invoice", `null`, 0},
		"the invoice's twin":            {"invoice.paid", "invoice", `null`, 1},
	} {
		t.Run(sentence, func(t *testing.T) {
			body := fmt.Sprintf(`{"created":1,"api_version":%s,"data":{"object":{"object":%q,"id":"x_1","amount":5,"amount_due":5,"currency":"uzs","status":"pending"}}}`, tc.version, tc.object)
			effects := handled(t, hook("stripe", tc.eventType, body))
			if len(effects.Derived) != tc.want || len(effects.Payments) != 1 {
				t.Errorf("%d announced, %d rows; want %d, 1", len(effects.Derived), len(effects.Payments), tc.want)
			}
		})
	}
}

// TestStripeRanksOrderASecond: whatever arrives last, the state that is later
// in a payment's life stays.
func TestStripeRanksOrderASecond(t *testing.T) {
	for _, life := range [][]string{
		{"payment_intent.created", "payment_intent.processing", "payment_intent.requires_action", "payment_intent.payment_failed", "payment_intent.succeeded", "charge.refunded"},
		{"payment_intent.requires_action", "payment_intent.amount_capturable_updated", "payment_intent.canceled"},
		{"refund.created", "refund.updated", "refund.failed"},
		{"charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated", "charge.dispute.funds_reinstated", "charge.dispute.closed"},
		{"invoice.created", "invoice.finalized", "invoice.payment_failed", "invoice.marked_uncollectible", "invoice.paid"},
	} {
		for i := 1; i < len(life); i++ {
			if stripeEvents[life[i-1]].rank >= stripeEvents[life[i]].rank {
				t.Errorf("%s does not come before %s", life[i-1], life[i])
			}
		}
	}
}

func TestEveryRowOfStripesTableIsWhole(t *testing.T) {
	for eventType, row := range stripeEvents {
		shape, known := stripeObjects[row.object]
		if !known || row.rank < 1 || shape.id == nil || shape.amount == nil {
			t.Errorf("%s: %+v of %+v", eventType, row, shape)
		}
		if row.change == ownStatus && shape.kind != "payment" {
			t.Errorf("%s is announced by its status, as payments are", eventType)
		}
		if row.change != ownStatus && !strings.HasPrefix(row.change, shape.kind+".") {
			t.Errorf("%s is announced as %s", eventType, row.change)
		}
	}
}

func FuzzStripe(f *testing.F) {
	for _, w := range samples(f) {
		f.Add(w.Type, w.Data)
	}
	for _, body := range []string{"", "null", intent("id", "null"), intent("amount", "1e400"), intent("metadata", "[]"), intent("parent", "7")} {
		f.Add("payment_intent.succeeded", []byte(body))
	}
	f.Fuzz(func(t *testing.T, eventType string, body []byte) {
		w := hook("stripe", eventType, string(body))
		checkEffects(t, w)
		if effects, err := Stripe(w); err == nil && len(effects.Payments)+len(effects.Derived) == 0 {
			t.Errorf("%s became nothing", eventType)
		}
	})
}

func BenchmarkStripe(b *testing.B) {
	body, err := os.ReadFile("testdata/stripe/payment_intent.succeeded.json")
	if err != nil {
		b.Fatal(err)
	}
	w := hook("stripe", "payment_intent.succeeded", string(body))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Stripe(w); err != nil {
			b.Fatal(err)
		}
	}
}
