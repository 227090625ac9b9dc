package simulator

import (
	"fmt"
	"strconv"
)

// refusal is an answer with ok=false.
type refusal struct {
	code       int
	text       string
	parameters *parameters
}

// parameters tells a machine how to go on after some refusals.
type parameters struct {
	RetryAfter      int   `json:"retry_after,omitempty"` // seconds
	MigrateToChatID int64 `json:"migrate_to_chat_id,omitempty"`
}

func (r *refusal) Error() string { return r.text }

// The texts are Telegram's, word for word: programs match on them.
var (
	errUnauthorized = &refusal{code: 401, text: "Unauthorized"}
	errNotFound     = &refusal{code: 404, text: "Not Found"}
	errMethod       = &refusal{code: 404, text: "Not Found: method not found"}
	errBodyTooBig   = &refusal{code: 413, text: "Request Entity Too Large"}

	errHookActive = &refusal{code: 409, text: "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"}
	errOtherPoll  = &refusal{code: 409, text: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"}
	errHookSet    = &refusal{code: 409, text: "Conflict: terminated by setWebhook request"}

	errBlocked     = &refusal{code: 403, text: "Forbidden: bot was blocked by the user"}
	errDeactivated = &refusal{code: 403, text: "Forbidden: user is deactivated"}
	errNotStarted  = &refusal{code: 403, text: "Forbidden: bot can't initiate conversation with a user"}
	errKicked      = &refusal{code: 403, text: "Forbidden: bot was kicked from the group chat"}

	errBody         = bad("can't parse request body")
	errJSON         = bad("can't parse JSON-encoded request")
	errUTF8         = bad("strings must be encoded in UTF-8")
	errChatEmpty    = bad("chat_id is empty")
	errChat         = bad("chat not found")
	errTextEmpty    = bad("message text is empty")
	errTextBlank    = bad("text must be non-empty")
	errTooLong      = bad("message is too long")
	errCaption      = bad("message caption is too long")
	errParseMode    = bad("unsupported parse_mode")
	errNoMessageID  = bad("message identifier is not specified")
	errEditNotFound = bad("message to edit not found")
	errCantEdit     = bad("message can't be edited")
	errNoText       = bad("there is no text in the message to edit")
	errNotModified  = bad("message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message")
	errNoDelete     = bad("message to delete not found")
	errCantDelete   = bad("message can't be deleted for everyone")
	errNoReply      = bad("message to be replied not found")
	errQuery        = bad("query is too old and response timeout expired or query ID is invalid")
	errAlertLong    = bad("MESSAGE_TOO_LONG")
	errButtonData   = bad("BUTTON_DATA_INVALID")
	errMarkupLong   = bad("reply markup is too long")
	errMarkupJSON   = bad("can't parse reply keyboard markup JSON object")
	errMarkupObject = bad("object expected as reply markup")
	errButtonObject = bad("can't parse inline keyboard button: Inline keyboard button must be an Object")
	errButtonKind   = bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
	errAction       = bad("wrong parameter action in request")
	errNoPhoto      = bad("there is no photo in the request")
	errNoDocument   = bad("there is no document in the request")
	errFileID       = bad("wrong file identifier/HTTP URL specified")
	errFetch        = bad("failed to get HTTP URL content")
	errImage        = bad("IMAGE_PROCESS_FAILED")
	errFileBig      = bad("file is too big")
	errLanguage     = bad("invalid language code specified")
	errNoMessageIDs = bad("message identifiers are not specified")
	errPlaceholder  = bad("INPUT_FIELD_PLACEHOLDER_INVALID") // Telegram documents the limit, not the words
	errInlineOnly   = bad("inline keyboard expected")
	errNoCaption    = bad("there is no caption in the message to edit")
	errNoFileID     = bad("file_id not specified")
	errBadFileID    = bad("invalid file_id")
	errMediaJSON    = bad("can't parse media JSON object")
	errMediaType    = bad("can't parse InputMedia: media type is unsupported")
	errNoMedia      = bad("can't parse InputMedia: media not found")
	errAlbumLong    = bad("too many messages to send as an album")
	errAlbumShort   = bad("there are no messages to send as an album") // Telegram takes one, though its documentation says 2–10
	errAlbumMix     = bad("message type can't be sent as an album with the others")
)

// bad is a refusal with code 400.
func bad(format string, args ...any) *refusal {
	return &refusal{code: 400, text: "Bad Request: " + fmt.Sprintf(format, args...)}
}

// unparsable is the refusal of a text whose markup is wrong.
func unparsable(format string, args ...any) *refusal {
	return bad("can't parse entities: "+format, args...)
}

// tooMany is Telegram's answer to a flood.
func tooMany(seconds int) *refusal {
	return &refusal{
		code:       429,
		text:       fmt.Sprintf("Too Many Requests: retry after %d", seconds),
		parameters: &parameters{RetryAfter: seconds},
	}
}

// migrated is the answer to a call to a group that became a supergroup.
func migrated(to int64) *refusal {
	r := bad("group chat was upgraded to a supergroup chat")
	r.parameters = &parameters{MigrateToChatID: to}
	return r
}

func itoa(n int) string { return strconv.Itoa(n) }
