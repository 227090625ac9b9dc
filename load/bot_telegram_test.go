package load_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"path"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// telegram is what a load needs of Telegram, over HTTP: it hands over what people
// do, and shows them what the bot says. It judges nothing. The simulator does, and
// took a quarter of all processor time that was measured.
type telegram struct {
	url    string
	dials  atomic.Int64 // connections so far
	chats  sync.Map     // of *walker by chat
	newest atomic.Int64 // message
	closed chan struct{}

	mu      sync.Mutex
	updates [][]byte      // not fetched yet
	first   int64         // id of the first of them
	arrived chan struct{} // closed and replaced when one comes
	sent    []sent        // what counts among Telegram's limits, if kept
	keep    bool
}

// sent is a message or the change of one.
type sent struct {
	chat int64
	at   time.Time
}

// newTelegram serves one bot until the test ends.
func newTelegram(t *testing.T) *telegram {
	t.Helper()
	g := &telegram{first: 1, arrived: make(chan struct{}), closed: make(chan struct{})}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.url = "http://" + listener.Addr().String()
	server := &fasthttp.Server{
		Handler: g.serve, NoDefaultServerHeader: true,
		ConnState: func(_ net.Conn, is fasthttp.ConnState) {
			if is == fasthttp.StateNew {
				g.dials.Add(1)
			}
		},
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		close(g.closed)
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return g
}

// serve answers a call.
func (g *telegram) serve(ctx *fasthttp.RequestCtx) {
	ctx.SetContentType("application/json")
	switch args := ctx.PostArgs(); path.Base(string(ctx.Path())) {
	case "getMe":
		ctx.WriteString(`{"ok":true,"result":{"id":100,"is_bot":true,"first_name":"Load","username":"load_bot"}}`)
	case "getUpdates":
		offset, _ := strconv.ParseInt(string(args.Peek("offset")), 10, 64)
		wait, _ := strconv.Atoi(string(args.Peek("timeout")))
		g.fetch(ctx, offset, time.Duration(wait)*time.Second)
	case "sendMessage":
		g.show(ctx, args, g.newest.Add(1))
	case "editMessageText":
		message, _ := strconv.ParseInt(string(args.Peek("message_id")), 10, 64)
		g.show(ctx, args, message)
	default:
		ctx.WriteString(`{"ok":true,"result":true}`)
	}
}

// fetchMax is how many updates Telegram hands over at a time.
const fetchMax = 100

// fetch answers a long poll, and forgets what it confirms.
func (g *telegram) fetch(ctx *fasthttp.RequestCtx, offset int64, wait time.Duration) {
	late := time.NewTimer(wait)
	defer late.Stop()
	for {
		g.mu.Lock()
		if done := min(offset-g.first, int64(len(g.updates))); done > 0 {
			g.updates, g.first = g.updates[done:], g.first+done
		}
		batch, arrived := g.updates[:min(fetchMax, len(g.updates))], g.arrived
		g.mu.Unlock()
		if len(batch) > 0 {
			ctx.WriteString(`{"ok":true,"result":[`)
			ctx.Write(bytes.Join(batch, []byte{','}))
			ctx.WriteString(`]}`)
			return
		}
		select {
		case <-arrived:
		case <-late.C:
			ctx.WriteString(`{"ok":true,"result":[]}`)
			return
		case <-g.closed:
			return
		}
	}
}

// show shows a person a message as it was sent or edited.
func (g *telegram) show(ctx *fasthttp.RequestCtx, args *fasthttp.Args, message int64) {
	chat, _ := strconv.ParseInt(string(args.Peek("chat_id")), 10, 64)
	g.note(sent{chat, ctx.Time()})
	fmt.Fprintf(ctx, `{"ok":true,"result":{"message_id":%d,"date":%d,"chat":{"id":%d,"type":"private"}}}`, message, ctx.Time().Unix(), chat)
	if who, known := g.chats.Load(chat); known {
		who.(*walker).shown(screen{message, string(args.Peek("text")), string(args.Peek("reply_markup"))}) //nolint:forcetypeassert // nothing else is stored
	}
}

func (g *telegram) note(s sent) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.keep {
		g.sent = append(g.sent, s)
	}
}

// happens hands something that somebody did over to the bot.
func (g *telegram) happens(kind string, what []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	id := g.first + int64(len(g.updates))
	g.updates = append(g.updates, fmt.Appendf(nil, `{"update_id":%d,%q:%s}`, id, kind, what))
	close(g.arrived)
	g.arrived = make(chan struct{})
}

// screen is a message of the bot as a person sees it.
type screen struct {
	message int64
	text    string
	markup  string // JSON; "": no buttons
}

// JSON is it as Telegram sends it along with a tap.
func (s screen) json(at person) []byte {
	b := fmt.Appendf(nil, `{"message_id":%d,"from":{"id":100,"is_bot":true,"first_name":"Load","username":"load_bot"},%s,"text":%s`, s.message, at.chat(), quoted(s.text))
	if s.markup != "" {
		b = fmt.Appendf(b, `,"reply_markup":%s`, s.markup)
	}
	return append(b, '}')
}

// buttons is the callback data of its buttons.
func (s screen) buttons() (data []string) {
	var markup struct {
		Rows [][]struct {
			Data string `json:"callback_data"`
		} `json:"inline_keyboard"`
	}
	_ = json.Unmarshal([]byte(s.markup), &markup) // none is none
	for _, row := range markup.Rows {
		for _, button := range row {
			data = append(data, button.Data)
		}
	}
	return data
}

// person is somebody in a chat with the bot.
type person struct {
	id       int64
	name     string
	language string
}

func (p person) from() string {
	return fmt.Sprintf(`"from":{"id":%d,"is_bot":false,"first_name":%s,"language_code":%q}`, p.id, quoted(p.name), p.language)
}

func (p person) chat() string {
	return fmt.Sprintf(`"chat":{"id":%d,"first_name":%s,"type":"private"},"date":%d`, p.id, quoted(p.name), time.Now().Unix())
}

// says has somebody write a text or a command.
func (g *telegram) says(p person, text string) {
	entities := ""
	if text[0] == '/' {
		entities = fmt.Sprintf(`,"entities":[{"type":"bot_command","offset":0,"length":%d}]`, len(text))
	}
	g.happens("message", fmt.Appendf(nil, `{"message_id":%d,%s,%s,"text":%s%s}`, g.newest.Add(1), p.from(), p.chat(), quoted(text), entities))
}

// taps has somebody tap a button of a message.
func (g *telegram) taps(p person, on screen, data string) {
	g.happens("callback_query", fmt.Appendf(nil, `{"id":"%d%d",%s,"message":%s,"chat_instance":"1","data":%s}`,
		p.id, g.newest.Add(1), p.from(), on.json(p), quoted(data)))
}

func quoted(text string) []byte {
	b, _ := json.Marshal(text) // a string always marshals
	return b
}
