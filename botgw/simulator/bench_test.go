package simulator

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkSendMessage is one bot's messages over kept-alive connections; the
// client's share is in it.
func BenchmarkSendMessage(b *testing.B) {
	sim := New(Config{})
	sim.AddBot(token, "test_bot")
	sim.AddUser(User{ID: 7})
	if err := sim.Start(token, 7); err != nil {
		b.Fatal(err)
	}
	web := httptest.NewServer(sim.Handler())
	defer web.Close()
	defer sim.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := client.Post(web.URL+"/bot"+token+"/sendMessage", "application/x-www-form-urlencoded",
				strings.NewReader("chat_id=7&parse_mode=HTML&text=%3Cb%3E25+000+so%27m%3C%2Fb%3E+tolandi"))
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	})
}
