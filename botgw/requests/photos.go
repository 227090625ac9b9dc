package requests

import (
	"bytes"
	"context"
	"image"
	_ "image/jpeg" // to be measured
	_ "image/png"
	"net/http"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/talk"
	"ukbot/botgw/telegram"
	"ukbot/botgw/words"
)

const (
	// photoMax is how large a photo bots may send, in bytes (core.telegram.org/bots/api#sending-files).
	photoMax = 10 << 20
	// albumBytes bounds what one tap holds in memory and sends.
	albumBytes = 30 << 20
)

// tapPhotos sends a request's photos as a message of their own: an album has no buttons.
func (r *Requests) tapPhotos(ctx context.Context, t *talk.Turn, args []string) error {
	tapped := tap{number: arg(args, 0)}
	if !IsNumber(tapped.number) {
		return r.card(ctx, t, tapped.number, tapped.at)
	}
	t.Step = doPhotos
	if t.Busy != nil {
		t.Busy(ctx)
	}
	files, err := filesOf(ctx, t, tapped.number)
	if err != nil {
		return r.refused(ctx, t, tapped, err)
	}
	images, err := download(ctx, t, tapped.number, files)
	if err != nil {
		return err
	}
	if len(images) == 0 {
		t.Toast(t.Book.Plain("requests.photos_none"))
		return nil
	}
	caption := t.Book.Text("requests.photos_of", words.Args{"Number": tapped.number})
	if left := len(files) - len(images); left > 0 {
		caption += "\n" + t.Book.Count("requests.photos_left", left)
	}
	t.Say(talk.Screen{Text: caption, Photos: images})
	return nil
}

// download gets the photos that an album can hold, in their order.
func download(ctx context.Context, t *talk.Turn, number string, files []api.File) (images []talk.Image, err error) {
	total := int64(0)
	for _, f := range files {
		if !f.Photo || f.Bytes > photoMax || total+f.Bytes > albumBytes || len(images) == telegram.AlbumMax {
			continue
		}
		r, err := t.API.DownloadFileWithResponse(ctx, number, f.Id, nil)
		if err != nil {
			return nil, err
		}
		if r.HTTPResponse.StatusCode != http.StatusOK {
			err := company.Refused(r.ApplicationproblemJSONDefault)
			if company.Is(err, "not_found") { // taken away meanwhile
				continue
			}
			return nil, err
		}
		if !shows(r.Body) {
			continue
		}
		images = append(images, talk.Image{Name: f.Name, Data: r.Body})
		total += f.Bytes
	}
	return images, nil
}

// Telegram refuses a photo that is longer than this, in pixels of both sides
// together, or narrower than one part in so many (core.telegram.org/bots/api#sendphoto).
const (
	sidesMax = 10_000
	ratioMax = 20
)

// shows says whether Telegram shows a picture as a photo. What cannot be measured
// here, as WebP, is left to Telegram.
func shows(data []byte) bool {
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return true
	}
	long, short := max(c.Width, c.Height), min(c.Width, c.Height)
	return long+short <= sidesMax && long <= ratioMax*short
}
