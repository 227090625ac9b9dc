package load_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"sync"
	"time"
)

// wire stands in front of the simulator and tells people what they are shown:
// waiting for it inside the simulator would wake everybody at each message.
type wire struct {
	next  http.Handler
	chats sync.Map // of *walker by chat

	mu   sync.Mutex
	sent []sent // what counts among Telegram's limits, if kept
	keep bool
}

// sent is a message or the change of one.
type sent struct {
	chat int64
	at   time.Time
}

// ServeHTTP passes a call on.
func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	method := path.Base(r.URL.Path)
	if method != "sendMessage" && method != "editMessageText" {
		w.next.ServeHTTP(rw, r)
		return
	}
	began := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the bot has gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := &heard{ResponseWriter: rw}
	w.next.ServeHTTP(answer, r)
	w.tell(body, answer.body, began)
}

// heard is an answer that is read along.
type heard struct {
	http.ResponseWriter
	body []byte
}

func (h *heard) Write(b []byte) (int, error) {
	h.body = append(h.body, b...)
	return h.ResponseWriter.Write(b)
}

var messageID = []byte(`"message_id":`)

// tell shows a walker a message as it was sent or edited.
func (w *wire) tell(asked, answered []byte, began time.Time) {
	values, err := url.ParseQuery(string(asked))
	if err != nil || !bytes.HasPrefix(answered, []byte(`{"ok":true`)) {
		return
	}
	chat, _ := strconv.ParseInt(values.Get("chat_id"), 10, 64)
	w.note(sent{chat, began})
	who, known := w.chats.Load(chat)
	if !known {
		return
	}
	_, rest, _ := bytes.Cut(answered, messageID)
	end := bytes.IndexAny(rest, ",}")
	id, _ := strconv.Atoi(string(rest[:max(end, 0)]))
	var markup struct {
		Rows [][]struct {
			Data string `json:"callback_data"`
		} `json:"inline_keyboard"`
	}
	_ = json.Unmarshal([]byte(values.Get("reply_markup")), &markup) // none is none
	var data []string
	for _, row := range markup.Rows {
		for _, button := range row {
			data = append(data, button.Data)
		}
	}
	who.(*walker).shown(id, data) //nolint:forcetypeassert // nothing else is stored
}

func (w *wire) note(s sent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.keep {
		w.sent = append(w.sent, s)
	}
}
