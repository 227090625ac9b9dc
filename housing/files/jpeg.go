package files

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// Markers of a JPEG file (ITU-T T.81, table B.1).
const (
	markSOI  = 0xD8 // start of image
	markEOI  = 0xD9 // end of image
	markSOS  = 0xDA // start of scan: compressed data follow
	markTEM  = 0x01
	markRST0 = 0xD0 // to 0xD7: restarts inside compressed data
	markAPP0 = 0xE0 // to 0xEF: what programs add
	markCOM  = 0xFE // comment
)

var errJPEG = errors.New("it is no whole JPEG")

// keptAPP is what of the programs' segments a viewer needs: everything else
// (EXIF, XMP, IPTC, thumbnails, further pictures) may name a place.
var keptAPP = map[byte]string{0xE0: "JFIF\x00", 0xE2: "ICC_PROFILE\x00", 0xEE: "Adobe"}

// cleanJPEG copies what makes the picture: no metadata but the orientation, and
// nothing after the picture's end, where phones put films and further pictures
// with metadata of their own.
func cleanJPEG(data []byte) ([]byte, error) {
	if len(data) < 4 || data[0] != 0xFF || data[1] != markSOI {
		return nil, errJPEG
	}
	var body bytes.Buffer
	orientation, frame := uint16(1), false
	for rest := data[2:]; ; {
		marker, segment, after, err := nextSegment(rest)
		if err != nil {
			return nil, err
		}
		rest = after
		switch {
		case marker == markEOI:
			if !frame {
				return nil, errJPEG
			}
			return joinJPEG(orientation, body.Bytes()), nil
		case marker == 0xE1:
			if turned, ok := exifOrientation(segment); ok {
				orientation = turned
			}
			continue
		case marker == markCOM, marker >= markAPP0 && marker <= 0xEF && (keptAPP[marker] == "" || !bytes.HasPrefix(segment[4:], []byte(keptAPP[marker]))):
			continue
		}
		body.Write(segment)
		if marker == markSOS {
			n := scanLength(rest)
			body.Write(rest[:n])
			rest, frame = rest[n:], frame || n > 0
		}
	}
}

// nextSegment cuts the next segment off, marker and length included.
func nextSegment(data []byte) (marker byte, segment, rest []byte, err error) {
	for len(data) > 1 && data[0] == 0xFF && data[1] == 0xFF { // fill bytes
		data = data[1:]
	}
	if len(data) < 2 || data[0] != 0xFF {
		return 0, nil, nil, errJPEG
	}
	marker = data[1]
	if marker == markEOI || marker == markTEM {
		return marker, data[:2], data[2:], nil
	}
	if marker == 0 || marker >= markRST0 && marker <= markSOI || len(data) < 4 {
		return 0, nil, nil, errJPEG
	}
	n := 2 + int(binary.BigEndian.Uint16(data[2:]))
	if n < 4 || n > len(data) {
		return 0, nil, nil, errJPEG
	}
	return marker, data[:n], data[n:], nil
}

// scanLength is the length of compressed data: up to the next marker that is
// neither a stuffed zero nor a restart.
func scanLength(data []byte) int {
	for at := 0; ; {
		next := bytes.IndexByte(data[at:], 0xFF)
		if next < 0 || at+next+1 >= len(data) {
			return len(data)
		}
		at += next
		if m := data[at+1]; m != 0 && (m < markRST0 || m >= markSOI) && m != 0xFF {
			return at
		}
		at++
		if data[at] != 0xFF {
			at++
		}
	}
}

// joinJPEG puts the picture together, with an EXIF segment of one tag if it is turned.
func joinJPEG(orientation uint16, body []byte) []byte {
	out := []byte{0xFF, markSOI}
	// JFIF, where it is, must come first (T.871).
	if len(body) > 4 && body[1] == markAPP0 {
		n := 2 + int(binary.BigEndian.Uint16(body[2:]))
		out, body = append(out, body[:n]...), body[n:]
	}
	if orientation > 1 {
		out = append(out, 0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8,
			0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(orientation), 0, 0, 0, 0, 0, 0)
	}
	out = append(out, body...)
	return append(out, 0xFF, markEOI)
}

// exifOrientation reads how a picture is turned, 1 to 8, from an APP1 segment.
func exifOrientation(segment []byte) (uint16, bool) {
	tiff, ok := bytes.CutPrefix(segment[4:], []byte("Exif\x00\x00"))
	if !ok || len(tiff) < 8 {
		return 0, false
	}
	var order binary.ByteOrder = binary.BigEndian
	if bytes.HasPrefix(tiff, []byte("II")) {
		order = binary.LittleEndian
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 0, false
	}
	const entry = 12 // bytes of an IFD entry
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < entry {
			return 0, false
		}
		if order.Uint16(entries) == 0x0112 {
			value := order.Uint16(entries[8:])
			return value, value >= 1 && value <= 8
		}
		entries = entries[entry:]
	}
	return 0, false
}
