package reports

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/rs/zerolog"
)

// Times of a stream. The server gives a whole answer 30 seconds to be written:
// here each piece has them anew, and the whole has streamLimit.
const (
	pieceTimeout = 30 * time.Second
	streamLimit  = 15 * time.Minute
	pieceSize    = 64 << 10
)

// stream is an answer that is made while it is sent. Reading starts its writer,
// closing ends it and waits for it.
type stream struct {
	contentType, name string
	log               zerolog.Logger
	write             func(context.Context, io.Writer) error
	abandon           func() // in place of write when nobody reads; may be nil

	ctx    func() (context.Context, context.CancelFunc) // of the request, without its end
	conn   net.Conn
	start  sync.Once
	cancel context.CancelFunc
	pipe   *io.PipeReader
	done   sync.WaitGroup
}

func newStream(ctx context.Context, log zerolog.Logger, contentType, name string, write func(context.Context, io.Writer) error) *stream {
	return &stream{contentType: contentType, name: name, log: log, write: write, ctx: func() (context.Context, context.CancelFunc) {
		return context.WithTimeout(context.WithoutCancel(ctx), streamLimit)
	}}
}

// VisitExportRequestsResponse answers with the stream. fasthttp reads and closes it.
func (s *stream) VisitExportRequestsResponse(c *fiber.Ctx) error {
	s.conn = c.Context().Conn()
	c.Set(fiber.HeaderContentType, s.contentType)
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+s.name+`"`)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Status(fiber.StatusOK)
	c.Context().SetBodyStream(s, -1)
	return nil
}

// Read gives the next piece.
func (s *stream) Read(p []byte) (int, error) {
	s.start.Do(s.run)
	n, err := s.pipe.Read(p)
	if s.conn != nil {
		_ = s.conn.SetWriteDeadline(time.Now().Add(pieceTimeout)) // a dead connection says so at the write
	}
	return n, err
}

// run starts the writer.
func (s *stream) run() {
	ctx, cancel := s.ctx()
	read, write := io.Pipe()
	s.pipe, s.cancel = read, cancel
	s.done.Go(func() {
		err := s.fill(ctx, write)
		if err != nil && !errors.Is(err, io.ErrClosedPipe) {
			s.log.Warn().Err(err).Msg("export broke off")
		}
		write.CloseWithError(err) // nil is the end of the file; an error cuts the answer short, which the client sees
	})
}

// fill writes the whole. Nothing above this goroutine would catch a panic: it
// is an error here.
func (s *stream) fill(ctx context.Context, out io.Writer) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	to := bufio.NewWriterSize(out, pieceSize)
	if err := s.write(ctx, to); err != nil {
		return err
	}
	return to.Flush()
}

// Close ends the writer, whether it has finished or its reader has gone.
func (s *stream) Close() error {
	s.start.Do(func() {
		s.cancel = func() {}
		s.pipe, _ = io.Pipe()
		if s.abandon != nil {
			s.abandon()
		}
	})
	s.cancel()
	err := s.pipe.Close()
	s.done.Wait()
	return err
}
