package updates

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ukbot/botgw/talk"
)

// ours is the bot of these tests.
var ours = Receiver{Bot: 100, Tenant: "default", Username: "House_bot"}

// aziza writes in her own chat at noon; message is what she sends.
func aziza(message string) string {
	return `{"update_id":900,"message":{"message_id":15,"date":1760000000,` +
		`"from":{"id":7,"is_bot":false,"first_name":"Aziza","last_name":"Karimova","language_code":"uz"},` +
		`"chat":{"id":7,"type":"private","first_name":"Aziza"},` + message + `}}`
}

// group is the same in a group.
func group(message string) string {
	return strings.Replace(aziza(message), `"chat":{"id":7,"type":"private"`, `"chat":{"id":-1005,"type":"supergroup"`, 1)
}

// her is what every message of Aziza gives.
func her(kind talk.Kind, change func(u *talk.Update)) talk.Update {
	u := talk.Update{
		Bot: 100, Tenant: "default", ID: 900, Kind: kind, Chat: 7, Message: 15,
		From: talk.From{ID: 7, Name: "Aziza Karimova", Language: "uz"}, Sent: time.Unix(1760000000, 0).UTC(),
	}
	if change != nil {
		change(&u)
	}
	return u
}

func TestAnUpdateIsReadAsWhatThePersonDid(t *testing.T) {
	for name, tc := range map[string]struct {
		raw  string
		want talk.Update
	}{
		"a text":        {aziza(`"text":"Кран течёт <3"`), her(talk.Text, func(u *talk.Update) { u.Text = "Кран течёт <3" })},
		"a slash alone": {aziza(`"text":"/ hello"`), her(talk.Text, func(u *talk.Update) { u.Text = "/ hello" })},
		"a command in any letters": {aziza(`"text":"/Start"`), her(talk.Command, func(u *talk.Update) {
			u.Text, u.Command = "/Start", "start"
		})},
		"a command with a deep link": {aziza(`"text":"/start req_251007-001"`), her(talk.Command, func(u *talk.Update) {
			u.Text, u.Command, u.Argument = "/start req_251007-001", "start", "req_251007-001"
		})},
		"a command with lines behind": {aziza(`"text":"/comment\n\n two  words\n"`), her(talk.Command, func(u *talk.Update) {
			u.Text, u.Command, u.Argument = "/comment\n\n two  words\n", "comment", "two  words"
		})},
		"a command and a dash that is no ASCII": {aziza(`"text":"/start—x"`), her(talk.Command, func(u *talk.Update) {
			u.Text, u.Command, u.Argument = "/start—x", "start", "—x"
		})},
		"a command to this bot": {group(`"text":"/help@house_BOT me"`), her(talk.Command, func(u *talk.Update) {
			u.Chat, u.Text, u.Command, u.Argument = -1005, "/help@house_BOT me", "help", "me"
		})},
		"a command to another bot, here": {aziza(`"text":"/help@other_bot"`), her(talk.Text, func(u *talk.Update) { u.Text = "/help@other_bot" })},
		"a command too long to be one": {aziza(`"text":"/` + strings.Repeat("a", 33) + `"`), her(talk.Text, func(u *talk.Update) {
			u.Text = "/" + strings.Repeat("a", 33)
		})},
		"a photo is its largest size, with its caption": {
			aziza(`"caption":"вот","media_group_id":"al-1","photo":[{"file_id":"L","file_unique_id":"ul","width":800,"height":600,"file_size":9},{"file_id":"S","width":90,"height":60}]`),
			her(talk.Photo, func(u *talk.Update) {
				u.Text, u.Album, u.File = "вот", "al-1", &talk.File{ID: "L", Unique: "ul", Bytes: 9}
			}),
		},
		"a command as a caption is a caption": {aziza(`"caption":"/start","photo":[{"file_id":"L"}]`), her(talk.Photo, func(u *talk.Update) {
			u.Text, u.File = "/start", &talk.File{ID: "L"}
		})},
		"a document": {aziza(`"document":{"file_id":"D","file_unique_id":"ud","file_name":"акт.pdf","mime_type":"application/pdf","file_size":536392}`), her(talk.Document, func(u *talk.Update) {
			u.File = &talk.File{ID: "D", Unique: "ud", Name: "акт.pdf", Media: "application/pdf", Bytes: 536392}
		})},
		"an animation is a video, not the document beside it": {aziza(`"animation":{"file_id":"A"},"document":{"file_id":"D"}`), her(talk.Video, func(u *talk.Update) { u.File = &talk.File{ID: "A"} })},
		"a round video":                         {aziza(`"video_note":{"file_id":"R"}`), her(talk.Video, func(u *talk.Update) { u.File = &talk.File{ID: "R"} })},
		"a voice":                               {aziza(`"voice":{"file_id":"V","mime_type":"audio/ogg","file_size":23000}`), her(talk.Voice, func(u *talk.Update) { u.File = &talk.File{ID: "V", Media: "audio/ogg", Bytes: 23000} })},
		"music":                                 {aziza(`"audio":{"file_id":"M"}`), her(talk.Voice, func(u *talk.Update) { u.File = &talk.File{ID: "M"} })},
		"a sticker":                             {aziza(`"sticker":{"file_id":"S","emoji":"👍"}`), her(talk.Sticker, func(u *talk.Update) { u.File = &talk.File{ID: "S"} })},
		"the sender's own contact":              {aziza(`"contact":{"phone_number":"998901234567","user_id":7}`), her(talk.Contact, func(u *talk.Update) { u.Phone = &talk.Phone{Number: "998901234567", Own: true} })},
		"another one's contact":                 {aziza(`"contact":{"phone_number":"+998","user_id":8}`), her(talk.Contact, func(u *talk.Update) { u.Phone = &talk.Phone{Number: "+998"} })},
		"a contact of nobody":                   {aziza(`"contact":{"phone_number":"+998"}`), her(talk.Contact, func(u *talk.Update) { u.Phone = &talk.Phone{Number: "+998"} })},
		"a place":                               {aziza(`"location":{"latitude":41.3,"longitude":69.2},"venue":{"title":"x"}`), her(talk.Location, nil)},
		"a die":                                 {aziza(`"dice":{"emoji":"🎲","value":3}`), her(talk.Other, nil)},
		"what Telegram invents next":            {aziza(`"hologram":{"id":1}`), her(talk.Other, nil)},
		"a group that moved":                    {group(`"migrate_to_chat_id":-1009`), her(talk.Migrated, func(u *talk.Update) { u.Chat, u.MigratedTo = -1005, -1009 })},
		"the same, told in the new group":       {group(`"migrate_from_chat_id":-5`), her(talk.Migrated, func(u *talk.Update) { u.Chat, u.MigratedTo = -5, -1005 })},
		"half a pair of surrogates":             {aziza(`"text":"a\ud83db"`), her(talk.Text, func(u *talk.Update) { u.Text = "a\ufffdb" })},
		"NUL":                                   {aziza(`"text":"a\u0000b"`), her(talk.Text, func(u *talk.Update) { u.Text = "ab" })},
		"bytes that are no UTF-8":               {aziza("\"text\":\"a\xffb\""), her(talk.Text, func(u *talk.Update) { u.Text = "a\ufffdb" })},
		"a field of the wrong form is left out": {aziza(`"text":"x","media_group_id":{"a":[1]},"photo":"none"`), her(talk.Text, func(u *talk.Update) { u.Text = "x" })},
		"a date beyond all years":               {aziza(`"text":"x","date":99999999999999`), her(talk.Text, func(u *talk.Update) { u.Text, u.Sent = "x", time.Time{} })},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok, err := Read([]byte(tc.raw), ours)
			if err != nil || !ok || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("Read(%s)\n got %+v, %v, %v\nwant %+v", tc.raw, got, ok, err, tc.want)
			}
		})
	}
}

