package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"
)

const token = "100:test"

// desk is a server with one bot and one person, 7, who has started it.
type desk struct {
	t   *testing.T
	sim *Server
	url string
}

func newDesk(t *testing.T, cfg Config) *desk {
	t.Helper()
	sim := New(cfg)
	sim.AddBot(token, "test_bot")
	sim.AddUser(User{ID: 7, FirstName: "Aziza", LanguageCode: "uz"})
	if err := sim.Start(token, 7); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(sim.Handler())
	t.Cleanup(func() { sim.Close(); web.Close() })
	return &desk{t: t, sim: sim, url: web.URL}
}

// result is an answer as a client sees it.
type result struct {
	Status      int             `json:"-"`
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        int             `json:"error_code"`
	Description string          `json:"description"`
	Parameters  parameters      `json:"parameters"`
}

// call posts a form: "chat_id=7", "text=…".
func (d *desk) call(method string, fields ...string) result {
	d.t.Helper()
	form := url.Values{}
	for _, f := range fields {
		k, v, _ := strings.Cut(f, "=")
		form.Set(k, v)
	}
	resp, err := http.PostForm(d.url+"/bot"+token+"/"+method, form)
	if err != nil {
		d.t.Fatalf("%s: %v", method, err)
	}
	return d.read(resp)
}

func (d *desk) read(resp *http.Response) result {
	d.t.Helper()
	defer resp.Body.Close()
	r := result{Status: resp.StatusCode}
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
		d.t.Fatalf("answer with %s: %v", resp.Status, err)
	}
	return r
}

// send sends a message with HTML and returns its id.
func (d *desk) send(text string, fields ...string) int {
	d.t.Helper()
	r := d.call("sendMessage", append([]string{"chat_id=7", "parse_mode=HTML", "text=" + text}, fields...)...)
	var m struct {
		ID int `json:"message_id"`
	}
	if err := json.Unmarshal(r.Result, &m); err != nil || !r.OK {
		d.t.Fatalf("sendMessage %q: %+v %v", text, r, err)
	}
	return m.ID
}

// updates fetches what waits; ids only, then their texts or kinds.
func (d *desk) updates(fields ...string) (ids []int64, bodies []string) {
	d.t.Helper()
	r := d.call("getUpdates", fields...)
	var list []json.RawMessage
	if err := json.Unmarshal(r.Result, &list); err != nil {
		d.t.Fatalf("getUpdates: %+v: %v", r, err)
	}
	for _, raw := range list {
		var u struct {
			ID int64 `json:"update_id"`
		}
		_ = json.Unmarshal(raw, &u)
		ids, bodies = append(ids, u.ID), append(bodies, string(raw))
	}
	return ids, bodies
}

// waitUntil returns when cond, called under the server's lock, holds.
func (d *desk) waitUntil(what string, cond func() bool) {
	d.t.Helper()
	for ctx := soon(d.t); ctx.Err() == nil; runtime.Gosched() {
		d.sim.mu.Lock()
		ok := cond()
		d.sim.mu.Unlock()
		if ok {
			return
		}
	}
	d.t.Fatalf("not within %s: %s", patience, what)
}

// patience is how long something may take on a busy machine that comes at once.
const patience = time.Minute

