package files

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// kind is a type of files that may be stored.
type kind struct {
	media  string
	suffix string // a name without a fitting one gets it
	photo  bool
	// check refuses a damaged file and gives the bytes to store; its error goes to the sender.
	check func(data []byte) ([]byte, error)
}

// kinds is all that may be stored. HEIC is not: where a phone writes the place
// inside it differs from phone to phone, and what cannot be cleaned is not kept.
var kinds = []kind{
	{"image/jpeg", ".jpg", true, cleanJPEG},
	{"image/png", ".png", true, cleanPNG},
	{"image/webp", ".webp", true, cleanWebP},
	{"application/pdf", ".pdf", false, checkPDF},
	{"application/msword", ".doc", false, checkDOC},
	{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx", false, checkDOCX},
}

// sniff tells a file by its content.
func sniff(data []byte) (kind, bool) {
	found := mimetype.Detect(data)
	media := found.String()
	switch {
	case found.Is("application/x-ole-storage") && bytes.Contains(data, wordStream):
		media = "application/msword" // its directory may lie beyond what mimetype reads
	case within(found, "application/zip") && isDOCX(data):
		media = kinds[5].media // its parts may come in any order
	}
	for _, k := range kinds {
		if k.media == media {
			return k, media != kinds[5].media || isDOCX(data)
		}
	}
	return kind{}, false
}

// within says whether a type is a kind of another.
func within(found *mimetype.MIME, media string) bool {
	for ; found != nil; found = found.Parent() {
		if found.Is(media) {
			return true
		}
	}
	return false
}

// wordStream is the name of the text's stream in a compound file, UTF-16.
var wordStream = []byte("W\x00o\x00r\x00d\x00D\x00o\x00c\x00u\x00m\x00e\x00n\x00t\x00")

// isDOCX says whether a zip may be a Word document without macros: broken ones
// are left to checkDOCX.
func isDOCX(data []byte) bool {
	parts, err := partsOf(data)
	if err != nil {
		return bytes.Contains(data, []byte("word/document.xml"))
	}
	return parts["[Content_Types].xml"] && parts["word/document.xml"] && !parts["word/vbaProject.bin"]
}

// partsMax is how many parts a document may have: Word's have dozens. A crafted
// directory of 20 MB names half a million, which take hundreds in memory.
const partsMax = 10_000

var errParts = errors.New("the archive has too many parts")

func partsOf(data []byte) (map[string]bool, error) {
	if bytes.Count(data, []byte("PK\x01\x02")) > partsMax { // what begins each line of the directory
		return nil, errParts
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	parts := map[string]bool{}
	for _, part := range archive.File {
		parts[part.Name] = true
	}
	return parts, nil
}

func checkDOCX(data []byte) ([]byte, error) {
	switch _, err := partsOf(data); {
	case errors.Is(err, errParts):
		return nil, err
	case err != nil:
		return nil, errors.New("the archive has no directory")
	}
	return data, nil
}

// checkDOC looks whether the directory of a compound file is in the file.
func checkDOC(data []byte) ([]byte, error) {
	const header = 512
	if len(data) < header {
		return nil, errCutShort
	}
	shift := binary.LittleEndian.Uint16(data[30:])
	directory := binary.LittleEndian.Uint32(data[48:])
	if shift < 9 || shift > 12 || (int64(directory)+1)<<shift >= int64(len(data)) {
		return nil, errCutShort
	}
	return data, nil
}

// pdfTail is how far from its end a PDF may end, in bytes: some programs leave
// zeros or a signature after it.
const pdfTail = 4096

func checkPDF(data []byte) ([]byte, error) {
	if !strings.Contains(string(data[max(0, len(data)-pdfTail):]), "%%EOF") {
		return nil, errCutShort
	}
	return data, nil
}

var errCutShort = errors.New("it ends too early")
