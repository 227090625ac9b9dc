package files_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"

	"ukbot/housing/files"
	"ukbot/housing/problem"
)

func TestPictureLosesItsPlaceAndNoPixel(t *testing.T) {
	decodePNG := func(b []byte) (image.Image, error) { return png.Decode(bytes.NewReader(b)) }
	decodeJPEG := func(b []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(b)) }
	for name, tc := range map[string]struct {
		sent, plain []byte
		decode      func([]byte) (image.Image, error)
		turned      uint16
	}{
		"JPEG, big-endian EXIF":    {tellingJPEG(t, binary.BigEndian, 6), plainJPEG(t), decodeJPEG, 6},
		"JPEG, little-endian EXIF": {tellingJPEG(t, binary.LittleEndian, 8), plainJPEG(t), decodeJPEG, 8},
		"JPEG that is not turned":  {tellingJPEG(t, binary.LittleEndian, 1), plainJPEG(t), decodeJPEG, 0},
		"JPEG turned nonsense":     {tellingJPEG(t, binary.LittleEndian, 900), plainJPEG(t), decodeJPEG, 0},
		"PNG":                      {tellingPNG(t), plainPNG(t), decodePNG, 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, cleaned, err := files.Accept(tc.sent)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(cleaned, []byte(secret)) || bytes.Contains(cleaned, []byte{0x88, 0x25}) && tc.turned > 0 && bytes.Contains(cleaned, []byte("N\x00\x00\x00")) {
				t.Error("the place is still there")
			}
			got, err := tc.decode(cleaned)
			if err != nil {
				t.Fatalf("what is stored does not open: %v", err)
			}
			want, err := tc.decode(tc.plain)
			if err != nil {
				t.Fatal(err)
			}
			samePixels(t, got, want)
			if tc.decode != nil && bytes.HasPrefix(cleaned, []byte{0xFF}) && files.Orientation(cleaned) != tc.turned {
				t.Errorf("turned %d, want %d", files.Orientation(cleaned), tc.turned)
			}
			_, again, err := files.Accept(cleaned)
			if err != nil || !bytes.Equal(again, cleaned) {
				t.Errorf("a clean picture changes: %v", err)
			}
		})
	}
}

func samePixels(t *testing.T, got, want image.Image) {
	t.Helper()
	if got.Bounds() != want.Bounds() {
		t.Fatalf("size %v, want %v", got.Bounds(), want.Bounds())
	}
	for x := range want.Bounds().Dx() {
		for y := range want.Bounds().Dy() {
			if got.At(x, y) != want.At(x, y) {
				t.Fatalf("pixel %d,%d = %v, want %v", x, y, got.At(x, y), want.At(x, y))
			}
		}
	}
}

func TestJPEGKeepsItsColours(t *testing.T) {
	_, cleaned, err := files.Accept(tellingJPEG(t, binary.BigEndian, 3))
	if err != nil || !bytes.Contains(cleaned, []byte("ICC_PROFILE\x00\x01\x01colours")) || !bytes.Contains(cleaned, []byte("JFIF")) {
		t.Errorf("colour profile or JFIF is gone: %v", err)
	}
}

func TestWebPLosesItsPlace(t *testing.T) {
	_, cleaned, err := files.Accept(tellingWebP(t))
	if err != nil {
		t.Fatal(err)
	}
	want := riff(webpChunk("VP8X", "\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00"), webpChunk("ICCP", "colours"), string(plainWebP(t)[webpHeader:]))
	if !bytes.Equal(cleaned, want) {
		t.Errorf("stored %q, want %q", cleaned, want)
	}
}

