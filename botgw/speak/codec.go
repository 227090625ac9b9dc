package speak

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"ukbot/botgw/talk"
)

// dataMax is Telegram's limit of callback data, in bytes (core.telegram.org/bots/api#inlinekeyboardbutton).
const dataMax = 64

// Idle is the Do of a button that only shows something, like the number of a
// page: that of the zero Call. A tap on it wants no answer but the empty one.
const Idle = "noop"

// errData says that callback data is none of ours.
var errData = errors.New("callback data that no button of ours has")

// What stands between the parts of a call, and what in a part stands for what
// it may not hold:
//
//	rv:251007-001              do and args, as they are
//	~.  ~~  ~x0a               in a part: colon, tilde, a byte that is no text
//	~uAZn3… (22 characters)    a part that is a UUID
//	~                          as the whole: what was asked for is lost
//	~= and 22 characters       as the whole: a token (tokens.go)
const (
	separator = ':'
	escape    = '~'
	escColon  = '.'
	escByte   = 'x'
	escUUID   = 'u'
)

// uuidText is the length of a UUID's 16 bytes in base64url.
const uuidText = 22

// encode writes a call as text. It may be longer than Telegram allows.
func encode(c talk.Call) string {
	if c.Do == "" && len(c.Args) == 0 {
		return Idle
	}
	var b strings.Builder
	writePart(&b, c.Do)
	for _, arg := range c.Args {
		b.WriteByte(separator)
		if id, err := uuid.Parse(arg); err == nil && id.String() == arg {
			b.WriteString("~u" + base64.RawURLEncoding.EncodeToString(id[:]))
			continue
		}
		writePart(&b, arg)
	}
	return b.String()
}

// writePart writes one part so that it is valid UTF-8 without separators.
func writePart(b *strings.Builder, part string) {
	for part != "" {
		r, size := utf8.DecodeRuneInString(part)
		switch {
		case r == separator:
			b.WriteString("~.")
		case r == escape:
			b.WriteString("~~")
		case r == utf8.RuneError && size == 1, r < ' ', r == 0x7f:
			b.WriteString("~x" + hex.EncodeToString([]byte{part[0]}))
		default:
			b.WriteString(part[:size])
		}
		part = part[size:]
	}
}

// decode reads what encode wrote; anything else is errData.
func decode(data string) (talk.Call, error) {
	var parts []string
	for part := range strings.SplitSeq(data, string(separator)) {
		text, ok := readPart(part)
		if !ok {
			return talk.Call{}, errData
		}
		parts = append(parts, text)
	}
	if parts[0] == "" {
		return talk.Call{}, errData
	}
	return talk.Call{Do: parts[0], Args: parts[1:]}, nil
}

// readPart undoes writePart.
func readPart(part string) (string, bool) {
	if text, ok := strings.CutPrefix(part, "~u"); ok {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil || len(text) != uuidText {
			return "", false
		}
		return uuid.UUID(raw).String(), true
	}
	var b strings.Builder
	for {
		plain, rest, found := strings.Cut(part, string(escape))
		b.WriteString(plain)
		if !found {
			return b.String(), true
		}
		char, width := unescape(rest)
		if width == 0 {
			return "", false
		}
		b.WriteByte(char)
		part = rest[width:]
	}
}

// unescape is the byte that what follows a tilde stands for, and how much of it
// was read; 0 for nothing we write.
func unescape(s string) (char byte, width int) {
	switch {
	case s == "":
	case s[0] == escape:
		return escape, 1
	case s[0] == escColon:
		return separator, 1
	case s[0] == escByte && len(s) >= 3:
		if raw, err := hex.DecodeString(s[1:3]); err == nil {
			return raw[0], 3
		}
	}
	return 0, 0
}