func TestTapsAndMembership(t *testing.T) {
	const tap = `{"update_id":900,"callback_query":{"id":"q1","from":{"id":7,"first_name":"Aziza"},"data":"rq:v:251007-001"`
	const member = `{"update_id":900,"my_chat_member":{"chat":{"id":7},"from":{"id":7,"first_name":"Aziza"},"date":1760000000,`
	base := talk.Update{Bot: 100, Tenant: "default", ID: 900, Chat: 7, From: talk.From{ID: 7, Name: "Aziza"}}
	tapped := base
	tapped.Kind, tapped.Query, tapped.Data = talk.Tap, "q1", "rq:v:251007-001"
	with := func(u talk.Update, change func(*talk.Update)) talk.Update { change(&u); return u }
	moved := func(kind talk.Kind) talk.Update {
		return with(base, func(u *talk.Update) { u.Kind, u.Sent = kind, time.Unix(1760000000, 0).UTC() })
	}
	for name, tc := range map[string]struct {
		raw  string
		ok   bool
		want talk.Update
	}{
		"a tap":            {tap + `,"message":{"message_id":4,"date":1760000000,"chat":{"id":7}}}}`, true, with(tapped, func(u *talk.Update) { u.Message = 4 })},
		"a tap in a group": {tap + `,"message":{"message_id":4,"date":1760000000,"chat":{"id":-1005}}}}`, true, with(tapped, func(u *talk.Update) { u.Chat, u.Message = -1005, 4 })},
		"a tap on a message that is not accessible any more": {tap + `,"message":{"message_id":4,"date":0,"chat":{"id":7,"type":"private"}}}}`, true, with(tapped, func(u *talk.Update) { u.Message = 4 })},
		"a tap on a message of inline mode":                  {tap + `,"inline_message_id":"i1"}}`, true, tapped},
		"a tap on a game":                                    {strings.Replace(tap, `"data":"rq:v:251007-001"`, `"game_short_name":"g"`, 1) + `,"message":{"message_id":4,"chat":{"id":7}}}}`, true, with(tapped, func(u *talk.Update) { u.Message, u.Data = 4, "" })},
		"a tap that cannot be answered":                      {strings.Replace(tap, `"id":"q1",`, ``, 1) + `}}`, false, with(tapped, func(u *talk.Update) { u.Query = "" })},
		"the bot is blocked":                                 {member + `"old_chat_member":{"status":"member"},"new_chat_member":{"status":"kicked"}}}`, true, moved(talk.Blocked)},
		"the bot is unblocked":                               {member + `"old_chat_member":{"status":"kicked"},"new_chat_member":{"status":"member"}}}`, true, moved(talk.Returned)},
		"restricted and out":                                 {member + `"old_chat_member":{"status":"member"},"new_chat_member":{"status":"restricted","is_member":false}}}`, true, moved(talk.Blocked)},
		"promoted":                                           {member + `"old_chat_member":{"status":"member"},"new_chat_member":{"status":"administrator"}}}`, false, moved("")},
		"a state without a name":                             {member + `"new_chat_member":{}}}`, false, moved("")},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok, err := Read([]byte(tc.raw), ours)
			if err != nil || ok != tc.ok || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("Read(%s)\n got %+v, %v, %v\nwant %+v, %v", tc.raw, got, ok, err, tc.want, tc.ok)
			}
		})
	}
}

