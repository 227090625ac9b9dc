package forms

import (
	"bytes"
	"context"
	"errors"
	"mime/multipart"
	"net/textproto"
	"strconv"
	"time"

	"github.com/google/uuid"

	"ukbot/api"
	"ukbot/botgw/company"
	"ukbot/botgw/flow"
	"ukbot/botgw/talk"
)

// upload gives the photos of a form to a request, each under a key of its own.
// What Telegram no longer has or does not give in time, or the housing services
// do not take, is counted in failed; err says that they are away and trying again
// helps.
func upload(ctx context.Context, t *talk.Turn, request string, d *flow.Data) (files []uuid.UUID, failed int, err error) {
	if len(d.Photos) > 0 && t.Busy != nil {
		t.Busy(ctx)
	}
	work, cancel := sparing(ctx)
	defer cancel()
	for i, photo := range d.Photos {
		id, err := uploadOne(work, t, request, d.Nonce+"-photo-"+photo.Unique, "photo-"+strconv.Itoa(i+1)+".jpg", photo)
		switch {
		case ctx.Err() != nil:
			return files, len(d.Photos) - i, ctx.Err()
		case work.Err() != nil && err != nil:
			return files, failed + len(d.Photos) - i, nil
		case errors.Is(err, company.ErrAway):
			return files, len(d.Photos) - i, err
		case err != nil:
			failed++
		default:
			files = append(files, id)
		}
	}
	return files, failed, nil
}

// sparing leaves a third of a turn's time for what comes after: a form that cannot
// be finished because Telegram gives a photo slowly would never be.
func sparing(ctx context.Context) (context.Context, context.CancelFunc) {
	end, limited := ctx.Deadline()
	if !limited {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(end)*2/3)
}

func uploadOne(ctx context.Context, t *talk.Turn, request, key, name string, photo talk.File) (uuid.UUID, error) {
	raw, err := t.Bot.Fetch(ctx, photo.ID, 0)
	if err != nil {
		return uuid.Nil, err
	}
	body, kind, err := form(key, name, raw)
	if err != nil {
		return uuid.Nil, err
	}
	r, err := t.API.UploadFileWithBodyWithResponse(ctx, request, &api.UploadFileParams{IdempotencyKey: &key}, kind, body)
	if err != nil {
		return uuid.Nil, err
	}
	if r.JSON201 == nil {
		return uuid.Nil, company.Refused(r.ApplicationproblemJSONDefault)
	}
	return r.JSON201.Id, nil
}

// form is a file as a multipart body. The boundary is made of the key: a repeat
// must be the same to the byte, or the housing services take it for another.
func form(key, name string, raw []byte) (body *bytes.Reader, contentType string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary("ukbot-" + uuid.NewSHA1(uuid.NameSpaceOID, []byte(key)).String()); err != nil {
		return nil, "", err
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", multipart.FileContentDisposition("file", name))
	header.Set("Content-Type", "application/octet-stream") // told by its content
	part, err := w.CreatePart(header)
	if err == nil {
		_, err = part.Write(raw)
	}
	if err == nil {
		err = w.Close()
	}
	return bytes.NewReader(b.Bytes()), w.FormDataContentType(), err
}

// photosStep collects photos; a form may do without.
func photosStep() flow.Step {
	return flow.Step{
		Name: "photos",
		Hint: "flow.hint_photos",
		Ask:  askPhotos,
		Pick: func(_ context.Context, _ *talk.Turn, d *flow.Data, args []string) error {
			switch first(args) {
			case "done":
				return nil
			case "skip":
				d.Photos = nil
				return nil
			case "clear":
				d.Photos = nil
			}
			return flow.Stay{}
		},
		Take: flow.TakePhotos(),
	}
}

func askPhotos(_ context.Context, t *talk.Turn, d *flow.Data) (talk.Screen, error) {
	n := len(d.Photos)
	if n == 0 {
		return talk.Screen{
			Text: t.Book.Count("flow.ask_photos", flow.PhotosMax),
			Rows: [][]talk.Button{{flow.Pick(t.Book.Plain("button.skip"), "skip")}},
		}, nil
	}
	return talk.Screen{
		Text: t.Book.Count("flow.have_photos", n) + "\n" + t.Book.Count("flow.ask_photos_more", flow.PhotosMax),
		Rows: [][]talk.Button{
			{flow.Pick(t.Book.Plain("button.done"), "done")},
			{flow.Pick(t.Book.Plain("flow.clear_photos"), "clear")},
		},
	}, nil
}
