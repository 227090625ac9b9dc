package simulator

import (
	"cmp"
	"context"
)

// about is what a bot says of itself in one language: in the chat's title,
// before the Start button, on its page.
type about struct{ name, description, short string }

// Limits of these, in characters (python-telegram-bot's constants).
const (
	nameMax        = 64
	descriptionMax = 512
	shortMax       = 120
)

func (s *Server) setMyName(_ context.Context, b *bot, a args) (any, error) {
	return s.setAbout(b, a, "name", nameMax, bad("BOT_TITLE_INVALID"), func(t *about, text string) { t.name = text })
}

func (s *Server) setMyDescription(_ context.Context, b *bot, a args) (any, error) {
	return s.setAbout(b, a, "description", descriptionMax, bad("description is too long"), func(t *about, text string) { t.description = text })
}

func (s *Server) setMyShortDescription(_ context.Context, b *bot, a args) (any, error) {
	return s.setAbout(b, a, "short_description", shortMax, bad("short description is too long"), func(t *about, text string) { t.short = text })
}

// setAbout changes one of the texts in one language.
func (s *Server) setAbout(b *bot, a args, key string, limit int, long *refusal, change func(*about, string)) (any, error) {
	language := a.str("language_code")
	switch {
	case !languageCode(language):
		return nil, errLanguage
	case units(a.str(key)) > limit:
		return nil, long
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := b.about[language]
	change(&t, a.str(key))
	b.about[language] = t
	s.touchBot(b)
	return true, nil
}

// languageCode says whether it is empty or two small letters, as ISO 639-1.
func languageCode(code string) bool {
	return code == "" || len(code) == 2 && code[0] >= 'a' && code[0] <= 'z' && code[1] >= 'a' && code[1] <= 'z'
}

// aboutFor is what a person reads of the bot: in their language, else the default.
func (b *bot) aboutFor(p *person) about {
	own, rest := b.about[p.LanguageCode], b.about[""]
	return about{
		name:        cmp.Or(own.name, rest.name),
		description: cmp.Or(own.description, rest.description),
		short:       cmp.Or(own.short, rest.short),
	}
}

// DescriptionOf is what a person reads of a bot before they begin, and on its page.
func (s *Server) DescriptionOf(botToken string, userID int64) (description, short string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ph, err := s.phone(botToken, userID)
	if err != nil {
		return "", ""
	}
	about := ph.b.aboutFor(ph.p)
	return about.description, about.short
}
