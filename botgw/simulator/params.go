package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	bodyMax  = 50<<20 + 1<<20 // bytes: the largest upload Telegram takes (50 MB) and its form
	photoMax = 10 << 20       // bytes: the largest photo
)

// args are a call's parameters, however they were sent; a value that came as
// JSON (a number, an object) is kept as its JSON text, as Telegram does.
type args struct {
	values map[string]string
	files  map[string]upload
}

// upload is a file that came in a multipart body.
type upload struct {
	name string
	data []byte
}

func (a args) str(key string) string { return a.values[key] }

// int64 is the parameter as a number, 0 when it is none.
func (a args) int64(key string) int64 {
	n, _ := strconv.ParseInt(strings.TrimSpace(a.values[key]), 10, 64)
	return n
}

func (a args) int(key string) int { return int(a.int64(key)) }

// bool follows Telegram: true, 1, yes and t in any case are true.
func (a args) bool(key string) bool {
	switch strings.ToLower(strings.TrimSpace(a.values[key])) {
	case "true", "1", "yes", "t":
		return true
	}
	return false
}

// readArgs reads query and body. All text must be UTF-8.
func readArgs(w http.ResponseWriter, r *http.Request) (args, error) {
	r.Body = http.MaxBytesReader(w, r.Body, bodyMax)
	a := args{values: map[string]string{}}
	for key, v := range r.URL.Query() {
		a.values[key] = v[len(v)-1]
	}
	if err := a.readBody(r); err != nil {
		if _, big := errors.AsType[*http.MaxBytesError](err); big {
			return args{}, errBodyTooBig
		}
		return args{}, err
	}
	for _, v := range a.values {
		if !utf8.ValidString(v) {
			return args{}, errUTF8
		}
	}
	return a, nil
}

// readBody adds what the body holds, by its content type.
func (a *args) readBody(r *http.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		_, err := io.Copy(io.Discard, r.Body)
		return err
	}
	switch kind {
	case "application/json":
		return a.readJSON(r.Body)
	case "multipart/form-data":
		return a.readMultipart(r)
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return asBody(err)
		}
		for key, v := range r.PostForm {
			a.values[key] = v[len(v)-1]
		}
	}
	return nil
}

// asBody keeps the size error apart from a body that cannot be read.
func asBody(err error) error {
	if _, big := errors.AsType[*http.MaxBytesError](err); big {
		return err
	}
	return errBody
}

func (a *args) readJSON(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil {
		return asBody(err)
	}
	if len(raw) == 0 {
		return nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return errJSON
	}
	for key, v := range fields {
		var text string
		if json.Unmarshal(v, &text) == nil {
			a.values[key] = text // also null, which is as good as absent
			continue
		}
		a.values[key] = string(v)
	}
	return nil
}

func (a *args) readMultipart(r *http.Request) error {
	form, err := r.MultipartReader()
	if err != nil {
		return errBody
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return asBody(err)
		}
		if err := a.readPart(part); err != nil {
			return err
		}
	}
}

func (a *args) readPart(part *multipart.Part) error {
	data, err := io.ReadAll(part)
	if err != nil {
		return asBody(err)
	}
	if part.FileName() == "" {
		a.values[part.FormName()] = string(data)
		return nil
	}
	if a.files == nil {
		a.files = map[string]upload{}
	}
	a.files[part.FormName()] = upload{name: part.FileName(), data: data}
	return nil
}
