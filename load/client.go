package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// client is one kept-alive HTTP/1.1 connection with one request under way. It
// reads what ukbot and Fiber answer: a status line, headers, Content-Length.
type client struct {
	addr string
	conn net.Conn
	in   []byte // read and not consumed
	buf  [4096]byte
}

// answer is what came back.
type answer struct {
	status int // noAnswer with err
	text   string
	err    error
}

// dialTimeout bounds a connection attempt to this machine.
const dialTimeout = 5 * time.Second

func dial(ctx context.Context, addr string) (*client, error) {
	c := &client{addr: addr}
	return c, c.dial(ctx)
}

func (c *client) dial(ctx context.Context) error {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", c.addr, err)
	}
	c.conn, c.in = conn, nil
	return nil
}

// dialAll opens n connections, or none.
func dialAll(ctx context.Context, addr string, n int) ([]*client, error) {
	clients := make([]*client, 0, n)
	for range n {
		c, err := dial(ctx, addr)
		if err != nil {
			closeAll(clients)
			return nil, err
		}
		clients = append(clients, c)
	}
	return clients, nil
}

func closeAll(clients []*client) {
	for _, c := range clients {
		c.conn.Close()
	}
}

// expire makes every call that still waits on the connections end at a time.
func expire(clients []*client, at time.Time) {
	for _, c := range clients {
		_ = c.conn.SetDeadline(at)
	}
}

// Answers that the loader cannot read.
var (
	errLong   = errors.New("answer longer than 4 KiB")
	errForm   = errors.New("answer is not HTTP/1.1 with Content-Length")
	endOfHead = []byte("\r\n\r\n")
	lengthKey = []byte("\r\ncontent-length:")
)

// receive reads one answer. Where its text is not needed it is not copied.
func (c *client) receive() answer {
	for {
		status, size, length, err := parse(c.in)
		if err != nil {
			return answer{err: err}
		}
		if size > 0 && len(c.in) >= size {
			a := answer{status: status}
			if status != Expected {
				a.text = string(c.in[size-length : size])
			}
			c.in = c.in[size:]
			return a
		}
		// What is left moves to the front: usually nothing is.
		have := copy(c.buf[:], c.in)
		if have == len(c.buf) {
			return answer{err: errLong}
		}
		n, err := c.conn.Read(c.buf[have:])
		if err != nil {
			return answer{err: err}
		}
		c.in = c.buf[:have+n]
	}
}

// parse finds an answer at the beginning of in: its status, its size with the
// head and the length of its body. size is 0 while the head is not there.
func parse(in []byte) (status, size, length int, err error) {
	head := bytes.Index(in, endOfHead)
	if head < 0 {
		return 0, 0, 0, nil
	}
	if len(in) < len("HTTP/1.1 202") || !bytes.HasPrefix(in, []byte("HTTP/1.1 ")) {
		return 0, 0, 0, errForm
	}
	if status, err = strconv.Atoi(string(in[9:12])); err != nil {
		return 0, 0, 0, errForm
	}
	if length, err = contentLength(in[:head+2]); err != nil {
		return 0, 0, 0, err
	}
	return status, head + len(endOfHead) + length, length, nil
}

// contentLength reads the header, whatever the case of its name.
func contentLength(head []byte) (int, error) {
	for at := 0; at+len(lengthKey) < len(head); at++ {
		next := bytes.Index(head[at:], lengthKey[:2])
		if next < 0 {
			break
		}
		at += next
		end := at + len(lengthKey)
		if end > len(head) || !bytes.EqualFold(head[at:end], lengthKey) {
			continue
		}
		line, _, _ := bytes.Cut(head[end:], lengthKey[:2])
		n, err := strconv.Atoi(string(bytes.TrimSpace(line)))
		if err != nil || n < 0 {
			return 0, errForm
		}
		return n, nil
	}
	return 0, errForm
}
