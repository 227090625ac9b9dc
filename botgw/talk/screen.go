package talk

// Screen is what a person is shown: a text and the buttons below it.
type Screen struct {
	Text   string // Telegram's HTML, from a words.Book, which escapes what goes into it
	Rows   [][]Button
	Menu   *Menu   // a keyboard in place of the letters; nil leaves the one that is there. Excludes Rows
	Photos []Image // shown with the text as caption of the first; only in a new message
}

// Button is below a message. It has a Call or a URL.
type Button struct {
	Text string // plain
	Call Call
	URL  string
}

// Call is what a tap asks for: who answers it, and with what. It is encoded
// into the 64 bytes of callback data when it is sent; what does not fit waits in
// a bucket behind a token.
type Call struct {
	Do   string // a Route's Do: two to four lower-case letters
	Args []string
}

// Menu is a reply keyboard. A menu without rows takes the keyboard away.
type Menu struct {
	Rows        [][]Key
	Placeholder string // in the empty input field, at most 64 characters
	Once        bool   // folds after one use
}

// Key is one key of a Menu: its text is what the person "writes" by pressing it.
type Key struct {
	Text     string
	AskPhone bool
	AskPlace bool
}

// Image is a picture to show: Telegram's id of one, or its bytes.
type Image struct {
	FileID string
	Name   string
	Data   []byte
}

// Way is how an answer reaches the person.
type Way int

const (
	// Auto edits the message whose button was tapped, and sends a new one after
	// anything else. A message that cannot be edited any more is replaced.
	Auto Way = iota
	// New is always a message of its own.
	New
	// Edit changes the message Out.Message; where that is gone, a new one.
	Edit
	// Toast is the short word that answers a tap; after anything else it is a message.
	Toast
	// Alert is a Toast that must be closed.
	Alert
	// Typing shows that the bot is at work, for 5 s. It is sent at once.
	Typing
	// Unkey takes the buttons from the message Out.Message.
	Unkey
)

// Out is one answer of a turn.
type Out struct {
	Way     Way
	Screen  Screen
	Message int               // for Edit and Unkey
	Shown   func(message int) // told the id of the message that now shows the screen, if not nil
}
