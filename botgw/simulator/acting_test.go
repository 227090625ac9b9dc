package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"strings"
	"testing"
)

// picture is a photo of this size.
func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, jpeg.Encode(&out, image.NewGray(image.Rect(0, 0, width, height)), nil))
	return out.Bytes()
}

// last is the body of the newest update.
func (d *desk) last() string {
	d.t.Helper()
	_, bodies := d.updates("offset=-1")
	if len(bodies) == 0 {
		d.t.Fatal("no update")
	}
	return bodies[0]
}

func TestAPersonsPhotoCanBeFetched(t *testing.T) {
	d := newDesk(t, Config{})
	data := picture(t, 640, 480)
	id, err := d.sim.SendPhoto(token, 7, data, " leak ")
	must(t, err)
	var u struct {
		Message struct {
			ID      int `json:"message_id"`
			Caption string
			Photo   []struct {
				ID            string `json:"file_id"`
				Width, Height int
			}
		}
	}
	must(t, json.Unmarshal([]byte(d.last()), &u))
	if u.Message.ID != id || u.Message.Caption != "leak" || len(u.Message.Photo) != 2 || u.Message.Photo[0].Width != 90 || u.Message.Photo[1].Height != 480 {
		t.Fatalf("update: %+v", u)
	}
	var f wireFetch
	must(t, json.Unmarshal(d.call("getFile", "file_id="+u.Message.Photo[1].ID).Result, &f))
	if f.FileSize != len(data) || !strings.HasPrefix(f.FilePath, "photos/file_") {
		t.Errorf("getFile: %+v", f)
	}
	fetch := func(path string) (int, []byte) {
		resp, err := http.Get(d.url + path)
		must(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		must(t, err)
		return resp.StatusCode, body
	}
	if code, body := fetch("/file/bot" + token + "/" + f.FilePath); code != 200 || !bytes.Equal(body, data) {
		t.Errorf("the file: %d, %d bytes", code, len(body))
	}
	for _, path := range []string{"/file/bot999:x/" + f.FilePath, "/file/bot" + token + "/photos/file_999.jpg"} {
		if code, _ := fetch(path); code != 404 {
			t.Errorf("%s: %d, want 404", path, code)
		}
	}
	d.sim.AddBot("200:x", "other_bot")
	if r := d.call("getFile", "file_id="+u.Message.Photo[1].ID+"x"); r.Description != errBadFileID.text {
		t.Errorf("an unknown id: %+v", r)
	}
}

func TestWhatAPersonSendsArrivesAsTelegramWouldTellIt(t *testing.T) {
	for name, tc := range map[string]struct {
		send func(*Server) error
		want []string // in the newest update
	}{
		"document": {
			func(s *Server) error {
				_, err := s.SendDocument(token, 7, "act.pdf", []byte("%PDF-1.4"), "act")
				return err
			},
			[]string{`"document":{"file_id":"BQAC`, `"file_name":"act.pdf"`, `"mime_type":"application/pdf"`, `"caption":"act"`},
		},
		"video":       {func(s *Server) error { _, err := s.SendVideo(token, 7, []byte("v"), ""); return err }, []string{`"video":{`, `"duration":0`, `"width":0`}},
		"voice":       {func(s *Server) error { _, err := s.SendVoice(token, 7, []byte("v")); return err }, []string{`"voice":{`, `"mime_type":"audio/ogg"`, `"duration":0`}},
		"sticker":     {func(s *Server) error { _, err := s.SendSticker(token, 7); return err }, []string{`"sticker":{`, `"type":"regular"`, `"is_animated":false`}},
		"own contact": {func(s *Server) error { _, err := s.SendContact(token, 7, Contact{}); return err }, []string{`"contact":{"phone_number":"998000000007","first_name":"Aziza","user_id":7}`}},
		"a friend's": {func(s *Server) error {
			_, err := s.SendContact(token, 7, Contact{Phone: "+1", FirstName: "X"})
			return err
		}, []string{`"contact":{"phone_number":"+1","first_name":"X"}`}},
		"location":       {func(s *Server) error { _, err := s.SendLocation(token, 7, Location{1.5, 2}); return err }, []string{`"location":{"latitude":1.5,"longitude":2}`}},
		"an edited text": {func(s *Server) error { id, _ := s.SendText(token, 7, "a"); return s.EditText(token, 7, id, "b") }, []string{`"edited_message":{`, `"text":"b"`, `"edit_date":`}},
		"an edited albums": {func(s *Server) error {
			_, err := s.SendAlbum(token, 7, [][]byte{picture(t, 9, 9), picture(t, 8, 8)}, "two")
			return err
		}, []string{`"media_group_id":"`, `"width":8`}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, Config{})
			must(t, tc.send(d.sim))
			body := d.last()
			for _, want := range tc.want {
				if !strings.Contains(body, want) {
					t.Errorf("update %s, want %s in it", body, want)
				}
			}
		})
	}
}

