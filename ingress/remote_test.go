package ingress

import (
	"net"
	"testing"

	"github.com/valyala/fasthttp"

	"ukbot/events"
)

func TestRemoteIP(t *testing.T) {
	for name, tc := range map[string]struct {
		trusted   []string
		peer      string
		forwarded []string
		want      string
	}{
		"nobody is trusted":                        {nil, "192.0.2.1", []string{"198.51.100.7"}, "192.0.2.1"},
		"the peer is not trusted":                  {[]string{"10.0.0.0/8"}, "192.0.2.1", []string{"198.51.100.7"}, "192.0.2.1"},
		"the peer is trusted":                      {[]string{"10.0.0.0/8"}, "10.0.0.1", []string{"198.51.100.7"}, "198.51.100.7"},
		"no header":                                {[]string{"10.0.0.0/8"}, "10.0.0.1", nil, "10.0.0.1"},
		"what the sender wrote itself stands left": {[]string{"10.0.0.0/8"}, "10.0.0.1", []string{"203.0.113.1, 198.51.100.7"}, "198.51.100.7"},
		"the same in two headers":                  {[]string{"10.0.0.0/8"}, "10.0.0.1", []string{"203.0.113.1", "198.51.100.7"}, "198.51.100.7"},
		"two proxies":                              {[]string{"10.0.0.0/8"}, "10.0.0.1", []string{"203.0.113.1, 198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		"proxies only":                             {[]string{"10.0.0.0/8"}, "10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"words":                                    {[]string{"10.0.0.0/8"}, "10.0.0.1", []string{"198.51.100.7, unknown"}, "10.0.0.1"},
		"an empty header":                          {[]string{"10.0.0.0/8"}, "10.0.0.1", []string{""}, "10.0.0.1"},
		"with a port":                              {[]string{"10.0.0.1"}, "10.0.0.1", []string{"198.51.100.7:4711"}, "198.51.100.7"},
		"IPv6":                                     {[]string{"2001:db8::/32"}, "2001:db8::1", []string{"2001:db9::7"}, "2001:db9::7"},
		"IPv6 with a port":                         {[]string{"2001:db8::/32"}, "2001:db8::1", []string{"[2001:db9::7]:443"}, "2001:db9::7"},
		"a peer in IPv6 dress":                     {[]string{"10.0.0.0/8"}, "::ffff:10.0.0.1", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		"a proxy that is none is not trusted, only": {[]string{"nonsense", "10.0.0.1"}, "10.0.0.1", []string{"198.51.100.7"}, "198.51.100.7"},
	} {
		t.Run(name, func(t *testing.T) {
			var s Ingress
			s.trust(tc.trusted)
			var c fasthttp.RequestCtx
			c.Init(&fasthttp.Request{}, &net.TCPAddr{IP: net.ParseIP(tc.peer), Port: 1}, nil)
			for _, line := range tc.forwarded {
				c.Request.Header.Add("X-Forwarded-For", line)
			}
			if got := ipText(s.remoteIP(&c)); got != tc.want {
				t.Errorf("remoteIP = %s, want %s", got, tc.want)
			}
		})
	}
}

func TestTheAddressListBehindAProxy(t *testing.T) {
	list := func(h *events.Hook) { h.IPs = []string{"198.51.100.0/24", "2001:db8::/32"} }
	for name, tc := range map[string]struct {
		proxies   []string
		forwarded string
		want      int
	}{
		"the header is believed of a proxy":      {[]string{"127.0.0.1"}, "198.51.100.7", 202},
		"IPv6 too":                               {[]string{"127.0.0.0/8"}, "2001:db8::7", 202},
		"not what the sender put in front of it": {[]string{"127.0.0.1"}, "198.51.100.7, 192.0.2.1", 403},
		"not of a stranger":                      {[]string{"10.0.0.1"}, "198.51.100.7", 403},
		"not without proxies":                    {nil, "198.51.100.7", 403},
	} {
		t.Run(name, func(t *testing.T) {
			w := serve(t, AppConfig{TrustedProxies: tc.proxies})
			w.hook("generic", "acme", "crm", list)
			a := w.crm("id-1", "{}", "X-Forwarded-For: "+tc.forwarded)
			if a.status != tc.want {
				t.Fatalf("answer %d %s, want %d", a.status, a.body, tc.want)
			}
			if tc.want == 202 && w.last().Request.RemoteIP != tc.forwarded {
				t.Errorf("stored with the address %s", w.last().Request.RemoteIP)
			}
		})
	}
}
