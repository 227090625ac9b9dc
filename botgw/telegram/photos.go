package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"strconv"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"
)

// AlbumMax is how many photos one album holds (core.telegram.org/bots/api#sendmediagroup).
const AlbumMax = 10

// Photo is a photo to send: one that Telegram has, by FileID, or Data, at most 10 MB.
type Photo struct {
	FileID string
	Name   string // of Data
	Data   []byte
}

// SendPhotos sends one to ten photos with o.Text as caption of the first, and
// returns the ids of the messages. More than one are an album, and an album has
// no keys: o.Markup must be nil then.
func (b *Bot) SendPhotos(ctx context.Context, o Outgoing, photos []Photo) ([]int, error) {
	switch {
	case len(photos) == 0 || len(photos) > AlbumMax:
		return nil, fmt.Errorf("an album of %d photos, want 1 to %d", len(photos), AlbumMax)
	case len(photos) == 1:
		return b.sendPhoto(ctx, o, photos[0])
	case o.Markup != nil:
		return nil, errors.New("an album takes no keys")
	}
	return b.sendAlbum(ctx, o, photos)
}

func (b *Bot) sendPhoto(ctx context.Context, o Outgoing, photo Photo) ([]int, error) {
	p, err := o.params()
	if err != nil {
		return nil, err
	}
	delete(p, "text")
	delete(p, "link_preview_options")
	p.AddNonEmpty("caption", o.Text)
	var files []upload
	p["photo"], files = attach(photo, 0, nil)
	raw, err := b.upload(ctx, "sendPhoto", p, files)
	if err != nil {
		return nil, err
	}
	var m struct {
		ID int `json:"message_id"`
	}
	_ = json.Unmarshal(raw, &m) // it has been accepted: see Send
	return []int{m.ID}, nil
}

// media is one photo of an album.
type media struct {
	Type      string `json:"type"`
	Media     string `json:"media"`
	Caption   string `json:"caption,omitempty"`
	ParseMode string `json:"parse_mode,omitempty"`
}

func (b *Bot) sendAlbum(ctx context.Context, o Outgoing, photos []Photo) ([]int, error) {
	p, err := o.params()
	if err != nil {
		return nil, err
	}
	var files []upload
	album := make([]media, len(photos))
	for i, photo := range photos {
		album[i].Type = "photo"
		album[i].Media, files = attach(photo, i, files)
	}
	album[0].Caption, album[0].ParseMode = o.Text, p["parse_mode"]
	for _, name := range []string{"text", "parse_mode", "link_preview_options"} {
		delete(p, name)
	}
	if err := addJSON(p, "media", album); err != nil {
		return nil, err
	}
	raw, err := b.upload(ctx, "sendMediaGroup", p, files)
	if err != nil {
		return nil, err
	}
	var sent []struct {
		ID int `json:"message_id"`
	}
	_ = json.Unmarshal(raw, &sent) // it has been accepted: see Send
	ids := make([]int, len(sent))
	for i, m := range sent {
		ids[i] = m.ID
	}
	return ids, nil
}

// upload is a file that goes with a call.
type upload struct {
	field, name string
	data        []byte
}

// attach is how a call names a photo, and the files it sends along.
func attach(photo Photo, i int, files []upload) (string, []upload) {
	if photo.FileID != "" {
		return photo.FileID, files
	}
	name := photo.Name
	if name == "" {
		name = "photo.jpg"
	}
	field := "photo" + strconv.Itoa(i)
	return "attach://" + field, append(files, upload{field, name, photo.Data})
}

// upload is Call with files. The library's own loses the code of a refusal, and
// leaks a goroutine where a connection fails.
func (b *Bot) upload(ctx context.Context, method string, params tgbotapi.Params, files []upload) (json.RawMessage, error) {
	if len(files) == 0 {
		return b.Call(ctx, method, params)
	}
	body, kind, err := form(params, files)
	if err != nil {
		return nil, fmt.Errorf("telegram %s: %w", method, err)
	}
	ctx, cancel := context.WithTimeout(ctx, max(b.timeout, fileTimeout))
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.base+"/bot"+b.token+"/"+method, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("telegram %s: %w", method, b.redact(err))
	}
	r.Header.Set("Content-Type", kind)
	resp, err := do(b.client, r)
	if err != nil {
		return nil, fmt.Errorf("telegram %s: %w", method, b.redact(err))
	}
	defer resp.Body.Close()
	result, err := readAnswer(resp)
	if err != nil {
		return nil, fmt.Errorf("telegram %s: %w", method, b.redact(err))
	}
	return result, nil
}

// form is parameters and files as a multipart body.
func form(params tgbotapi.Params, files []upload) (body []byte, kind string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range params {
		err = errors.Join(err, w.WriteField(name, value))
	}
	for _, f := range files {
		part, made := w.CreateFormFile(f.field, f.name)
		if made == nil {
			_, made = part.Write(f.data)
		}
		err = errors.Join(err, made)
	}
	err = errors.Join(err, w.Close()) // it writes the end: the bytes are whole only now
	return b.Bytes(), w.FormDataContentType(), err
}

// readAnswer is the result of a call, or Telegram's refusal.
func readAnswer(resp *http.Response) (json.RawMessage, error) {
	var a tgbotapi.APIResponse
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return nil, err
	}
	if a.Ok {
		return a.Result, nil
	}
	refusal := &tgbotapi.Error{Code: a.ErrorCode, Message: a.Description}
	if a.Parameters != nil {
		refusal.ResponseParameters = *a.Parameters
	}
	return nil, refusal
}