func TestTypeIsToldByContent(t *testing.T) {
	const docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	for name, tc := range map[string]struct {
		data []byte
		want string // a media type, or the code of the refusal
	}{
		"JPEG":                               {plainJPEG(t), "image/jpeg"},
		"PNG":                                {plainPNG(t), "image/png"},
		"WebP":                               {plainWebP(t), "image/webp"},
		"PDF":                                {pdf(), "application/pdf"},
		"DOC":                                {compound("WordDocument"), "application/msword"},
		"DOCX":                               {archive(t, "[Content_Types].xml", "_rels/.rels", "word/document.xml"), docx},
		"DOCX whose parts come in any order": {archive(t, "word/document.xml", "custom/a", "[Content_Types].xml"), docx},
		"DOCX cut short":                     {cutShort(archive(t, "[Content_Types].xml", "_rels/.rels", "word/document.xml")), "invalid"},
		"DOCX of absurdly many parts":        {archive(t, slices.Concat([]string{"[Content_Types].xml", "word/document.xml"}, make([]string, 10_000))...), "invalid"},
		"a zip":                              {archive(t, "a.txt"), "media_type"},
		"a zip with a folder word":           {archive(t, "[Content_Types].xml", "word/virus.exe"), "media_type"},
		"DOCM, with macros":                  {archive(t, "[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "media_type"},
		"XLSX":                               {archive(t, "[Content_Types].xml", "xl/workbook.xml"), "media_type"},
		"XLS":                                {compound("Workbook"), "media_type"},
		"DOC whose directory is missing":     {append(compound("WordDocument")[:2048], []byte("W\x00o\x00r\x00d\x00D\x00o\x00c\x00u\x00m\x00e\x00n\x00t\x00")...), "invalid"},
		"HTML":                               {[]byte("<!DOCTYPE html><script>alert(1)</script>"), "media_type"},
		"SVG":                                {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "media_type"},
		"GIF":                                {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "media_type"},
		"HEIC":                               {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), "media_type"},
		"a program":                          {[]byte("\x7fELF\x02\x01\x01"), "media_type"},
		"text":                               {[]byte("Течёт кран"), "media_type"},
		"JPEG cut short":                     {plainJPEG(t)[:300], "invalid"},
		"JPEG without its last byte":         {plainJPEG(t)[:len(plainJPEG(t))-1], "invalid"},
		"JPEG that is a header only":         {[]byte("\xFF\xD8\xFF\xE0\x00\x04xx\xFF\xD9"), "invalid"},
		"JPEG with HTML in it":               {[]byte("\xFF\xD8\xFF<html><script>alert(1)</script>"), "invalid"},
		"PNG cut short":                      {plainPNG(t)[:60], "invalid"},
		"PNG with a wrong checksum":          {bytes.Replace(plainPNG(t), []byte("IDAT\x78"), []byte("IDAT\x79"), 1), "invalid"},
		"PNG that lies about a length":       {append(bytes.Clone(plainPNG(t)[:33]), 0xFF, 0xFF, 0xFF, 0xFF, 'I', 'D', 'A', 'T', 0, 0, 0, 0), "invalid"},
		"WebP cut short":                     {plainWebP(t)[:30], "invalid"},
		"WebP without a picture":             {riff(webpChunk("VP8X", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")), "invalid"},
		"PDF cut short":                      {pdf()[:20], "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			media, _, err := files.Accept(tc.data)
			if p := problem.As(err); p != nil {
				media = string(p.Code)
			}
			if media != tc.want {
				t.Errorf("%q, want %q (%v)", media, tc.want, err)
			}
		})
	}
}

func TestNameIsSafeAnywhere(t *testing.T) {
	long := string(bytes.Repeat([]byte("кран "), 100))
	for sent, want := range map[string]string{
		"кран на кухне.jpg":           "кран на кухне.jpg",
		"📷 protechka.JPEG":            "📷 protechka.JPEG",
		"👨‍👩‍👧.jpg":                   "👨‍👩‍👧.jpg",
		"../../etc/passwd":            "passwd.jpg",
		`C:\Фото\кран.jpg`:            "кран.jpg",
		"a\x00b\r\nSet-Cookie: c.jpg": "abSet-Cookie_ c.jpg",
		"virus.exe":                   "virus.exe.jpg",
		"gpj.\u202eexe":               "gpj.exe.jpg",
		".htaccess":                   "htaccess.jpg",
		"...":                         "file.jpg",
		". 0":                         "0.jpg",
		"":                            "file.jpg",
		"   .jpg":                     "jpg.jpg",
		"\xff\xfe.jpg":                "jpg.jpg",
		`"quoted".jpg`:                "_quoted_.jpg",
		"joʻmrak.jpg":                 "joʻmrak.jpg",
	} {
		if got := files.Clean(sent, "image/jpeg"); got != want {
			t.Errorf("%q becomes %q, want %q", sent, got, want)
		}
	}
	if got := files.Clean(long+".jpg", "image/jpeg"); len(got) > 200 || !bytes.HasSuffix([]byte(got), []byte(".jpg")) {
		t.Errorf("a long name becomes %q", got)
	}
}

func TestDispositionNamesTheFileForEveryBrowser(t *testing.T) {
	const want = `attachment; filename="____ 100_.jpg"; filename*=UTF-8''%D0%BA%D1%80%D0%B0%D0%BD%20100%25.jpg`
	if got := files.Disposition("кран 100%.jpg"); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func FuzzAccept(f *testing.F) {
	for _, seed := range [][]byte{
		tellingJPEG(f, binary.BigEndian, 6), tellingJPEG(f, binary.LittleEndian, 6), tellingPNG(f), tellingWebP(f), pdf(),
		compound("WordDocument"), archive(f, "[Content_Types].xml", "word/document.xml"), []byte("\xFF\xD8\xFF\xE1\x00\x08Exif\x00\x00"),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		media, cleaned, err := files.Accept(data)
		if err != nil {
			if p := problem.As(err); p == nil || p.Code != problem.MediaType && p.Code != problem.Invalid {
				t.Fatalf("%v", err)
			}
			return
		}
		if len(cleaned) > len(data)+36 {
			t.Fatalf("%d bytes became %d", len(data), len(cleaned))
		}
		again, twice, err := files.Accept(cleaned)
		if err != nil || again != media || !bytes.Equal(twice, cleaned) {
			t.Fatalf("what was cleaned is %s, then %s (%v), and changes: %v", media, again, err, !bytes.Equal(twice, cleaned))
		}
	})
}

func FuzzName(f *testing.F) {
	f.Add("кран.jpg")
	f.Add(`..\..\a"b.exe`)
	f.Add(". 0")
	f.Add(strings.Repeat("a", 194) + " . b")
	f.Fuzz(func(t *testing.T, name string) {
		got := files.Clean(name, "image/png")
		if len(got) > 200 || len(got) < len("x.png") || bytes.ContainsAny([]byte(got), "/\\\x00\r\n\"") || files.Clean(got, "image/png") != got {
			t.Errorf("%q becomes %q, then %q", name, got, files.Clean(got, "image/png"))
		}
	})
}
