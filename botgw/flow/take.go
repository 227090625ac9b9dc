package flow

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"ukbot/botgw/talk"
)

// TextMax is how many characters the housing services take of a description, a
// comment or a reason.
const TextMax = 2000

// PhotosMax is how many photos a form takes.
const PhotosMax = 5

// fileMax is what bots may fetch (core.telegram.org/bots/faq), in bytes.
const fileMax = 20 << 20

// Words takes a text as it was written, without the space around it, where
// field says.
func Words(field func(*Data) *string) Taking {
	return func(_ context.Context, t *talk.Turn, d *Data) error {
		text := strings.TrimSpace(strings.ReplaceAll(t.Text, "\x00", ""))
		if text == "" || bareless(text) {
			return Complaint{Key: "flow.empty"}
		}
		if over := utf8.RuneCountInString(text) - TextMax; over > 0 {
			return Complaint{Key: "flow.too_long", Args: map[string]any{"Count": over, "Max": TextMax}}
		}
		*field(d) = text
		return nil
	}
}

// bareless says whether nothing of a text can be seen: joiners and marks of direction alone.
func bareless(text string) bool {
	return strings.Trim(text, "\u200b\u200c\u200d\u200e\u200f\u2060\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d\u202e\ufeff\u3164\u2800 \t\r\n") == ""
}

// Photo takes a photo and stays, for more may come.
func Photo(_ context.Context, t *talk.Turn, d *Data) error {
	if t.File == nil {
		return Complaint{Key: "flow.unfit_other"}
	}
	if slices.ContainsFunc(d.Photos, func(f talk.File) bool { return f.Unique == t.File.Unique }) {
		return Stay{} // sent twice
	}
	if len(d.Photos) >= PhotosMax {
		return Complaint{Key: "flow.photos_full", Args: map[string]any{"Count": PhotosMax}}
	}
	d.Photos = append(slices.Clone(d.Photos), *t.File)
	return Stay{}
}

// images are the pictures that the housing services keep.
var images = []string{"image/jpeg", "image/png", "image/webp"}

// Picture takes a photo that was sent as a file.
func Picture(ctx context.Context, t *talk.Turn, d *Data) error {
	switch {
	case t.File == nil || !slices.Contains(images, t.File.Media):
		return Complaint{Key: "flow.no_picture"}
	case t.File.Bytes > fileMax:
		return Complaint{Key: "flow.too_big"}
	}
	return Photo(ctx, t, d)
}

// TakePhotos is the Take of a step that collects photos.
func TakePhotos() map[talk.Kind]Taking {
	return map[talk.Kind]Taking{talk.Photo: Photo, talk.Document: Picture}
}
