package simulator

import "context"

// method does one Bot API method and returns its result or a *refusal.
type method func(*Server, context.Context, *bot, args) (any, error)

// methods is all this server can do, by lower-case name: Telegram does not look
// at case. Any other name is "method not found".
var methods = map[string]method{
	"getme": (*Server).getMe,

	"getupdates":     (*Server).getUpdates,
	"setwebhook":     (*Server).setWebhook,
	"deletewebhook":  (*Server).deleteWebhook,
	"getwebhookinfo": (*Server).getWebhookInfo,

	"sendmessage":            (*Server).sendMessage,
	"sendphoto":              (*Server).sendPhoto,
	"senddocument":           (*Server).sendDocument,
	"sendmediagroup":         (*Server).sendMediaGroup,
	"getfile":                (*Server).getFile,
	"sendchataction":         (*Server).sendChatAction,
	"editmessagetext":        (*Server).editMessageText,
	"editmessagereplymarkup": (*Server).editMessageReplyMarkup,
	"editmessagecaption":     (*Server).editMessageCaption,
	"editmessagemedia":       (*Server).editMessageMedia,
	"deletemessage":          (*Server).deleteMessage,
	"deletemessages":         (*Server).deleteMessages,
	"answercallbackquery":    (*Server).answerCallbackQuery,

	"setmyname":             (*Server).setMyName,
	"setmydescription":      (*Server).setMyDescription,
	"setmyshortdescription": (*Server).setMyShortDescription,

	"setmycommands":     (*Server).setMyCommands,
	"getmycommands":     (*Server).getMyCommands,
	"deletemycommands":  (*Server).deleteMyCommands,
	"setchatmenubutton": (*Server).setChatMenuButton,
	"getchatmenubutton": (*Server).getChatMenuButton,
	"getchat":           (*Server).getChat,
}
