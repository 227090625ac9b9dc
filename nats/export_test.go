package nats

import (
	"os"

	"github.com/nats-io/nats.go/jetstream"
)

// What the tests in package nats_test need to see of the inside.

// BlocksDir is where a server keeps the blocks of a stream.
func (s *Server) BlocksDir(stream string) string { return s.blocksDir(stream) }

// BlockSync is a blockSync over a folder.
type BlockSync struct{ b blockSync }

// NewBlockSync makes one; fsync, if given, does the syncing and sees each file.
func NewBlockSync(dir string, fsync func(*os.File) error) *BlockSync {
	return &BlockSync{blockSync{dir: dir, synced: fsync}}
}

// Sync is blockSync.sync.
func (s *BlockSync) Sync() error { return s.b.sync() }

// CloseFile closes the open block behind its back: the next fsync of it fails.
func (s *BlockSync) CloseFile() { _ = s.b.file.Close() }

// Close is blockSync.close.
func (s *BlockSync) Close() { s.b.close() }

// Watchdog is a watchdog.
type Watchdog struct{ w watchdog }

// Barks is watchdog.barks.
func (w *Watchdog) Barks(info *jetstream.ConsumerInfo, total, waiting int, pin string) bool {
	if pin == "" {
		return w.w.barks(info, total, waiting, nil)
	}
	return w.w.barks(info, total, waiting, &pin)
}

// Parking is a parking.
type Parking struct{ p parking }

// Sample is parking.sample.
func (p *Parking) Sample(parked int) { p.p.sample(parked) }

// Take is parking.take.
func (p *Parking) Take(limit int) bool { return p.p.take(limit) }

// PlainAck is plainAck.
func PlainAck(data []byte) (Ack, bool) { return plainAck(data, map[string]string{}) }

// OnSync makes a publisher report every fsync of a stream's blocks to seen,
// before the stream's first publish.
func (p *Publisher) OnSync(stream string, fsync func(*os.File) error) {
	p.commits.fsync = map[string]func(*os.File) error{stream: fsync}
}

// HeaderDeadError and the like are the headers of a dead letter.
const (
	HeaderDeadError = headerDeadError
	BuriedMark      = buriedMark
)

// HearOfALoss makes a publisher treat a status event, as one that comes late.
func (p *Publisher) HearOfALoss() { p.failLost() }

// HandOver is a message of a batch that is being handed to the client library until done.
func (c *Conn) HandOver() (done func()) {
	c.handing.Add(1)
	return func() { c.handing.Add(-1) }
}
