package updates

import (
	"encoding/json"
	"strings"
	"time"
	"unicode"

	"ukbot/botgw/talk"
)

// readMessage reads what somebody wrote or sent.
func readMessage(body json.RawMessage, to Receiver, u *talk.Update) bool {
	m := lenient[wireMessage](body)
	u.Chat, u.From, u.Message, u.Sent = m.Chat.ID, m.From.from(), m.ID, unix(m.Date)
	u.Text, u.Album = clean(m.Text), clean(m.Album)
	if u.Text == "" {
		u.Text = clean(m.Caption)
	}
	switch {
	case m.MigrateTo != 0:
		u.Kind, u.MigratedTo = talk.Migrated, m.MigrateTo
		return true
	case m.MigrateFrom != 0: // the same, told in the new group
		u.Kind, u.Chat, u.MigratedTo = talk.Migrated, m.MigrateFrom, m.Chat.ID
		return true
	case u.From.ID == 0:
		return false // a channel speaks
	case m.Text != "":
		return readText(to, u)
	}
	u.Kind, u.File, u.Phone = content(&m)
	return u.Kind != talk.Other || !isService(body)
}

// content is what a message holds that is no text.
func content(m *wireMessage) (talk.Kind, *talk.File, *talk.Phone) {
	for _, c := range []struct {
		kind talk.Kind
		file *wireFile
	}{
		{talk.Photo, m.largest()},
		{talk.Video, m.Animation}, // before the document that comes with it
		{talk.Video, m.Video},
		{talk.Video, m.Round},
		{talk.Document, m.Document},
		{talk.Voice, m.Voice},
		{talk.Voice, m.Audio},
		{talk.Sticker, m.Sticker},
	} {
		if c.file != nil {
			return c.kind, c.file.file(), nil
		}
	}
	switch {
	case m.Contact != nil:
		own := m.Contact.User != 0 && m.Contact.User == m.From.ID
		return talk.Contact, nil, &talk.Phone{Number: clean(m.Contact.Number), Own: own}
	case m.Location != nil:
		return talk.Location, nil, nil
	}
	return talk.Other, nil, nil
}

// services are the messages that nobody wrote: Telegram reports with them what
// became of the chat. What is not listed is taken for something to answer.
var services = []string{
	"new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo", "delete_chat_photo",
	"chat_owner_left", "chat_owner_changed", "group_chat_created", "supergroup_chat_created", "channel_chat_created",
	"message_auto_delete_timer_changed", "pinned_message", "chat_background_set", "boost_added", "write_access_allowed",
	"connected_website", "proximity_alert_triggered", "checklist_tasks_done", "checklist_tasks_added",
	"forum_topic_created", "forum_topic_edited", "forum_topic_closed", "forum_topic_reopened",
	"general_forum_topic_hidden", "general_forum_topic_unhidden", "poll_option_added", "poll_option_deleted",
	"giveaway_created", "giveaway_completed", "direct_message_price_changed", "paid_message_price_changed",
	"video_chat_scheduled", "video_chat_started", "video_chat_ended", "video_chat_participants_invited",
}

// isService says whether a message is one of those.
func isService(body json.RawMessage) bool {
	fields := lenient[map[string]json.RawMessage](body)
	for _, name := range services {
		if _, there := fields[name]; there {
			return true
		}
	}
	return false
}

// readText tells a command from other text. A command to another bot is none
// here: in a group it is not even for this bot.
func readText(to Receiver, u *talk.Update) bool {
	u.Kind = talk.Text
	name, bot, argument, ok := command(u.Text)
	switch {
	case !ok:
	case bot == "" || to.Username == "" || strings.EqualFold(bot, to.Username):
		u.Kind, u.Command, u.Argument = talk.Command, name, argument
	default:
		return u.Private()
	}
	return true
}

// commandMax is the longest command, in characters (core.telegram.org/bots/api#botcommand).
const commandMax = 32

// command takes "/name@bot argument" apart. The argument begins at the first
// character that cannot belong to the name, as Telegram's own marking does.
func command(text string) (name, bot, argument string, ok bool) {
	if !strings.HasPrefix(text, "/") {
		return "", "", "", false
	}
	name, rest := word(text[1:])
	if name == "" || len(name) > commandMax {
		return "", "", "", false
	}
	if after, named := strings.CutPrefix(rest, "@"); named {
		if bot, rest = word(after); bot == "" {
			rest = "@" + after
		}
	}
	return strings.ToLower(name), bot, strings.TrimFunc(rest, unicode.IsSpace), true
}

// word is the letters, digits and underscores that s begins with, and the rest.
func word(s string) (string, string) {
	end := strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_'
	})
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end:]
}

// unixMax is the last second that JSON can write, of the year 9999.
const unixMax = 253402300799

// unix is a time of Telegram; the zero time where it gives none.
func unix(seconds int64) time.Time {
	if seconds <= 0 || seconds > unixMax {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// readTap reads a tap on a button. The message may be gone, or never have been
// in a chat (inline mode): then the person's own chat is where to answer.
func readTap(body json.RawMessage, _ Receiver, u *talk.Update) bool {
	t := lenient[wireTap](body)
	u.Kind, u.From, u.Query, u.Data = talk.Tap, t.From.from(), clean(t.ID), clean(t.Data)
	u.Chat, u.Message = t.Message.Chat.ID, t.Message.ID
	if u.Chat == 0 {
		u.Chat, u.Message = t.From.ID, 0
	}
	return u.From.ID != 0 && u.Query != ""
}

// readMembership reads that the bot may write in a chat again, or may not any more.
func readMembership(body json.RawMessage, _ Receiver, u *talk.Update) bool {
	m := lenient[wireMembership](body)
	u.Chat, u.From, u.Sent = m.Chat.ID, m.From.from(), unix(m.Date)
	was, is := m.Old.within(), m.New.within()
	switch {
	case m.New.Status == "" || was == is && m.Old.Status != "":
		return false // another right, not another state
	case is:
		u.Kind = talk.Returned
	default:
		u.Kind = talk.Blocked
	}
	return true
}
