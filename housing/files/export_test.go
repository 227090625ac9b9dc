package files

import (
	"bytes"
	"testing"
)

// Everything of these lies in package files_test; here they are only handed over.
var (
	Accept = func(data []byte) (media string, cleaned []byte, err error) {
		k, cleaned, err := accept(data)
		return k.media, cleaned, err
	}
	Clean = func(name, media string) string {
		for _, k := range kinds {
			if k.media == media {
				return clean(name, k)
			}
		}
		return ""
	}
	Disposition = disposition
	ObjectOf    = objectOf
)

// NewOrientation is how a JPEG's EXIF says that it is turned; zero without.
func Orientation(data []byte) uint16 {
	for rest := data[2:]; ; {
		marker, segment, after, err := nextSegment(rest)
		if err != nil || marker == markSOS || marker == markEOI {
			return 0
		}
		if turned, ok := exifOrientation(segment); marker == 0xE1 && ok {
			return turned
		}
		rest = after
	}
}

func TestScanEndsAtAMarkerOnly(t *testing.T) {
	for name, tc := range map[string]struct {
		data string
		want int
	}{
		"stuffed zero":           {"ab\xFF\x00cd\xFF\xD9", 6},
		"restart":                {"ab\xFF\xD3cd\xFF\xD9", 6},
		"fill before the marker": {"ab\xFF\xFF\xD9", 3},
		"no marker":              {"abcd", 4},
		"cut inside a marker":    {"abcd\xFF", 5},
		"nothing":                {"", 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := scanLength([]byte(tc.data)); got != tc.want {
				t.Errorf("scanLength(%q) = %d, want %d", tc.data, got, tc.want)
			}
		})
	}
}

func TestJoinedJPEGBeginsWithJFIF(t *testing.T) {
	out := joinJPEG(6, []byte("\xFF\xE0\x00\x04xx\xFF\xDB\x00\x02"))
	if !bytes.HasPrefix(out, []byte("\xFF\xD8\xFF\xE0\x00\x04xx\xFF\xE1")) {
		t.Errorf("%q", out)
	}
}