func TestWhatAsksNothingOfTheBotIsLeftOut(t *testing.T) {
	for name, raw := range map[string]string{
		"a command to another bot, in a group": group(`"text":"/help@other_bot"`),
		"a newcomer":                           group(`"new_chat_members":[{"id":9}]`),
		"a pinned message":                     aziza(`"pinned_message":{"message_id":1}`),
		"an edit":                              strings.Replace(aziza(`"text":"x"`), `"message":`, `"edited_message":`, 1),
		"an inline query":                      `{"update_id":900,"inline_query":{"id":134567890097,"from":{"id":7},"query":"x"}}`,
		"a chosen inline result":               `{"update_id":900,"chosen_inline_result":{"result_id":"1","from":{"id":7}}}`,
		"a kind that nobody knows":             `{"update_id":900,"telepathy":{"from":{"id":7}}}`,
		"an update of nothing":                 `{"update_id":900}`,
		"a channel's post in its group":        `{"update_id":900,"message":{"message_id":1,"chat":{"id":-5},"sender_chat":{"id":-6},"text":"x"}}`,
	} {
		if u, ok, err := Read([]byte(raw), ours); ok || err != nil {
			t.Errorf("%s: Read() = %+v, %v, %v; want neither", name, u, ok, err)
		}
	}
}

