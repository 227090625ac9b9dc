package ingress

import (
	"net"
	"net/netip"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// remoteIP is who sends: the peer, or behind trusted proxies the address that
// the outermost of them saw. X-Forwarded-For is read from the right: what
// stands left of the first address that is not trusted is the sender's own word.
func (s *Ingress) remoteIP(c *fasthttp.RequestCtx) netip.Addr {
	ip := peerIP(c.RemoteAddr())
	if len(s.proxies) == 0 || !s.trusted(ip) {
		return ip
	}
	chain := ""
	for _, line := range c.Request.Header.PeekAll(fiber.HeaderXForwardedFor) {
		chain += "," + string(line)
	}
	for chain != "" && s.trusted(ip) {
		last := strings.LastIndexByte(chain, ',')
		seen, ok := forwardedIP(strings.TrimSpace(chain[last+1:]))
		if !ok {
			return ip
		}
		ip, chain = seen, chain[:last]
	}
	return ip
}

func (s *Ingress) trusted(ip netip.Addr) bool {
	for _, prefix := range s.proxies {
		if prefix.Contains(ip) {
			return true
		}
	}
	return false
}

// forwardedIP reads an element of X-Forwarded-For; some proxies add the port.
func forwardedIP(text string) (netip.Addr, bool) {
	if ip, err := netip.ParseAddr(text); err == nil {
		return plainIP(ip), true
	}
	pair, err := netip.ParseAddrPort(text)
	return plainIP(pair.Addr()), err == nil
}

// peerIP is invalid, and so in no list of addresses, where the peer has none.
func peerIP(addr net.Addr) netip.Addr {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return plainIP(tcp.AddrPort().Addr())
	}
	return netip.Addr{}
}

// plainIP is without zone and IPv4-in-IPv6 dress, which depend on how the
// listener was opened and not on who calls.
func plainIP(ip netip.Addr) netip.Addr { return ip.Unmap().WithZone("") }

// ipText is "" for an address that is not known.
func ipText(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.String()
}
