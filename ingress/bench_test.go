package ingress

import (
	"strings"
	"testing"
	"time"

	"ukbot/secret"
)

// benchBody is about 1 KiB, with the id where Stripe puts it.
var benchBody = `{"id":"evt_1NG8Du2eZvKYlo2CUI79vXWy","object":"event","data":{"object":{"note":"` + strings.Repeat("Квартира ", 55) + `"}},"type":"payment_intent.succeeded"}`

func BenchmarkVerify(b *testing.B) {
	for _, preset := range []string{"stripe", "standard", "github", "slack", "shopify", "google"} {
		b.Run(preset, func(b *testing.B) {
			keys := testKeys(b)
			v := mustCompile(b, presetHook(b, keys, preset, presetSecret(preset)), keys)
			r := benchRequest(Sign(presetHook(b, keys, preset), secret.Text(presetSecret(preset)), "id:1", []byte(benchBody), time.Unix(vectorTime, 0)))
			b.SetBytes(int64(len(benchBody)))
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := v.verify(r); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func BenchmarkIdentify(b *testing.B) {
	for _, preset := range []string{"stripe", "github", "slack"} {
		b.Run(preset, func(b *testing.B) {
			i, err := identifierOf(presetHook(b, testKeys(b), preset))
			if err != nil {
				b.Fatal(err)
			}
			r := benchRequest(map[string]string{"Content-Type": "application/json", "X-GitHub-Delivery": "d-1"})
			b.SetBytes(int64(len(benchBody)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := i.identify(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// benchRequest looks headers up without the cost of http.Header.
func benchRequest(headers map[string]string) *request {
	r := newRequest(nil, benchBody, vectorTime)
	r.header = func(name string) string { return headers[name] }
	return r
}
