package speak

import (
	"slices"
	"strings"
	"testing"

	"ukbot/botgw/talk"
	"ukbot/nats"
	"ukbot/nats/natstest"
)

const someUUID = "0195512e-7a2a-7000-8000-0123456789ab"

func TestCallsAreShortAndReadable(t *testing.T) {
	for name, tc := range map[string]struct {
		call talk.Call
		want string
	}{
		"a request":                   {talk.Call{Do: "rv", Args: []string{"251007-001"}}, "rv:251007-001"},
		"nothing besides":             {talk.Call{Do: "mm"}, "mm"},
		"an empty argument":           {talk.Call{Do: "rl", Args: []string{"", "2"}}, "rl::2"},
		"what stands between parts":   {talk.Call{Do: "x", Args: []string{"a:b~c"}}, "x:a~.b~~c"},
		"a UUID":                      {talk.Call{Do: "x", Args: []string{someUUID}}, "x:~uAZVRLnoqcACAAAEjRWeJqw"},
		"a UUID of other letters":     {talk.Call{Do: "x", Args: []string{strings.ToUpper(someUUID)}}, "x:" + strings.ToUpper(someUUID)},
		"another script":              {talk.Call{Do: "x", Args: []string{"Ёлка 5"}}, "x:Ёлка 5"},
		"bytes that are no text":      {talk.Call{Do: "x", Args: []string{"\x00\xff\n"}}, "x:~x00~xff~x0a"},
		"a button that only shows":    {talk.Call{}, "noop"},
		"reassigning with long names": {talk.Call{Do: "request", Args: []string{"reassign", "251007-1000", someUUID}}, "request:reassign:251007-1000:~uAZVRLnoqcACAAAEjRWeJqw"},
	} {
		t.Run(name, func(t *testing.T) {
			got := encode(tc.call)
			if got != tc.want || len(got) > dataMax {
				t.Errorf("encode(%q) = %q, want %q", tc.call, got, tc.want)
			}
			back, err := decode(got)
			if tc.call.Do == "" {
				tc.call.Do = Idle
			}
			if err != nil || back.Do != tc.call.Do || !slices.Equal(back.Args, tc.call.Args) {
				t.Errorf("decode(%q) = %q, %v", got, back, err)
			}
		})
	}
}

func TestForeignDataIsStaleAndNoError(t *testing.T) {
	s := New(Config{})
	for _, data := range []string{
		"", ":", ":x", "~", "~=", "~u", "x:~", "x:~q", "x:~x", "x:~x0", "x:~xzz", "x:~u", "x:~uAZVRLnoqcACAAAEjRWeJ", "x:~uAZVRLnoqcACAAAEjRWeJqx",
		"~=AZVRLnoqcACAAAEjRWeJqx", strings.Repeat("~", 63),
	} {
		if call, stale, err := s.Decode(t.Context(), talk.Update{Data: data}); !stale || err != nil {
			t.Errorf("Decode(%q) = %q, %v, %v; want stale", data, call, stale, err)
		}
	}
}

func FuzzCall(f *testing.F) {
	f.Add("rv", "251007-001", someUUID)
	f.Add("x", "~u:\xff~=", "")
	f.Fuzz(func(t *testing.T, do, a, b string) {
		call := talk.Call{Do: do, Args: []string{a, b}}
		if do == "" {
			return
		}
		text := encode(call)
		back, err := decode(text)
		if err != nil || back.Do != do || !slices.Equal(back.Args, call.Args) || isToken(text) || text == lost {
			t.Errorf("%q is %q, which is %q, %v", call, text, back, err)
		}
		// Whatever a stranger sends: read or stale, and what is read is written the same.
		for _, data := range []string{do, a, do + ":" + a} {
			if read, err := decode(data); err == nil {
				if again, err := decode(encode(read)); err != nil || again.Do != read.Do || !slices.Equal(again.Args, read.Args) {
					t.Errorf("%q reads as %q and then as %q, %v", data, read, again, err)
				}
			}
		}
	})
}

func TestLongCallsWaitBehindATokenOfTheirChat(t *testing.T) {
	t.Parallel()
	conn := natstest.Start(t).Connect("bot")
	s := newScene(t, Config{Conn: conn})
	call := talk.Call{Do: "find", Args: []string{strings.Repeat("иванов ", 20), "2"}}
	screen := talk.Screen{Text: "Поиск", Rows: [][]talk.Button{{{Text: "Дальше", Call: call}}}}
	var message int
	s.deliver(s.wrote("x"), talk.Out{Screen: screen, Shown: func(id int) { message = id }})
	data := s.sim.Messages(aziza)[1].Buttons[0][0].Data
	if len(data) > dataMax || !isToken(data) {
		t.Fatalf("data is %q", data)
	}
	u := s.tapped(message, data)
	got, stale, err := New(Config{Conn: conn}).Decode(t.Context(), u) // another replica
	if err != nil || stale || got.Do != call.Do || !slices.Equal(got.Args, call.Args) {
		t.Errorf("Decode = %q, %v, %v", got, stale, err)
	}
	s.deliver(u, talk.Out{Screen: screen}) // the same again is not modified
	if n := s.tape.count("sendMessage"); n != 1 {
		t.Errorf("%d messages", n)
	}
	for name, foreign := range map[string]talk.Update{
		"another chat": {Bot: u.Bot, Chat: 8, Data: data},
		"another bot":  {Bot: 200, Chat: u.Chat, Data: data},
		"another call": {Bot: u.Bot, Chat: u.Chat, Data: tokenOf("guessed")},
	} {
		if got, stale, err := s.speak.Decode(t.Context(), foreign); err != nil || !stale {
			t.Errorf("%s: Decode = %q, %v, %v; want stale", name, got, stale, err)
		}
	}
}

func TestWithoutTheBucketALongCallIsStaleAndTheRestIsSaid(t *testing.T) {
	t.Parallel()
	env := natstest.Start(t)
	conn := env.Connect("bot")
	s := newScene(t, Config{Conn: conn})
	env.Stop()
	long := talk.Call{Do: "find", Args: []string{strings.Repeat("x", 100)}}
	s.deliver(s.wrote("x"), talk.Out{Screen: talk.Screen{Text: "Поиск", Rows: [][]talk.Button{{{Text: "Дальше", Call: long}}}}})
	data := s.sim.Messages(aziza)[1].Buttons[0][0].Data
	if call, _, err := s.speak.Decode(t.Context(), talk.Update{Bot: 100, Chat: aziza, Data: data}); err != nil || call.Do == long.Do {
		t.Errorf("Decode(%q) = %q, %v", data, call, err)
	}
	_, stale, err := s.speak.Decode(t.Context(), talk.Update{Bot: 100, Chat: aziza, Data: tokenOf("x")})
	if _, again := nats.RetryDelay(err); !again || stale {
		t.Errorf("a token without its bucket is stale %v, %v; want to be asked again", stale, err)
	}
	if !strings.Contains(s.log.String(), nats.BucketCallbacks) {
		t.Errorf("the log says %s", s.log)
	}
}
