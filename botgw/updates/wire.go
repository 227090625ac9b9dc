package updates

import (
	"strings"

	"ukbot/botgw/talk"
)

// The parts of Telegram's types that the bot reads
// (core.telegram.org/bots/api#available-types). The library's own types refuse a
// whole update for one field of another form.
type (
	wireUser struct {
		ID       int64  `json:"id"`
		Bot      bool   `json:"is_bot"`
		First    string `json:"first_name"`
		Last     string `json:"last_name"`
		Language string `json:"language_code"`
	}

	wireChat struct {
		ID int64 `json:"id"`
	}

	wireFile struct {
		ID     string `json:"file_id"`
		Unique string `json:"file_unique_id"`
		Name   string `json:"file_name"`
		Media  string `json:"mime_type"`
		Bytes  int64  `json:"file_size"`
		Width  int64  `json:"width"`
		Height int64  `json:"height"`
	}

	wireContact struct {
		Number string `json:"phone_number"`
		User   int64  `json:"user_id"`
	}

	wireMessage struct {
		ID      int      `json:"message_id"`
		Date    int64    `json:"date"`
		Chat    wireChat `json:"chat"`
		From    wireUser `json:"from"`
		Text    string   `json:"text"`
		Caption string   `json:"caption"`
		Album   string   `json:"media_group_id"`

		Photo     []wireFile   `json:"photo"`
		Animation *wireFile    `json:"animation"` // comes with a document too
		Video     *wireFile    `json:"video"`
		Round     *wireFile    `json:"video_note"`
		Document  *wireFile    `json:"document"`
		Voice     *wireFile    `json:"voice"`
		Audio     *wireFile    `json:"audio"`
		Sticker   *wireFile    `json:"sticker"`
		Contact   *wireContact `json:"contact"`
		Location  *struct{}    `json:"location"` // comes with a venue too

		MigrateTo   int64 `json:"migrate_to_chat_id"`
		MigrateFrom int64 `json:"migrate_from_chat_id"`
	}

	wireTap struct {
		ID      string      `json:"id"`
		From    wireUser    `json:"from"`
		Message wireMessage `json:"message"` // date 0: not accessible any more
		Data    string      `json:"data"`
	}

	wireMember struct {
		Status string `json:"status"`
		Member bool   `json:"is_member"` // of "restricted"
	}

	wireMembership struct {
		Chat wireChat   `json:"chat"`
		From wireUser   `json:"from"`
		Date int64      `json:"date"`
		Old  wireMember `json:"old_chat_member"`
		New  wireMember `json:"new_chat_member"`
	}
)

// from is a person as the bot sees them.
func (u wireUser) from() talk.From {
	return talk.From{
		ID: u.ID, Name: strings.TrimSpace(clean(u.First + " " + u.Last)),
		Language: clean(u.Language), Bot: u.Bot,
	}
}

// file is a file as the bot sees it.
func (f *wireFile) file() *talk.File {
	return &talk.File{ID: clean(f.ID), Unique: clean(f.Unique), Name: clean(f.Name), Media: clean(f.Media), Bytes: max(0, f.Bytes)}
}

// largest is the photo in its largest size; nil when there is none.
func (m *wireMessage) largest() (found *wireFile) {
	for i, size := range m.Photo {
		if found == nil || size.Width*size.Height >= found.Width*found.Height {
			found = &m.Photo[i]
		}
	}
	return found
}

// within says whether the bot is in the chat and may write there.
func (m wireMember) within() bool {
	switch m.Status {
	case "left", "kicked":
		return false
	case "restricted":
		return m.Member
	}
	return true
}
