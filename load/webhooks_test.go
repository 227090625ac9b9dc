package load

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"ukbot/events"
	"ukbot/ingress"
	"ukbot/nats/natstest"
)

var testSeries = Webhooks{Name: "t1", Secret: "whsec_test", Mixed: true, People: 10}

func TestRequestsAreWhatTheIngressSigns(t *testing.T) {
	now := time.Now()
	writer := testSeries.Writer()
	for i, hook := range Hooks() {
		n := int64(20 + i)
		request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(writer.Append(nil, n, now))))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			t.Fatal(err)
		}
		if len(body) != BodySize || !json.Valid(body) {
			t.Errorf("body of %d has %d bytes, JSON %v:\n%s", n, len(body), json.Valid(body), body)
		}
		for name, want := range ingress.Sign(hook, testSeries.Secret, testSeries.ID(n), body, now) {
			if got := request.Header.Get(name); got != want && hook.Source == testSeries.Source(n) {
				t.Errorf("%s of %s is %q, want %q", name, hook.Source, got, want)
			}
		}
		var read struct{ ID string }
		if err := json.Unmarshal(body, &read); err != nil || read.ID != testSeries.ID(n) {
			t.Errorf("id in the body is %q (%v), want %q", read.ID, err, testSeries.ID(n))
		}
		if got, ok := testSeries.Number(read.ID); !ok || got != n {
			t.Errorf("Number(%q) = %d, %v, want %d", read.ID, got, ok, n)
		}
	}
}

func TestBodiesOfASeriesDiffer(t *testing.T) {
	writer := testSeries.Writer()
	seen := map[string]int64{}
	for n := range int64(200) {
		writer.write(n, time.Unix(0, 0))
		if other, again := seen[string(writer.body)]; again {
			t.Fatalf("bodies %d and %d are the same", other, n)
		}
		seen[string(writer.body)] = n
	}
}

func TestFillStoresWhatTheIngressWould(t *testing.T) {
	env := natstest.Start(t)
	const n = 30
	if _, err := Fill(t.Context(), env.Publisher, testSeries, n); err != nil {
		t.Fatal(err)
	}
	stream, err := env.Conn.JS.Stream(t.Context(), "WEBHOOKS")
	if err != nil {
		t.Fatal(err)
	}
	for seq := range uint64(n) {
		msg, err := stream.GetMsg(t.Context(), seq+1)
		if err != nil {
			t.Fatal(err)
		}
		webhook, err := events.DecodeWebhook(msg.Header, msg.Data)
		if err != nil {
			t.Fatalf("message %d: %v", seq, err)
		}
		if want := testSeries.ID(int64(seq)); webhook.ID != want || webhook.Source != testSeries.Source(int64(seq)) {
			t.Errorf("message %d is %s of %s, want %s", seq, webhook.ID, webhook.Source, want)
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	writer, request := Webhooks{Name: "b", Secret: "whsec_test"}.Writer(), []byte(nil)
	now := time.Now()
	b.ReportAllocs()
	for n := int64(0); b.Loop(); n++ {
		request = writer.Append(request[:0], n, now)
	}
}