func TestAnAlbumIsSeveralUpdatesWithOneGroup(t *testing.T) {
	d := newDesk(t, Config{})
	ids, err := d.sim.SendAlbum(token, 7, [][]byte{picture(t, 9, 9), picture(t, 8, 8), picture(t, 7, 7)}, "all")
	must(t, err)
	all := d.sim.Messages(7)
	first, last := all[len(all)-3], all[len(all)-1]
	if len(ids) != 3 || first.Album == "" || first.Album != last.Album || first.Text != "all" || last.Text != "" {
		t.Errorf("album: %+v … %+v", first, last)
	}
	if _, bodies := d.updates(); len(bodies) != 4 {
		t.Errorf("%d updates, want /start and 3", len(bodies))
	}
	if _, err := d.sim.SendAlbum(token, 7, [][]byte{picture(t, 9, 9)}, ""); err == nil {
		t.Error("an album of one was sent")
	}
}

func TestTheKeyboardIsTheLastOneSent(t *testing.T) {
	d := newDesk(t, Config{})
	if _, err := d.sim.PressKey(token, 7, "Menu"); err == nil {
		t.Error("a key was pressed where there is none")
	}
	menu := d.send("menu", `reply_markup={"keyboard":[["Menu",{"text":"Phone","request_contact":true}],[{"text":"Place","request_location":true}]],"input_field_placeholder":"choose","one_time_keyboard":true}`)
	d.send("an inline one leaves it", keyboard("x"))
	kb, ok := d.sim.KeyboardOf(token, 7)
	if !ok || kb.Message != menu || len(kb.Rows) != 2 || kb.Rows[0][1] != (Key{"Phone", "contact"}) || kb.Placeholder != "choose" || kb.Folded {
		t.Errorf("keyboard: %+v %v", kb, ok)
	}
	for key, want := range map[string]string{"Menu": `"text":"Menu"`, "Phone": `"user_id":7`, "Place": `"latitude":41.3`} {
		_, err := d.sim.PressKey(token, 7, key)
		must(t, err)
		if body := d.last(); !strings.Contains(body, want) {
			t.Errorf("key %s: %s", key, body)
		}
	}
	if kb, _ := d.sim.KeyboardOf(token, 7); !kb.Folded {
		t.Error("a one-time keyboard stayed open")
	}
	d.send("off", `reply_markup={"remove_keyboard":true}`)
	if _, ok := d.sim.KeyboardOf(token, 7); ok {
		t.Error("the keyboard is still there")
	}
	again := d.send("again", `reply_markup={"keyboard":[["A"]]}`)
	d.call("deleteMessage", "chat_id=7", fmt.Sprint("message_id=", again))
	if _, ok := d.sim.KeyboardOf(token, 7); ok {
		t.Error("the keyboard outlived its message")
	}
}

func TestStaleAndForgedButtonsCanBeTapped(t *testing.T) {
	d := newDesk(t, Config{})
	id := d.send("x", keyboard("old"))
	d.call("editMessageReplyMarkup", "chat_id=7", fmt.Sprint("message_id=", id), keyboard("new"))
	if _, err := d.sim.Tap(token, 7, id, "old"); err == nil {
		t.Error("a button that is gone was tapped")
	}
	_, err := d.sim.TapStale(token, 7, id, "old")
	must(t, err)
	_, err = d.sim.TapForged(token, 7, id, "r:v:1")
	must(t, err)
	_, err = d.sim.TapLatest(token, 7, "new")
	must(t, err, d.sim.Delete(token, 7, id))
	_, err = d.sim.TapStale(token, 7, id, "new")
	must(t, err)
	if body := d.last(); !strings.Contains(body, `"date":0`) || !strings.Contains(body, `"data":"new"`) {
		t.Errorf("a tap below a deleted message: %s", body)
	}
	if _, err := d.sim.TapStale(token, 7, id, "never"); err == nil {
		t.Error("a button that never was there was tapped")
	}
}

func TestCommandsAreResolvedInTelegramsOrder(t *testing.T) {
	d := newDesk(t, Config{}) // Aziza's telephone speaks uz
	for _, step := range []struct{ scope, language, text string }{
		{`{"type":"default"}`, "", "1"},
		{`{"type":"default"}`, "uz", "2"},
		{`{"type":"all_private_chats"}`, "", "3"},
		{`{"type":"all_private_chats"}`, "uz", "4"},
		{`{"type":"chat","chat_id":7}`, "", "5"},
		{`{"type":"chat","chat_id":7}`, "uz", "6"},
	} {
		if r := d.call("setMyCommands", "scope="+step.scope, "language_code="+step.language, `commands=[{"command":"a","description":"`+step.text+`"}]`); !r.OK {
			t.Fatalf("setMyCommands: %+v", r)
		}
		if got := d.sim.CommandsOf(token, 7); len(got) != 1 || got[0].Description != step.text {
			t.Errorf("after %s %q: %v", step.scope, step.language, got)
		}
	}
}

func TestTypingIsSeenUntilTheMessage(t *testing.T) {
	d := newDesk(t, Config{})
	d.call("sendChatAction", "chat_id=7", "action=typing")
	if got := d.sim.Action(token, 7); got != "typing" {
		t.Errorf("action %q", got)
	}
	d.send("done")
	if got := d.sim.Action(token, 7); got != "" {
		t.Errorf("after the message: %q", got)
	}
}
