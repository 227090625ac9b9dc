package files_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

// secret stands for everything that a picture must not tell.
const secret = "GPS-41.2995N-69.2401E"

func picture() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for x := range 40 {
		for y := range 30 {
			img.Set(x, y, color.RGBA{uint8(x * 6), uint8(y * 8), uint8(x * y), 255})
		}
	}
	return img
}

func plainJPEG(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// segment is a JPEG segment.
func segment(marker byte, payload string) []byte {
	out := []byte{0xFF, marker, 0, 0}
	binary.BigEndian.PutUint16(out[2:], uint16(len(payload)+2))
	return append(out, payload...)
}

// exif is a TIFF block with an orientation and a GPS directory that holds 41° 17' 58" N.
func exif(order binary.AppendByteOrder, orientation uint16) string {
	b := []byte("MM")
	if order.AppendUint16(nil, 1)[0] == 1 {
		b = []byte("II")
	}
	entry := func(tag, kind uint16, count, value uint32) {
		b = order.AppendUint16(order.AppendUint16(b, tag), kind)
		b = order.AppendUint32(b, count)
		if kind == 3 {
			b = order.AppendUint16(order.AppendUint16(b, uint16(value)), 0)
			return
		}
		b = order.AppendUint32(b, value)
	}
	b = order.AppendUint32(order.AppendUint16(b, 42), 8)
	b = order.AppendUint16(b, 3)
	entry(0x010F, 2, uint32(len(secret)), 200) // maker
	entry(0x0112, 3, 1, uint32(orientation))
	entry(0x8825, 4, 1, 50) // the GPS directory
	b = order.AppendUint32(b, 0)
	b = order.AppendUint16(b, 2)
	entry(1, 2, 2, 'N'<<24)
	entry(2, 5, 3, 80)
	b = order.AppendUint32(b, 0)
	for _, part := range []uint32{41, 1, 17, 1, 58, 1} {
		b = order.AppendUint32(b, part)
	}
	return string(b) + strings.Repeat("\x00", 200-len(b)) + secret
}

// tellingJPEG is a photo as phones make them: EXIF with a place, XMP, IPTC, a
// comment, an index of further pictures, and one of those after the end.
func tellingJPEG(t testing.TB, order binary.AppendByteOrder, orientation uint16) []byte {
	t.Helper()
	plain := plainJPEG(t)
	out := bytes.Clone(plain[:2])
	out = append(out, segment(0xE0, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")...)
	out = append(out, segment(0xE1, "Exif\x00\x00"+exif(order, orientation))...)
	out = append(out, segment(0xE1, "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>"+secret)...)
	out = append(out, segment(0xE2, "ICC_PROFILE\x00\x01\x01colours")...)
	out = append(out, segment(0xE2, "MPF\x00"+secret)...)
	out = append(out, segment(0xED, "Photoshop 3.0\x00"+secret)...)
	out = append(out, segment(0xFE, secret)...)
	out = append(out, plain[2:]...)
	out = append(out, segment(0xE1, "Exif\x00\x00"+secret)...)
	return append(append(out, plain...), secret...)
}

func chunk(kind, data string) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(append(out, kind...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

func plainPNG(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tellingPNG has a place in every chunk that may hold one, and after the end.
func tellingPNG(t testing.TB) []byte {
	t.Helper()
	const afterIHDR = 8 + 25
	plain := plainPNG(t)
	out := bytes.Clone(plain[:afterIHDR])
	for _, kind := range []string{"eXIf", "tEXt", "iTXt", "zTXt", "tIME", "prVt"} {
		out = append(out, chunk(kind, secret)...)
	}
	return append(append(out, plain[afterIHDR:]...), secret...)
}

func riff(chunks ...string) []byte {
	body := "WEBP"
	for _, c := range chunks {
		body += c
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func webpChunk(kind, data string) string {
	out := kind + string(binary.LittleEndian.AppendUint32(nil, uint32(len(data)))) + data
	if len(data)%2 == 1 {
		out += "\x00"
	}
	return out
}

// plainWebP is one pixel, lossless.
func plainWebP(t testing.TB) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString("UklGRh4AAABXRUJQVlA4TBEAAAAvAAAAAAfQ//73v/+BiOh/AAA=")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

const webpHeader = 12

func tellingWebP(t testing.TB) []byte {
	t.Helper()
	return riff(webpChunk("VP8X", "\x2c\x00\x00\x00\x00\x00\x00\x00\x00\x00"), webpChunk("ICCP", "colours"),
		string(plainWebP(t)[webpHeader:]), webpChunk("EXIF", secret), webpChunk("XMP ", secret), webpChunk("ODD?", secret))
}

func pdf() []byte { return []byte("%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n") }

// archive is a zip of empty parts.
func archive(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, part := range parts {
		if _, err := w.Create(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// compound is an OLE file whose directory, far from the beginning, names a stream.
func compound(stream string) []byte {
	const sector, directory = 512, 20
	out := make([]byte, sector*(directory+3))
	copy(out, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
	binary.LittleEndian.PutUint16(out[28:], 0xFFFE)
	binary.LittleEndian.PutUint16(out[30:], 9)
	binary.LittleEndian.PutUint32(out[48:], directory)
	at := out[sector*(directory+1):]
	for i, name := range []string{"Root Entry", stream} {
		for j, r := range name {
			binary.LittleEndian.PutUint16(at[i*128+2*j:], uint16(r))
		}
	}
	return out
}

// cutShort is a file without its end.
func cutShort(data []byte) []byte { return data[:len(data)-10] }
