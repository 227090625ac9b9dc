package talk

import "time"

// Kind is what somebody did.
type Kind string

// The kinds of updates. What is none of these is not asked of Telegram.
const (
	Text     Kind = "text"
	Command  Kind = "command" // a text that begins with /name; Update.Command and Argument hold its parts
	Tap      Kind = "tap"     // a button below a message; Update.Data is its callback data
	Photo    Kind = "photo"
	Document Kind = "document"
	Video    Kind = "video" // also round ones and animations
	Voice    Kind = "voice" // also audio files
	Sticker  Kind = "sticker"
	Contact  Kind = "contact"
	Location Kind = "location" // also venues
	Other    Kind = "other"    // polls, dice, games and what Telegram invents next
	Blocked  Kind = "blocked"  // the person blocked the bot, or a group put it out
	Returned Kind = "returned" // the person unblocked it, or a group took it in
	Migrated Kind = "migrated" // a group became a supergroup: MigratedTo
)

// Update is one update of Telegram. Texts are valid UTF-8 without NUL.
type Update struct {
	Bot     int64 // the bot's id, the public half of its token
	Tenant  string
	ID      int64 // update_id: unique for a bot within a week of traffic
	Kind    Kind
	Chat    int64 // negative: a group
	From    From  // who did it
	Sent    time.Time
	Message int // of a tap: the message with the button; else the person's own message

	Text       string // text or caption
	Command    string // lower case, without slash and @bot
	Argument   string // what follows the command
	Query      string // of a tap: what answerCallbackQuery wants; empty otherwise
	Data       string // of a tap: the button's callback data
	Album      string // media_group_id: several photos sent as one
	File       *File
	Phone      *Phone
	MigratedTo int64
}

// Private says whether the chat is a person's own.
func (u Update) Private() bool { return u.Chat > 0 }

// From is a person as Telegram shows them.
type From struct {
	ID       int64
	Name     string // first and last
	Language string // Telegram's language_code, "" when it gave none
	Bot      bool
}

// File is a photo (its largest size), document, video or voice.
type File struct {
	ID     string // to fetch it with this bot
	Unique string // the same for every bot, for ever
	Name   string // "" for photos
	Media  string // "" for photos
	Bytes  int64  // 0 when Telegram does not say
}

// Phone is a shared contact.
type Phone struct {
	Number string // as Telegram sent it, with or without +
	Own    bool   // the sender's own, by Telegram's word
}
