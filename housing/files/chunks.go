package files

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

var (
	errPNG  = errors.New("it is no whole PNG")
	errWebP = errors.New("it is no whole WebP")
)

const pngHead = "\x89PNG\r\n\x1a\n"

// keptPNG is the chunks that make the picture. Every other one that a decoder
// may pass over goes: texts, EXIF, times, and what nobody knows.
var keptPNG = map[string]bool{
	"IHDR": true, "PLTE": true, "IDAT": true, "IEND": true, // the picture
	"tRNS": true, "cHRM": true, "gAMA": true, "iCCP": true, "sRGB": true, "sBIT": true, "cICP": true, // its colours
	"bKGD": true, "hIST": true, "pHYs": true, "sPLT": true, // how it is shown
	"acTL": true, "fcTL": true, "fdAT": true, // animation
}

// cleanPNG copies the chunks that make the picture, and nothing after its end.
func cleanPNG(data []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(data, []byte(pngHead))
	out, pixels := bytes.NewBufferString(pngHead), false
	for first := true; ok; first = false {
		const frame = 12 // length, type and checksum
		if len(rest) < frame {
			return nil, errPNG
		}
		n := uint64(binary.BigEndian.Uint32(rest)) + frame
		if n > uint64(len(rest)) {
			return nil, errPNG
		}
		chunk, kind := rest[:n], string(rest[4:8])
		if first != (kind == "IHDR") || crc32.ChecksumIEEE(chunk[4:n-4]) != binary.BigEndian.Uint32(chunk[n-4:]) {
			return nil, errPNG
		}
		critical := kind[0]&0x20 == 0
		if critical && !keptPNG[kind] {
			return nil, errPNG
		}
		if keptPNG[kind] {
			out.Write(chunk)
		}
		pixels = pixels || kind == "IDAT"
		if kind == "IEND" {
			ok = false
		}
		rest = rest[n:]
	}
	if !pixels {
		return nil, errPNG
	}
	return out.Bytes(), nil
}

// keptWebP is the chunks that make a WebP picture (RFC 9649).
var keptWebP = map[string]bool{
	"VP8 ": true, "VP8L": true, "VP8X": true, "ALPH": true, "ANIM": true, "ANMF": true, "ICCP": true,
}

// Flags of VP8X.
const (
	webpXMP  = 0x04
	webpEXIF = 0x08
)

// cleanWebP copies the chunks that make the picture, and says that no others are there.
func cleanWebP(data []byte) ([]byte, error) {
	const head = 12 // RIFF, length, WEBP
	if len(data) < head || string(data[:4]) != "RIFF" || string(data[8:head]) != "WEBP" {
		return nil, errWebP
	}
	end := uint64(binary.LittleEndian.Uint32(data[4:])) + 8
	if end < head || end > uint64(len(data)) {
		return nil, errWebP
	}
	out, pixels := bytes.NewBuffer(bytes.Clone(data[:head])), false
	for rest := data[head:end]; len(rest) > 0; {
		if len(rest) < 8 {
			return nil, errWebP
		}
		n := uint64(binary.LittleEndian.Uint32(rest[4:])) + 8
		n += n & 1 // chunks begin at even places
		if n > uint64(len(rest)) {
			return nil, errWebP
		}
		chunk, kind := bytes.Clone(rest[:n]), string(rest[:4])
		if kind == "VP8X" && n > 8 {
			chunk[8] &^= webpXMP | webpEXIF
		}
		if keptWebP[kind] {
			out.Write(chunk)
		}
		pixels = pixels || kind == "VP8 " || kind == "VP8L" || kind == "ANMF"
		rest = rest[n:]
	}
	if !pixels {
		return nil, errWebP
	}
	cleaned := out.Bytes()
	binary.LittleEndian.PutUint32(cleaned[4:], uint32(len(cleaned)-8))
	return cleaned, nil
}