func TestWhatIsNoUpdateIsRefusedWithoutRepeatingIt(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing":                ``,
		"no JSON":                `{"update_id":900,`,
		"a list":                 `[{"update_id":900}]`,
		"null":                   `null`,
		"a number":               `900`,
		"no id":                  `{"message":{"chat":{"id":7}}}`,
		"an id of null":          `{"update_id":null,"message":{"chat":{"id":7}}}`,
		"an id that is text":     `{"update_id":"900","message":{"chat":{"id":7}}}`,
		"an id below zero":       `{"update_id":-1,"message":{"chat":{"id":7}}}`,
		"an id beyond 64 bits":   `{"update_id":99999999999999999999,"message":{"chat":{"id":7}}}`,
		"an id of a fraction":    `{"update_id":1.5,"message":{"chat":{"id":7}}}`,
		"a message of no chat":   `{"update_id":900,"message":{"text":"secret"}}`,
		"a message that is none": `{"update_id":900,"message":"secret"}`,
		"a chat beyond 64 bits":  `{"update_id":900,"message":{"chat":{"id":99999999999999999999},"from":{"id":7},"text":"secret"}}`,
		"a tap of nobody":        `{"update_id":900,"callback_query":{"id":"secret"}}`,
	} {
		_, ok, err := Read([]byte(raw), ours)
		if ok || !errors.Is(err, ErrUnreadable) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: Read(%s) = %v, %v; want ErrUnreadable", name, raw, ok, err)
		}
	}
}

func TestAnUpdateGoesToTheLaneOfItsChat(t *testing.T) {
	for name, tc := range map[string]struct {
		raw  string
		want head
	}{
		"a message":             {aziza(`"text":"x"`), head{900, "message", 7}},
		"a tap, by its message": {`{"update_id":5,"callback_query":{"id":"q","from":{"id":7},"message":{"chat":{"id":-9}}}}`, head{5, "callback_query", -9}},
		"a tap without one":     {`{"update_id":5,"callback_query":{"id":"q","from":{"id":7}}}`, head{5, "callback_query", 7}},
		"a membership":          {`{"update_id":5,"my_chat_member":{"chat":{"id":-3},"from":{"id":7}}}`, head{5, "my_chat_member", -3}},
		"a poll's answer":       {`{"update_id":5,"poll_answer":{"user":{"id":8}}}`, head{5, "poll_answer", 8}},
		"two kinds at once":     {`{"update_id":5,"a_new_kind":{},"message":{"chat":{"id":7}}}`, head{5, "message", 7}},
		"nobody's":              {`{"update_id":5,"poll":{"id":"1"}}`, head{5, "poll", 0}},
		"a body that is none":   {`{"update_id":5,"message":7}`, head{5, "message", 0}},
	} {
		if got, err := peek([]byte(tc.raw)); err != nil || got != tc.want {
			t.Errorf("%s: peek() = %+v, %v; want %+v", name, got, err, tc.want)
		}
	}
}

func TestTelegramIsAskedForWhatIsHandled(t *testing.T) {
	want := []string{"message", "callback_query", "my_chat_member"}
	if got := Allowed(); !reflect.DeepEqual(got, want) {
		t.Errorf("Allowed() = %v, want %v", got, want)
	}
}

// FuzzRead holds what every reader of an update relies on, whatever comes.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		aziza(`"text":"/start—x"`), aziza(`"photo":[{"file_id":"L","width":9223372036854775807}]`), group(`"migrate_to_chat_id":-1009`),
		`{"update_id":5,"callback_query":{"id":"q","from":{"id":7}}}`, `{"update_id":5,"my_chat_member":{"chat":{"id":-3}}}`,
		`{"update_id":1,"message":[[[[{}]]]]}`, "{\"update_id\":1,\"message\":{\"chat\":{\"id\":1},\"from\":{\"id\":1},\"text\":\"/a\x00\"}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, flaw := peek(raw)
		u, ok, err := Read(raw, ours)
		if (flaw != nil) && err == nil {
			t.Fatalf("peek says %v, Read says nothing", flaw)
		}
		if !ok {
			return
		}
		if u.Chat == 0 || u.Kind == "" || u.ID != h.ID || u.ID <= 0 || err != nil {
			t.Errorf("Read(%q) = %+v, %v", raw, u, err)
		}
		for _, text := range []string{u.Text, u.Command, u.Argument, u.Data, u.From.Name, u.Query, u.Album} {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				t.Errorf("%q of %q", text, raw)
			}
		}
		if _, err := json.Marshal(u); err != nil {
			t.Error(err)
		}
	})
}