// soon is the deadline of whatever a test waits for.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func TestCallsAreRefusedAsTelegramRefusesThem(t *testing.T) {
	d := newDesk(t, Config{})
	d.sim.AddUser(User{ID: 8, FirstName: "not started"})
	d.sim.AddUser(User{ID: 9, FirstName: "blocked"})
	d.sim.AddUser(User{ID: 10, FirstName: "gone"})
	must(t, d.sim.Start(token, 9), d.sim.Block(token, 9), d.sim.Start(token, 10))
	d.sim.Deactivate(10)
	must(t, d.sim.AddGroup(token, -5, "old"), d.sim.Migrate(-5, -1005), d.sim.AddGroup(token, -6, "kicked"), d.sim.Kick(token, -6))
	mine := fmt.Sprint(d.send("hello"))
	keys := fmt.Sprint(d.send("keys", `reply_markup={"keyboard":[["a"]]}`))
	theirs, err := d.sim.SendText(token, 7, "hi")
	must(t, err)
	long := strings.Repeat("я", 4097)

	for name, tc := range map[string]struct {
		call   []string
		status int
		want   string
	}{
		"no chat":                       {[]string{"sendMessage", "text=x"}, 400, "Bad Request: chat_id is empty"},
		"unknown chat":                  {[]string{"sendMessage", "chat_id=77", "text=x"}, 400, "Bad Request: chat not found"},
		"a person who has not started":  {[]string{"sendMessage", "chat_id=8", "text=x"}, 403, "Forbidden: bot can't initiate conversation with a user"},
		"a person who has blocked":      {[]string{"sendMessage", "chat_id=9", "text=x"}, 403, "Forbidden: bot was blocked by the user"},
		"a deleted account":             {[]string{"sendMessage", "chat_id=10", "text=x"}, 403, "Forbidden: user is deactivated"},
		"a group that moved":            {[]string{"sendMessage", "chat_id=-5", "text=x"}, 400, "Bad Request: group chat was upgraded to a supergroup chat"},
		"a group that kicked the bot":   {[]string{"sendMessage", "chat_id=-6", "text=x"}, 403, "Forbidden: bot was kicked from the group chat"},
		"no text":                       {[]string{"sendMessage", "chat_id=7"}, 400, "Bad Request: message text is empty"},
		"only markup":                   {[]string{"sendMessage", "chat_id=7", "text=<b> </b>", "parse_mode=HTML"}, 400, "Bad Request: text must be non-empty"},
		"4097 characters":               {[]string{"sendMessage", "chat_id=7", "text=" + long}, 400, "Bad Request: message is too long"},
		"2049 pictograms of two units":  {[]string{"sendMessage", "chat_id=7", "text=" + strings.Repeat("🏟", 2049)}, 400, "Bad Request: message is too long"},
		"not UTF-8":                     {[]string{"sendMessage", "chat_id=7", "text=\xff"}, 400, "Bad Request: strings must be encoded in UTF-8"},
		"unknown parse mode":            {[]string{"sendMessage", "chat_id=7", "text=x", "parse_mode=BBCode"}, 400, "Bad Request: unsupported parse_mode"},
		"bad HTML":                      {[]string{"sendMessage", "chat_id=7", "text=a <b>", "parse_mode=HTML"}, 400, "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\""},
		"callback data of 65 bytes":     {[]string{"sendMessage", "chat_id=7", "text=x", keyboard(strings.Repeat("d", 65))}, 400, "Bad Request: BUTTON_DATA_INVALID"},
		"a button that does nothing":    {[]string{"sendMessage", "chat_id=7", "text=x", `reply_markup={"inline_keyboard":[[{"text":"a"}]]}`}, 400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"},
		"101 buttons":                   {[]string{"sendMessage", "chat_id=7", "text=x", keyboard(strings.Split(strings.Repeat("d", 101), "")...)}, 400, "Bad Request: reply markup is too long"},
		"a keyboard that is no JSON":    {[]string{"sendMessage", "chat_id=7", "text=x", "reply_markup={"}, 400, "Bad Request: can't parse reply keyboard markup JSON object"},
		"a reply to nothing":            {[]string{"sendMessage", "chat_id=7", "text=x", "reply_to_message_id=999"}, 400, "Bad Request: message to be replied not found"},
		"an edit of nothing":            {[]string{"editMessageText", "chat_id=7", "text=x", "message_id=999"}, 400, "Bad Request: message to edit not found"},
		"an edit without id":            {[]string{"editMessageText", "chat_id=7", "text=x"}, 400, "Bad Request: message identifier is not specified"},
		"an edit of a person's message": {[]string{"editMessageText", "chat_id=7", "text=x", fmt.Sprint("message_id=", theirs)}, 400, "Bad Request: message can't be edited"},
		"an edit that changes nothing":  {[]string{"editMessageText", "chat_id=7", "text=<b></b>hello", "parse_mode=HTML", "message_id=" + mine}, 400, errNotModified.text},
		"deleting nothing":              {[]string{"deleteMessage", "chat_id=7", "message_id=999"}, 400, "Bad Request: message to delete not found"},
		"an unknown query":              {[]string{"answerCallbackQuery", "callback_query_id=1"}, 400, "Bad Request: query is too old and response timeout expired or query ID is invalid"},
		"an answer of 201 characters":   {[]string{"answerCallbackQuery", "callback_query_id=1", "text=" + long[:402]}, 400, "Bad Request: MESSAGE_TOO_LONG"},
		"an unknown action":             {[]string{"sendChatAction", "chat_id=7", "action=sleeping"}, 400, "Bad Request: wrong parameter action in request"},
		"a photo without photo":         {[]string{"sendPhoto", "chat_id=7"}, 400, "Bad Request: there is no photo in the request"},
		"a document of unknown id":      {[]string{"sendDocument", "chat_id=7", "document=abc"}, 400, "Bad Request: wrong file identifier/HTTP URL specified"},
		"nine buttons in a row":         {[]string{"sendMessage", "chat_id=7", "text=x", `reply_markup={"inline_keyboard":[[` + strings.Repeat(`{"text":"a","callback_data":"d"},`, 8) + `{"text":"a","callback_data":"d"}]]}`}, 400, "Bad Request: reply markup is too long"},
		"a key without text":            {[]string{"sendMessage", "chat_id=7", "text=x", `reply_markup={"keyboard":[[{"text":" "}]]}`}, 400, "Bad Request: keyboard button text must be non-empty"},
		"a key that is a number":        {[]string{"sendMessage", "chat_id=7", "text=x", `reply_markup={"keyboard":[[7]]}`}, 400, "Bad Request: can't parse keyboard button: KeyboardButton must be an Object"},
		"a placeholder of 65":           {[]string{"sendMessage", "chat_id=7", "text=x", `reply_markup={"keyboard":[["a"]],"input_field_placeholder":"` + long[:130] + `"}`}, 400, "Bad Request: INPUT_FIELD_PLACEHOLDER_INVALID"},
		"an edit of what brought keys":  {[]string{"editMessageText", "chat_id=7", "text=x", "message_id=" + keys}, 400, "Bad Request: message can't be edited"},
		"an edit to other keys":         {[]string{"editMessageText", "chat_id=7", "text=x", `reply_markup={"remove_keyboard":true}`, "message_id=" + mine}, 400, "Bad Request: inline keyboard expected"},
		"a caption where there is none": {[]string{"editMessageCaption", "chat_id=7", "caption=x", "message_id=" + mine}, 400, "Bad Request: there is no caption in the message to edit"},
		"a caption of 1025":             {[]string{"sendPhoto", "chat_id=7", "photo=x", "caption=" + long[:2050]}, 400, "Bad Request: message caption is too long"},
		"no media":                      {[]string{"editMessageMedia", "chat_id=7", "message_id=" + mine}, 400, "Bad Request: can't parse InputMedia: media not found"},
		"media of another kind":         {[]string{"editMessageMedia", "chat_id=7", "message_id=" + mine, `media={"type":"poll","media":"x"}`}, 400, "Bad Request: can't parse InputMedia: media type is unsupported"},
		"an album of one":               {[]string{"sendMediaGroup", "chat_id=7", `media=[{"type":"photo","media":"x"}]`}, 400, "Bad Request: there are no messages to send as an album"},
		"an album of eleven":            {[]string{"sendMediaGroup", "chat_id=7", `media=[` + strings.Repeat(`{"type":"photo","media":"x"},`, 10) + `{"type":"photo","media":"x"}]`}, 400, "Bad Request: too many messages to send as an album"},
		"an album of two kinds":         {[]string{"sendMediaGroup", "chat_id=7", `media=[{"type":"document","media":"x"},{"type":"photo","media":"x"}]`}, 400, "Bad Request: message type can't be sent as an album with the others"},
		"deleting none of many":         {[]string{"deleteMessages", "chat_id=7", "message_ids=[]"}, 400, "Bad Request: message identifiers are not specified"},
		"deleting 101":                  {[]string{"deleteMessages", "chat_id=7", "message_ids=[" + strings.Repeat("1,", 100) + "1]"}, 400, "Bad Request: too many message identifiers specified"},
		"a file without id":             {[]string{"getFile"}, 400, "Bad Request: file_id not specified"},
		"an unknown file":               {[]string{"getFile", "file_id=x"}, 400, "Bad Request: invalid file_id"},
		"a description too long":        {[]string{"setMyDescription", "description=" + long[:1030]}, 400, "Bad Request: description is too long"},
		"a short description too long":  {[]string{"setMyShortDescription", "short_description=" + long[:242]}, 400, "Bad Request: short description is too long"},
		"a description for nobody":      {[]string{"setMyDescription", "description=x", "language_code=rus"}, 400, "Bad Request: invalid language code specified"},
		"a command in capitals":         {[]string{"setMyCommands", `commands=[{"command":"Start","description":"x"}]`}, 400, "Bad Request: BOT_COMMAND_INVALID"},
		"a command without description": {[]string{"setMyCommands", `commands=[{"command":"start"}]`}, 400, "Bad Request: command description must be non-empty"},
		"a language of three letters":   {[]string{"setMyCommands", "commands=[]", "language_code=rus"}, 400, "Bad Request: invalid language code specified"},
		"an unknown method":             {[]string{"sendPigeon"}, 404, "Not Found: method not found"},
		"a webhook without address":     {[]string{"setWebhook", "url=ftp://x"}, 400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"},
		"a webhook secret with a space": {[]string{"setWebhook", "url=https://x", "secret_token=a b"}, 400, "Bad Request: secret token contains unallowed characters"},
	} {
		r := d.call(tc.call[0], tc.call[1:]...)
		if r.OK || r.Status != tc.status || r.Code != tc.status || r.Description != tc.want {
			t.Errorf("%s: got %d %q, want %d %q", name, r.Status, r.Description, tc.status, tc.want)
		}
	}
	if r := d.call("sendMessage", "chat_id=-5", "text=x"); r.Parameters.MigrateToChatID != -1005 {
		t.Errorf("a group that moved: migrate_to_chat_id = %d, want -1005", r.Parameters.MigrateToChatID)
	}
}

func TestAnUnknownTokenIsUnauthorized(t *testing.T) {
	d := newDesk(t, Config{})
	for path, want := range map[string]string{
		"/bot999:x/getMe": "401 Unauthorized",
		"/bot999:x":       "404 Not Found",
		"/":               "404 Not Found",
	} {
		resp, err := http.Get(d.url + path)
		must(t, err)
		if r := d.read(resp); fmt.Sprint(r.Status, " ", r.Description) != want {
			t.Errorf("GET %s: %d %q, want %s", path, r.Status, r.Description, want)
		}
	}
}

func TestParametersComeInAnyForm(t *testing.T) {
	d := newDesk(t, Config{})
	at := d.url + "/bot" + token + "/SENDmessage"
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	must(t, w.WriteField("chat_id", "7"), w.WriteField("text", "x"), w.Close())
	for name, tc := range map[string]struct{ url, kind, body string }{
		"query":      {at + "?chat_id=7&text=x", "", ""},
		"urlencoded": {at, "application/x-www-form-urlencoded", "chat_id=7&text=x"},
		"multipart":  {at, w.FormDataContentType(), form.String()},
		"JSON":       {at, "application/json; charset=utf-8", `{"chat_id":7,"text":"x","reply_markup":{"inline_keyboard":[]}}`},
	} {
		resp, err := http.Post(tc.url, tc.kind, strings.NewReader(tc.body))
		must(t, err)
		if r := d.read(resp); !r.OK {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if got := d.sim.Sent(); got != 4 {
		t.Errorf("Sent() = %d, want 4", got)
	}
}

// keyboard is an inline keyboard with a row for each callback data.
func keyboard(data ...string) string {
	var rows [][]map[string]string
	for _, v := range data {
		rows = append(rows, []map[string]string{{"text": "b", "callback_data": v}})
	}
	raw, _ := json.Marshal(map[string]any{"inline_keyboard": rows})
	return "reply_markup=" + string(raw)
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}
