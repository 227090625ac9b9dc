package telegram

import (
	"context"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"
)

// Scopes of command lists. Telegram shows the most exact one that is set: a
// chat's, then that of all private chats, each first in the person's language.
// A scope is what is shown, never what is allowed.

// ScopeChat is the list of one chat.
func ScopeChat(chatID int64) tgbotapi.BotCommandScope { return tgbotapi.NewBotCommandScopeChat(chatID) }

// ScopePrivate is the list of all private chats without one of their own.
func ScopePrivate() tgbotapi.BotCommandScope { return tgbotapi.NewBotCommandScopeAllPrivateChats() }

// SetCommands sets the list of a scope in a language, "" for every language
// without one of its own.
func (b *Bot) SetCommands(
	ctx context.Context, scope tgbotapi.BotCommandScope, language string, commands []tgbotapi.BotCommand,
) error {
	p := tgbotapi.Params{}
	p.AddNonEmpty("language_code", language)
	if commands == nil {
		commands = []tgbotapi.BotCommand{} // null is no list
	}
	if err := addJSON(p, "commands", commands); err != nil {
		return err
	}
	if err := addJSON(p, "scope", scope); err != nil {
		return err
	}
	return b.do(ctx, "setMyCommands", p)
}

// DeleteCommands takes the list of a scope in a language away.
func (b *Bot) DeleteCommands(ctx context.Context, scope tgbotapi.BotCommandScope, language string) error {
	p := tgbotapi.Params{}
	p.AddNonEmpty("language_code", language)
	if err := addJSON(p, "scope", scope); err != nil {
		return err
	}
	return b.do(ctx, "deleteMyCommands", p)
}

// SetDescription sets what stands in a chat with the bot before it is begun, in a
// language, "" for every language without one of its own.
func (b *Bot) SetDescription(ctx context.Context, language, text string) error {
	p := tgbotapi.Params{"description": text}
	p.AddNonEmpty("language_code", language)
	return b.do(ctx, "setMyDescription", p)
}

// SetShortDescription does so with what stands on the bot's page and in links to it.
func (b *Bot) SetShortDescription(ctx context.Context, language, text string) error {
	p := tgbotapi.Params{"short_description": text}
	p.AddNonEmpty("language_code", language)
	return b.do(ctx, "setMyShortDescription", p)
}
